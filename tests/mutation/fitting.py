"""How a fault gets into a process that has imported the module already.

Law: only this process is changed, and only until it ends.
"""

from __future__ import annotations

import gc
import importlib.machinery
import inspect
import os
import sys
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

from faults import ROOT, Mutant


def functions_of(code: CodeType) -> Iterator[CodeType]:
    """The code of a module's functions and of its classes' methods, in order; what is inside these belongs to them."""
    for const in code.co_consts:
        if isinstance(const, CodeType):
            if const.co_flags & inspect.CO_OPTIMIZED:
                yield const
            else:
                yield from functions_of(const)


def shell_of(code: CodeType) -> tuple[Any, ...]:
    """What a module or class does when it is made, but for the code of functions."""
    parts = [const for const in code.co_consts if isinstance(const, CodeType)]
    inner = [shell_of(part) for part in parts if not part.co_flags & inspect.CO_OPTIMIZED]
    consts = [repr(const) for const in code.co_consts if not isinstance(const, CodeType)]
    return code.co_code, code.co_names, consts, inner


def swap(mutant: Mutant) -> bool:
    """Give all functions that exist their mutated code; False where the module itself has to be made anew."""
    file = str(ROOT / mutant.path)
    old = compile(mutant.module.code, file, "exec", dont_inherit=True)
    new = compile(mutant.source, file, "exec", dont_inherit=True)
    if shell_of(old) != shell_of(new):
        return False
    changed = {(a.co_qualname, a.co_firstlineno): b for a, b in zip(functions_of(old), functions_of(new), strict=True)}
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType) and (code := thing.__code__).co_filename == file:
            other = changed.get((code.co_qualname, code.co_firstlineno), code)
            if other.co_freevars != code.co_freevars:
                return False
            thing.__code__ = other
    return True


def import_mutated(mutant: Mutant) -> None:
    """Forget all of our modules; the next import of the mutant's finds the fault in it."""
    for name, module in list(sys.modules.items()):
        if name != "__main__" and str(getattr(module, "__file__", None)).startswith(f"{ROOT}{os.sep}"):
            del sys.modules[name]
    file, read = str(ROOT / mutant.path), importlib.machinery.SourceFileLoader.get_code

    def get_code(loader: importlib.machinery.SourceFileLoader, name: str) -> CodeType | None:
        return compile(mutant.source, file, "exec", dont_inherit=True) if loader.path == file else read(loader, name)

    setattr(importlib.machinery.SourceFileLoader, "get_code", get_code)  # noqa: B010 - typed as read-only
