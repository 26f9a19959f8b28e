"""From method and path to operation.

Law: paths come from `service.operations`; this knows none of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any
from urllib.parse import unquote

import msgspec

from ..service.operations import Operation
from .refusals import Refusal

_VERBS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
_PARAMETER = "{}"


class Route(msgspec.Struct, frozen=True):
    """What a request is for: an operation and the parameters in its path."""

    operation: Operation[Any]
    params: dict[str, str]


class _Node:
    """A place in the tree of paths; `operations` by method."""

    __slots__ = ("children", "operations", "patterns", "rest")

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.patterns: dict[re.Pattern[str], _Node] = {}
        """For parts that hold parameters beside fixed text, as a certificate's does."""
        self.operations: dict[str, Operation[Any]] = {}
        self.rest = False
        """Whether the last parameter takes the rest of the path with its slashes: the path of a file."""

    def match(self, part: str) -> tuple[_Node | None, list[str]]:
        """Where a part of a path leads by its pattern, and the values of the parameters in it."""
        for pattern, node in self.patterns.items():
            if found := pattern.fullmatch(part):
                return node, [unquote(value) for value in found.groups()]
        return None, []


class Router:
    """The tree of all paths."""

    def __init__(self, operations: Iterable[Operation[Any]]) -> None:
        self._root = _Node()
        for operation in operations:
            self._add(operation)

    def _add(self, operation: Operation[Any]) -> None:
        node = self._root
        for part in _parts(operation.path):
            if "{" in part.removeprefix("{"):
                node = node.patterns.setdefault(_pattern(part), _Node())
            else:
                node = node.children.setdefault(_PARAMETER if part.startswith("{") else part.lower(), _Node())
        node.operations[operation.method] = operation
        node.rest = operation.path.endswith("{filePath}")

    def find(self, method: str, path: str) -> Route:
        """The operation for a request; `path` as it stands in the request line. Raises `Refusal`."""
        if method not in _VERBS:
            raise Refusal("InvalidHttpVerb", (("Verb", method[:32]),))
        found = self._walk(path)
        if found is None:
            raise Refusal("ResourceNotFound", (("Reason", "The API has no such path"),))
        node, values = found
        operation = node.operations.get(method)
        if operation is None:
            allowed = ", ".join(sorted(node.operations))
            reason = f"The path takes {allowed}"
            raise Refusal("UnsupportedHttpVerb", (("Reason", reason),), headers={"Allow": allowed})
        return Route(operation, dict(zip(operation.parameters, values, strict=True)))

    def _walk(self, path: str) -> tuple[_Node, list[str]] | None:
        node, values = self._root, []
        parts = _parts(path)
        for index, part in enumerate(parts):
            fixed = node.children.get(part.lower())
            following = fixed or node.children.get(_PARAMETER)
            if following is None:
                following, found = node.match(part)
                values += found
                fixed = following
            if following is None or not part:
                return None
            if fixed is None:
                values.append(unquote("/".join(parts[index:]) if following.rest else part))
            node = following
            if node.rest and fixed is None:
                break
        return (node, values) if node.operations else None


@cache
def _pattern(part: str) -> re.Pattern[str]:
    fixed = re.split(r"\{\w+\}", part)
    return re.compile("([^,)]+)".join(re.escape(text) for text in fixed), re.IGNORECASE)


def _parts(path: str) -> list[str]:
    return path.removeprefix("/").split("/")
