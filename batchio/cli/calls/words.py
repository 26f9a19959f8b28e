"""What `--help` says of commands and options: the docstrings that stand in the package already.

Law: read from the source, only when somebody asks for help; without sources there are names and no words.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import re
from typing import TYPE_CHECKING, Any

from .names import names_of

if TYPE_CHECKING:
    from ...service.operations import Operation


def about(operation: Operation[Any]) -> str:
    """What an operation does: the docstring of its method, without what it raises and without its example."""
    names = names_of(operation)
    resource: Any = getattr(
        importlib.import_module(f"...resources.{names.resource}", __package__), operation.id.split("_")[0]
    )
    text = inspect.cleandoc(getattr(resource, names.method).__doc__ or "").split(">>>")[0]
    return _spoken(re.sub(r"\s*(?:\bRaises\s+`.*|REST: .*)|; see `\w+`", "", text, flags=re.DOTALL).strip())


def of_field(owner: type, name: str) -> str:
    """What stands below a field of a class; empty where there is nothing."""
    return _docstrings(owner.__module__).get((owner.__name__, name), "")


def of_option(options: type, name: str) -> str:
    """What stands below an option: of the class itself, or of one of those that it is made of."""
    found = _docstrings(options.__module__)
    return next((text for (_, option), text in found.items() if option == name), "")


@functools.cache
def _docstrings(module: str) -> dict[tuple[str, str], str]:
    """Class and attribute -> the string below it."""
    try:
        tree = ast.parse(inspect.getsource(importlib.import_module(module)))
    except (OSError, TypeError):
        return {}
    found: dict[tuple[str, str], str] = {}
    for node in tree.body:
        if not isinstance(node, ast.ClassDef):
            continue
        for field, below in zip(node.body, node.body[1:], strict=False):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(below, ast.Expr)
                and isinstance(below.value, ast.Constant)
                and isinstance(below.value.value, str)
            ):
                found[node.name, field.target.id] = _spoken(" ".join(below.value.value.split()))
    return found


def _spoken(text: str) -> str:
    """Names of Python as the command line has them: `page_size` is `page-size` there."""
    return re.sub(r"`[a-z0-9]+(?:_[a-z0-9]+)+`", lambda name: name[0].replace("_", "-"), text)
