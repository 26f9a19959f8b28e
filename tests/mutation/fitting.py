"""How a fault gets into a process that has imported the module already.

Law: only this process is changed, and only until it ends.
"""

from __future__ import annotations

import gc
import importlib.machinery
import inspect
import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
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


Functions = dict[tuple[str, str, int], list[FunctionType]]


def existing_functions() -> Functions:
    """All functions of ours that exist, by file, name and line.

    They are looked for once, before any fork: a fork that looks at all objects copies all memory. For the same reason
    a fork's garbage collector leaves alone what was there before it.
    """
    found: Functions = defaultdict(list)
    gc.collect()
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType):
            found[_place_of(thing.__code__)].append(thing)
    gc.freeze()
    return found


def _place_of(code: CodeType) -> tuple[str, str, int]:
    return code.co_filename, code.co_qualname, code.co_firstlineno


def swap(mutant: Mutant, functions: Functions) -> bool:
    """Give all functions that exist their mutated code; False where the module itself has to be made anew."""
    file = str(ROOT / mutant.path)
    old = _compiled(mutant.module.code, file)
    new = compile(mutant.source, file, "exec", dont_inherit=True)
    if shell_of(old) != shell_of(new):
        return False
    for before, after in zip(functions_of(old), functions_of(new), strict=True):
        if before.co_freevars != after.co_freevars:
            return False
        for function in functions.get(_place_of(before), ()) if before != after else ():
            function.__code__ = after
    return True


@cache
def _compiled(source: str, file: str) -> CodeType:
    return compile(source, file, "exec", dont_inherit=True)


def import_mutated(mutant: Mutant) -> None:
    """Forget all of our modules; the next import of the mutant's finds the fault in it."""
    for name, module in list(sys.modules.items()):
        if name != "__main__" and str(getattr(module, "__file__", None)).startswith(f"{ROOT}{os.sep}"):
            del sys.modules[name]
    file, read = str(ROOT / mutant.path), importlib.machinery.SourceFileLoader.get_code

    def get_code(loader: importlib.machinery.SourceFileLoader, name: str) -> CodeType | None:
        return compile(mutant.source, file, "exec", dont_inherit=True) if loader.path == file else read(loader, name)

    setattr(importlib.machinery.SourceFileLoader, "get_code", get_code)  # noqa: B010 - typed as read-only
