"""What `--help` says of commands and options: the docstrings that stand in the package already.

Law: read from the source, only when somebody asks for help, and without importing it; without sources there are names
and no words.
"""

from __future__ import annotations

import ast
import functools
import inspect
import pkgutil
import re
from typing import TYPE_CHECKING, Any

from .names import names_of

if TYPE_CHECKING:
    from ...service.operations import Operation

_PACKAGE = __name__.partition(".")[0]


def about(operation: Operation[Any]) -> str:
    """What an operation does: the docstring of its method, without what it raises and without its example."""
    names = names_of(operation)
    found = _docstrings(f"{_PACKAGE}.resources.{names.resource}")
    text = inspect.cleandoc(found.get((operation.id.split("_")[0], names.method), "")).split(">>>")[0]
    return _spoken(re.sub(r"\s*(?:\bRaises\s+`.*|REST: .*)|; see `\w+`", "", text, flags=re.DOTALL).strip())


def of_field(owner: type, name: str) -> str:
    """What stands below a field of a class; empty where there is nothing."""
    return _in_one_line(_docstrings(owner.__module__).get((owner.__name__, name), ""))


def of_option(options: type, name: str) -> str:
    """What stands below an option: of the class itself, or of one of those that it is made of."""
    found = _docstrings(options.__module__)
    return next((_in_one_line(text) for (_, option), text in found.items() if option == name), "")


@functools.cache
def _docstrings(module: str) -> dict[tuple[str, str], str]:
    """Class and attribute or method -> its docstring."""
    try:
        source = pkgutil.get_data(_PACKAGE, "/".join(module.split(".")[1:]) + ".py")
    except OSError:
        source = None
    found: dict[tuple[str, str], str] = {}
    for kind in ast.parse(source or b"").body:
        if not isinstance(kind, ast.ClassDef):
            continue
        for node, below in zip(kind.body, [*kind.body[1:], None], strict=True):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found[kind.name, node.name] = ast.get_docstring(node) or ""
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(below, ast.Expr):
                text = below.value.value if isinstance(below.value, ast.Constant) else None
                if isinstance(text, str):
                    found[kind.name, node.target.id] = text
    return found


def _in_one_line(text: str) -> str:
    return _spoken(" ".join(text.split()))


def _spoken(text: str) -> str:
    """Names and values of Python as the command line has them: `page_size` is `page-size` there, `False` is `false`."""
    text = re.sub(r"`(?:True|False)`", lambda value: value[0].lower(), text)
    return re.sub(r"`[a-z]+(?:_[a-z]+)+`", lambda name: name[0].replace("_", "-"), text)
