"""Tokens to tree.

Law: any text gives a `Formula` or a `FormulaError`, in time and depth that have a bound. What can be wrong whatever
the samples are (an unknown function, a number of arguments, a variable that cannot be set) is found here.

    formula    = [ statement ] { ";" [ statement ] }
    statement  = [ name "=" ] expression
    expression = operation { "?" expression ":" operation }
    operation  = operand { operator operand }
    operand    = { "-" | "!" } primary [ "." name "(" list ")" ] [ "." name ]
    primary    = number | text | name [ "(" list ")" ] | "[" list "]" | "(" expression ")"
    list       = [ expression { "," expression } ]

Operators bind as in C: `* /`, `+ -`, `< <= > >=`, `== !=`, `&&`, `||`, each from the left, and `?:` last.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from .failures import SYNTAX, FormulaError, Position
from .functions import FUNCTIONS, MANY
from .lexer import Token, tokens_of
from .operators import RANKS
from .sampling import METHODS
from .times import MEMBERS
from .tree import Call, Chain, Choice, Formula, Literal, Member, Name, Node, Sampling, Signed, Statement
from .values import INTERVALS, Value
from .variables import METRIC_ALIASES, METRICS, OPTIONS, not_to_be_set

MAX_DEPTH = 32
"""How deep parentheses, brackets, calls and choices may nest, and how many signs may follow each other."""

MAX_STATEMENTS = 100
"""How many statements a formula may have."""

_OPERATORS = frozenset(sign for rank in RANKS for sign in rank)
_CONSTANTS: dict[str, Value] = {**INTERVALS, **{word: word for word in OPTIONS}}
_VALUES = ("number", "text", "name", "(", "[", "-", "!")


def parse(formula: str) -> Formula:
    """The tree of a formula: what enabling and creating need, for neither has samples. Raises `FormulaError`.

    >>> len(parse("$TargetDedicatedNodes = 2;").statements)
    1
    """
    return _Parser(tokens_of(formula)).formula()


class _Parser:
    """Recursive descent over the tokens; operators and choices go through loops, `depth` counts the rest."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0

    def formula(self) -> Formula:
        statements: list[Statement] = []
        while self._token.kind != "end":
            if self._token.kind == ";":
                self._next += 1
                continue
            if len(statements) == MAX_STATEMENTS:
                self._refuse(f"The formula has more than {MAX_STATEMENTS} statements")
            statements.append(self._statement())
            if self._token.kind not in (";", "end"):
                self._fail("an operator or ';'")
        if not statements:
            self._fail("a statement")
        return Formula(tuple(statements))

    def _statement(self) -> Statement:
        first = self._token
        if first.kind != "name" or self._tokens[self._next + 1].kind != "=":
            return Statement(first.at, None, self._expression(0))
        if what := not_to_be_set(first.text):
            self._refuse(f"Expected a variable that can be set, found '{first.text}', {what}")
        self._next += 2
        return Statement(first.at, first.text, self._expression(0))

    def _expression(self, depth: int) -> Node:
        at = self._token.at
        if depth > MAX_DEPTH:
            self._too_deep()
        cases: list[tuple[Node, Node]] = []
        node = self._operation(depth)
        while self._token.kind == "?":
            self._next += 1
            value = self._expression(depth + 1)
            self._expect(":")
            cases.append((node, value))
            node = self._operation(depth)
        return Choice(at, tuple(cases), node) if cases else node

    def _operation(self, depth: int) -> Node:
        operands = [self._operand(depth)]
        operators: list[Token] = []
        while self._token.kind in _OPERATORS:
            operators.append(self._take())
            operands.append(self._operand(depth))
        for rank in RANKS:
            operands, operators = _bound(operands, operators, rank)
        return operands[0]

    def _operand(self, depth: int) -> Node:
        at = self._token.at
        signs: list[tuple[str, Position]] = []
        while self._token.kind in ("-", "!"):
            if len(signs) == MAX_DEPTH:
                self._too_deep()
            sign = self._take()
            signs.append((sign.text, sign.at))
        node = self._primary(depth)
        while self._token.kind == "." and not isinstance(node, Member):
            self._next += 1
            node = self._dotted(node, depth)
        return Signed(at, tuple(signs), node) if signs else node

    def _primary(self, depth: int) -> Node:
        token = self._token
        if token.kind not in _VALUES:
            self._fail("a value")
        self._next += 1
        if token.kind == "(":
            node = self._expression(depth + 1)
            self._expect(")")
            return node
        if token.kind == "[":
            return Call(token.at, "vec", self._list("]", depth))
        if token.kind == "name":
            return self._named(token, depth)
        if token.kind == "text":
            return Literal(token.at, token.text[1:-1])
        number = float(token.text)
        if number == float("inf"):
            self._next -= 1
            self._refuse("The number is larger than a double can be")
        return Literal(token.at, number)

    def _named(self, token: Token, depth: int) -> Node:
        name = token.text
        if self._token.kind == "(":
            if name not in FUNCTIONS:
                self._next -= 1
                self._fail(f"a function ({', '.join(FUNCTIONS)})")
            self._next += 1
            arguments = self._list(")", depth)
            function = FUNCTIONS[name]
            _check_count(token, function.least, function.most, arguments)
            return Call(token.at, name, arguments)
        if name in _CONSTANTS:
            return Literal(token.at, _CONSTANTS[name])
        return Name(token.at, METRIC_ALIASES.get(name, name))

    def _dotted(self, node: Node, depth: int) -> Node:
        token = self._token
        is_call = self._tokens[min(self._next + 1, len(self._tokens) - 1)].kind == "("
        if not is_call:
            if token.text not in MEMBERS:
                self._fail(f"a part of a timestamp ({', '.join(MEMBERS)})")
            self._next += 1
            return Member(token.at, node, token.text)
        if token.text not in METHODS:
            self._fail(f"a method ({', '.join(METHODS)})")
        if not isinstance(node, Name) or node.name not in METRICS:
            self._refuse(f"'{token.text}' is a method of the service's read-only variables alone")
        self._next += 2
        arguments = self._list(")", depth)
        method = METHODS[token.text]
        _check_count(token, method.least, method.most, arguments)
        return Sampling(node.at, node.name, token.text, arguments)

    def _list(self, end: str, depth: int) -> tuple[Node, ...]:
        if self._token.kind == end:
            self._next += 1
            return ()
        nodes = [self._expression(depth + 1)]
        while self._token.kind == ",":
            self._next += 1
            nodes.append(self._expression(depth + 1))
        self._expect(end)
        return tuple(nodes)

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        self._next += 1
        return self._tokens[self._next - 1]

    def _expect(self, kind: str) -> None:
        if self._token.kind != kind:
            self._fail(f"an operator or '{kind}'")
        self._next += 1

    def _fail(self, expected: str) -> NoReturn:
        self._refuse(f"Expected {expected}, found {self._token}")

    def _too_deep(self) -> NoReturn:
        self._refuse(f"The formula nests deeper than {MAX_DEPTH}")

    def _refuse(self, message: str) -> NoReturn:
        raise FormulaError(SYNTAX, message, self._token.at)


def _bound(operands: list[Node], operators: list[Token], rank: Iterable[str]) -> tuple[list[Node], list[Token]]:
    """What is left of operands and operators once those of one rank have taken theirs."""
    left: list[Node] = []
    between: list[Token] = []
    first, links = operands[0], list[tuple[str, Position, Node]]()
    for operator, operand in zip(operators, operands[1:], strict=True):
        if operator.text in rank:
            links.append((operator.text, operator.at, operand))
            continue
        left.append(Chain(first.at, first, tuple(links)) if links else first)
        between.append(operator)
        first, links = operand, []
    left.append(Chain(first.at, first, tuple(links)) if links else first)
    return left, between


def _check_count(token: Token, least: int, most: int, arguments: tuple[Node, ...]) -> None:
    if not least <= len(arguments) <= most:
        wanted = f"{least}" if least == most else f"{least} or more" if most == MANY else f"{least} to {most}"
        message = f"'{token.text}' expected {wanted} arguments, found {len(arguments)}"
        raise FormulaError(SYNTAX, message, token.at)
