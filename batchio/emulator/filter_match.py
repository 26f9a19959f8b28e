"""Filters at work: tree to test.

Law: what may be asked of a resource is a table of properties; asking anything else is refused before any resource
is looked at. Text compares without regard to letter case, as ids do; a property that is not there is equal to
null alone, unequal to all else, and neither above nor below anything.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from .filters import Compare, Every, FilterError, Literal, Not, Some, StartsWith, Tree, parse
from .refusals import bad_query

Test = Callable[[Any], bool]

TEXT = "text"
NUMBER = "number"
BOOL = "bool"
TIME = "time"
DURATION = "duration"

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_EQUALITY = ("eq", "ne")


class Property(msgspec.Struct, frozen=True):
    """A property that filters may name: its kind, how to read it, and, for an enum, the values it can have.

    `read` gives text in lower case, times and durations in ticks, and None where the property is not there.
    """

    kind: str
    read: Callable[[Any], Any]
    values: frozenset[str] | None = None


Properties = Mapping[str, Property]


class Filter(msgspec.Struct, frozen=True):
    """A filter that was understood: its test, and what every match must be equal to (lower case), for shortcuts.

    `terms` is how many comparisons a test takes at most.
    """

    test: Test
    equal: dict[str, str]
    terms: int


def read_filter(text: str, properties: Properties) -> Filter:
    """The filter of a request over these properties. Raises `Refusal`."""
    try:
        tree = parse(text)
        return Filter(compile_test(tree, properties), _equalities(tree), _terms(tree))
    except FilterError as error:
        raise bad_query("$filter", text, str(error)) from None


def compile_test(tree: Tree, properties: Properties) -> Test:
    """The test of a tree. Raises `FilterError`."""
    if isinstance(tree, Not):
        inner = compile_test(tree.term, properties)
        return lambda thing: not inner(thing)
    if isinstance(tree, Every):
        tests = [compile_test(term, properties) for term in tree.terms]
        return lambda thing: all(test(thing) for test in tests)
    if isinstance(tree, Some):
        tests = [compile_test(term, properties) for term in tree.terms]
        return lambda thing: any(test(thing) for test in tests)
    if isinstance(tree, StartsWith):
        return _prefix_test(tree, properties)
    return _comparison_test(tree, properties)


def _property(path: str, properties: Properties) -> Property:
    found = properties.get(path)
    if found is None:
        raise FilterError(f"{path} cannot be filtered by; {', '.join(sorted(properties))} can")
    return found


def _prefix_test(tree: StartsWith, properties: Properties) -> Test:
    wanted = _property(tree.path, properties)
    if wanted.kind != TEXT or wanted.values is not None:
        raise FilterError(f"startswith does not go with {tree.path}")
    read, prefix = wanted.read, tree.prefix.lower()
    return lambda thing: (found := read(thing)) is not None and found.startswith(prefix)


def _comparison_test(tree: Compare, properties: Properties) -> Test:
    wanted = _property(tree.path, properties)
    read = wanted.read
    if tree.literal.kind == "null":
        if tree.operator not in _EQUALITY:
            raise FilterError(f"{tree.operator} does not go with null")
        present = tree.operator == "ne"
        return lambda thing: (read(thing) is not None) is present
    value = _value(tree, wanted)
    compare = _OPERATORS[tree.operator]
    absent = tree.operator == "ne"
    return lambda thing: absent if (found := read(thing)) is None else compare(found, value)


def _value(tree: Compare, wanted: Property) -> Any:
    literal: Literal = tree.literal
    if literal.kind != wanted.kind:
        raise FilterError(f"{tree.path} is a {wanted.kind}, not a {literal.kind}")
    if tree.operator not in _EQUALITY and (wanted.kind == BOOL or wanted.values is not None):
        raise FilterError(f"{tree.operator} does not go with {tree.path}")
    if not isinstance(literal.value, str):
        return literal.value
    value = literal.value.lower()
    if wanted.values is not None and value not in wanted.values:
        raise FilterError(f"invalid {tree.path.rpartition('/')[2]}")
    return value


def _terms(tree: Tree) -> int:
    if isinstance(tree, Not):
        return _terms(tree.term)
    return sum(map(_terms, tree.terms)) if isinstance(tree, Every | Some) else 1


def _equalities(tree: Tree) -> dict[str, str]:
    terms = tree.terms if isinstance(tree, Every) else (tree,)
    return {
        term.path: term.literal.value.lower()
        for term in terms
        if isinstance(term, Compare) and term.operator == "eq" and isinstance(term.literal.value, str)
    }
