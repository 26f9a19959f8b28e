"""The tree of a formula.

Law: values only; every node knows where it stands.
"""

from __future__ import annotations

import msgspec

from .failures import Position
from .values import Value


class Literal(msgspec.Struct, frozen=True):
    """A number, a text or a constant."""

    at: Position
    value: Value


class Name(msgspec.Struct, frozen=True):
    """A variable."""

    at: Position
    name: str


class Signed(msgspec.Struct, frozen=True):
    """Signs before an operand, the outermost first: `-` and `!` with their places."""

    at: Position
    signs: tuple[tuple[str, Position], ...]
    operand: Node


class Chain(msgspec.Struct, frozen=True):
    """`first` and the operators of one rank that follow it, each with its place and its right operand."""

    at: Position
    first: Node
    links: tuple[tuple[str, Position, Node], ...]


class Choice(msgspec.Struct, frozen=True):
    """`test ? value : test ? value : otherwise`."""

    at: Position
    cases: tuple[tuple[Node, Node], ...]
    otherwise: Node


class Call(msgspec.Struct, frozen=True):
    """`name(arguments)`; a vector in brackets is a call of `vec`."""

    at: Position
    name: str
    arguments: tuple[Node, ...]


class Sampling(msgspec.Struct, frozen=True):
    """`$Variable.Method(arguments)`."""

    at: Position
    variable: str
    method: str
    arguments: tuple[Node, ...]


class Member(msgspec.Struct, frozen=True):
    """`operand.name`: a part of a timestamp."""

    at: Position
    operand: Node
    name: str


Node = Literal | Name | Signed | Chain | Choice | Call | Sampling | Member


class Statement(msgspec.Struct, frozen=True):
    """`name = node`, or a node alone, whose value goes nowhere."""

    at: Position
    name: str | None
    node: Node


class Formula(msgspec.Struct, frozen=True):
    """The statements in their order."""

    statements: tuple[Statement, ...]
