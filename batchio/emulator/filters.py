"""The `$filter` language: text to tree.

Law: any text gives a tree or a `FilterError`, in time and depth that have a bound.

    either     = both { "or" both }
    both       = term { "and" term }
    term       = "not" term | "(" either ")" | "startswith" "(" property "," text ")" | property [ operator literal ]
    operator   = "eq" | "ne" | "gt" | "ge" | "lt" | "le"
    literal    = 'text' | number | true | false | null | datetime'...' | duration'...'
"""

from __future__ import annotations

import re
from typing import NoReturn

import msgspec

from . import ticks

MAX_LENGTH = 10_000
MAX_DEPTH = 32
"""How deep parentheses and `not` may nest."""

OPERATORS = frozenset({"eq", "ne", "gt", "ge", "lt", "le"})

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<typed>(?:datetime|duration)'(?:[^']|'')*')
      | (?P<text>'(?:[^']|'')*')
      | (?P<number>[+-]?\d{1,18}(?:\.\d{1,18})?(?![\w.]))
      | (?P<name>[A-Za-z_]\w{0,63}(?:/[A-Za-z_]\w{0,63}){0,4}(?![\w/]))
      | (?P<sign>[(),])
    )""",
    re.VERBOSE | re.ASCII | re.IGNORECASE,
)
_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


class FilterError(ValueError):
    """The filter is not right; the message says why and where."""


class Literal(msgspec.Struct, frozen=True):
    """A value: `kind` is text, number, bool, time, duration or null; times and durations are in ticks."""

    kind: str
    value: str | float | bool | None


class Compare(msgspec.Struct, frozen=True):
    """`property operator literal`."""

    path: str
    operator: str
    literal: Literal


class StartsWith(msgspec.Struct, frozen=True):
    """`startswith(property, 'text')`."""

    path: str
    prefix: str


class Not(msgspec.Struct, frozen=True):
    """`not term`."""

    term: Tree


class Every(msgspec.Struct, frozen=True):
    """Terms with `and` between them."""

    terms: tuple[Tree, ...]


class Some(msgspec.Struct, frozen=True):
    """Terms with `or` between them."""

    terms: tuple[Tree, ...]


Tree = Compare | StartsWith | Not | Every | Some


def parse(text: str) -> Tree:
    """The tree of a filter. Raises `FilterError`.

    >>> parse("state eq 'active'")
    Compare(path='state', operator='eq', literal=Literal(kind='text', value='active'))
    """
    if len(text) > MAX_LENGTH:
        raise FilterError(f"The filter has more than {MAX_LENGTH} characters")
    parser = _Parser(_tokens(text))
    tree = parser.either(0)
    parser.expect("end")
    return tree


def _tokens(text: str) -> list[tuple[str, str, int]]:
    """Kind, text and place of every token; a sign is its own kind."""
    tokens: list[tuple[str, str, int]] = []
    place = 0
    end = len(text.rstrip())
    while place < end:
        found = _TOKEN.match(text, place)
        if found is None:
            raise FilterError(f"Cannot read the filter from character {place + 1} on")
        kind = found.lastgroup or ""
        token = found[kind]
        tokens.append((token if kind == "sign" else kind, token, found.start(kind)))
        place = found.end()
    tokens.append(("end", "the end", end))
    return tokens


class _Parser:
    """Recursive descent over the tokens; `depth` counts what nests."""

    def __init__(self, tokens: list[tuple[str, str, int]]) -> None:
        self._tokens = tokens
        self._next = 0

    def either(self, depth: int) -> Tree:
        terms = [self._both(depth)]
        while self._take_word("or"):
            terms.append(self._both(depth))
        return terms[0] if len(terms) == 1 else Some(tuple(terms))

    def _both(self, depth: int) -> Tree:
        terms = [self._term(depth)]
        while self._take_word("and"):
            terms.append(self._term(depth))
        return terms[0] if len(terms) == 1 else Every(tuple(terms))

    def _term(self, depth: int) -> Tree:
        if depth > MAX_DEPTH:
            raise FilterError(f"The filter nests deeper than {MAX_DEPTH}")
        if self._take_word("not"):
            return Not(self._term(depth + 1))
        if self._kind() == "(":
            self._next += 1
            tree = self.either(depth + 1)
            self.expect(")")
            return tree
        path = self.expect("name")
        if path == "startswith" and self._kind() == "(":
            return self._starts_with()
        return self._comparison(path)

    def _starts_with(self) -> Tree:
        self.expect("(")
        path = self.expect("name")
        self.expect(",")
        prefix = _unquoted(self.expect("text"))
        self.expect(")")
        return StartsWith(path, prefix)

    def _comparison(self, path: str) -> Tree:
        kind, token, _ = self._tokens[self._next]
        if kind != "name" or token in ("and", "or"):
            # A property that is true or false stands for itself.
            return Compare(path, "eq", Literal(kind="bool", value=True))
        if token not in OPERATORS:
            self._fail("an operator (eq, ne, gt, ge, lt, le)")
        self._next += 1
        return Compare(path, token, self._literal())

    def _literal(self) -> Literal:
        kind, token, _ = self._tokens[self._next]
        if kind not in ("typed", "text", "number") and token not in _CONSTANTS:
            self._fail("a value")
        self._next += 1
        if kind == "text":
            return Literal("text", _unquoted(token))
        if kind == "number":
            return Literal("number", float(token) if "." in token else int(token))
        if kind == "typed":
            return _typed(token)
        value = _CONSTANTS[token]
        return Literal("null" if value is None else "bool", value)

    def expect(self, kind: str) -> str:
        found, token, _ = self._tokens[self._next]
        if found != kind:
            self._fail("a property" if kind == "name" else f"{kind!r}" if len(kind) == 1 else kind)
        self._next += 1
        return token

    def _kind(self) -> str:
        return self._tokens[self._next][0]

    def _take_word(self, word: str) -> bool:
        kind, token, _ = self._tokens[self._next]
        if kind == "name" and token == word:
            self._next += 1
            return True
        return False

    def _fail(self, expected: str) -> NoReturn:
        _, token, place = self._tokens[self._next]
        raise FilterError(f"Expected {expected} at character {place + 1}, found {token}")


def _unquoted(token: str) -> str:
    return token[1:-1].replace("''", "'")


def _typed(token: str) -> Literal:
    word, _, quoted = token.partition("'")
    text = quoted.removesuffix("'")
    try:
        if word.lower() == "datetime":
            return Literal("time", ticks.read_time(text))
        return Literal("duration", ticks.read_duration(text))
    except ValueError as error:
        raise FilterError(f"{token} is {error}") from None
