"""Text to tokens.

Law: any text gives tokens, each with its place, or a `FormulaError`, in time that grows as the text does.
"""

from __future__ import annotations

import re
from bisect import bisect_right

import msgspec

from .failures import SYNTAX, TOO_LONG, FormulaError, Position

MAX_LENGTH = 8192
"""How many characters a formula may have."""

_TOKEN = re.compile(
    r"""
        (?P<space>(?:\s|//[^\r\n]*)+)
      | (?P<number>(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![\w$.]))
      | (?P<name>\$?[A-Za-z_]\w*)
      | (?P<text>"[^"\r\n]*")
      | (?P<sign>&&|\|\||[<>=!]=|[-+*/<>=!?:;,.()\[\]])
    """,
    re.VERBOSE | re.ASCII,
)
_NUMBER = re.compile(r"[0-9.][\w.$]*", re.ASCII)
_LINE_END = re.compile(r"\r\n|\r|\n")


class Token(msgspec.Struct, frozen=True):
    """`kind` is number, name, text, end, or the sign itself; `text` is as written."""

    kind: str
    text: str
    at: Position

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else f"'{self.text}'"


def tokens_of(formula: str) -> list[Token]:
    """The tokens of a formula, without spaces and comments, with one at the end. Raises `FormulaError`."""
    starts = [0, *(found.end() for found in _LINE_END.finditer(formula))]

    def position(offset: int) -> Position:
        line = bisect_right(starts, offset)
        return Position(line, offset - starts[line - 1] + 1)

    if len(formula) > MAX_LENGTH:
        message = f"The formula has {len(formula)} characters; it may have {MAX_LENGTH}"
        raise FormulaError(TOO_LONG, message, position(MAX_LENGTH))
    tokens: list[Token] = []
    offset = 0
    while offset < len(formula):
        found = _TOKEN.match(formula, offset)
        if found is None:
            raise FormulaError(SYNTAX, _unreadable(formula, offset), position(offset))
        kind = found.lastgroup or ""
        if kind != "space":
            tokens.append(Token(found[0] if kind == "sign" else kind, found[0], position(offset)))
        offset = found.end()
    tokens.append(Token("end", "", position(offset)))
    return tokens


def _unreadable(formula: str, offset: int) -> str:
    letter = formula[offset]
    if letter == '"':
        return "Expected '\"' at the end of the text, found the end of the line"
    if letter in "&|":
        return f"Expected '{letter}{letter}', found '{letter}'"
    if number := _NUMBER.match(formula, offset):
        return f"Expected a number, found '{number[0]}'"
    return f"Expected a name, a number, a text or an operator, found {letter!a}"
