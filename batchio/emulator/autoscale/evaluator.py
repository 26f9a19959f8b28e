"""The tree to its value.

Law: a formula has `MAX_STEPS` steps (a step is a node, a value of a vector or a sample looked at); what it does not
come to (the other branch of a choice, the right of a decided `&&` or `||`) is not evaluated.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from random import Random
from typing import NoReturn

from .. import ticks
from .failures import EVALUATION, FormulaError, MistakeError, Position
from .functions import FUNCTIONS, Scene, StopSignal
from .history import History
from .operators import applied, is_true, signed
from .parser import parse
from .results import Evaluation, node_count, option, unchanged
from .sampling import METHODS, Source, no_samples
from .times import member
from .tree import Call, Chain, Choice, Formula, Literal, Member, Name, Node, Sampling, Signed
from .values import Timestamp, Value, type_name
from .variables import DEALLOCATION, DEDICATED, FULL_NAMES, LOW_PRIORITY, METRICS, TARGETS

MAX_STEPS = 250_000
"""How many steps an evaluation may take."""


def evaluate(formula: str | Formula, *, history: History, now: datetime, rng: Random) -> Evaluation:
    """What a formula gives: its text, or its tree from `parse`.

    `now` is an aware datetime; samples after it do not count. `rng` is what `rand()` draws from.
    Raises `FormulaError`.

    >>> noon = datetime.fromisoformat("2024-07-01T12:00:00Z")
    >>> evaluate("$TargetDedicatedNodes = 7 / 2;", history=History(), now=noon, rng=Random(1)).results
    '$TargetDedicatedNodes=3;$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue'
    """
    if now.tzinfo is None:
        raise ValueError("now: needs a time zone")
    tree = parse(formula) if isinstance(formula, str) else formula
    return _Evaluator(history, Scene(Timestamp(ticks.from_datetime(now)), rng)).run(tree)


class _Evaluator:
    """One evaluation: the variables so far and the steps that are left."""

    def __init__(self, history: History, scene: Scene) -> None:
        self._history = history
        self._scene = scene
        self._set: dict[str, tuple[Value, Position]] = {}
        self._left = MAX_STEPS

    def run(self, formula: Formula) -> Evaluation:
        stopped = False
        try:
            for statement in formula.statements:
                value = self._value(statement.node)
                if statement.name is not None:
                    self._spend_on((value,), statement.at)
                    self._set[statement.name] = value, statement.at
        except StopSignal:
            stopped = True
        return self._evaluation(stopped=stopped)

    def _evaluation(self, *, stopped: bool) -> Evaluation:
        kept = unchanged(self._history)
        nodes = {DEDICATED: kept.target_dedicated_nodes, LOW_PRIORITY: kept.target_low_priority_nodes}
        for name, alias in TARGETS.items():
            if found := self._set.get(name) or self._set.get(alias):
                nodes[name] = node_count(name, *found)
        word = self._set.get(DEALLOCATION)
        return Evaluation(
            target_dedicated_nodes=nodes[DEDICATED],
            target_low_priority_nodes=nodes[LOW_PRIORITY],
            node_deallocation_option=option(*word) if word else kept.node_deallocation_option,
            variables={
                name: value
                for name, (value, _) in self._set.items()
                if name not in TARGETS and name not in FULL_NAMES and name != DEALLOCATION
            },
            stopped=stopped,
        )

    def _value(self, node: Node) -> Value:  # noqa: PLR0911  # one for each kind of node
        self._spend(1, node.at)
        match node:
            case Literal():
                return node.value
            case Name():
                return self._named(node)
            case Chain():
                return self._chain(node)
            case Choice():
                return self._choice(node)
            case Signed():
                return self._signed(node)
            case Member():
                return self._member(node)
            case Call():
                return self._call(node)
            case Sampling():
                return self._sampling(node)

    def _named(self, node: Name) -> Value:
        full = FULL_NAMES.get(node.name, node.name)
        found = self._set.get(node.name) or self._set.get(full) or self._set.get(TARGETS.get(full, full))
        if found is not None:
            return found[0]
        if full == DEALLOCATION:
            return unchanged(self._history).node_deallocation_option
        if full not in METRICS and full not in TARGETS:
            raise FormulaError(EVALUATION, f"Expected a variable that has a value, found '{node.name}'", node.at)
        present = self._history.present(full)
        if present is None and full in METRICS:
            _fail(no_samples(full), node.at)
        return present or 0.0

    def _chain(self, node: Chain) -> Value:
        value = self._value(node.first)
        for sign, at, operand in node.links:
            try:
                if sign in ("&&", "||"):
                    value = float(is_true(value, f"'{sign}'"))
                    if value == (sign == "&&"):
                        value = float(is_true(self._value(operand), f"'{sign}'"))
                    continue
                right = self._value(operand)
                self._spend_on((value, right), at)
                value = applied(sign, value, right)
            except MistakeError as mistake:
                _fail(mistake, at)
        return value

    def _choice(self, node: Choice) -> Value:
        for test, value in node.cases:
            try:
                if is_true(self._value(test), "'?'"):
                    return self._value(value)
            except MistakeError as mistake:
                _fail(mistake, test.at)
        return self._value(node.otherwise)

    def _signed(self, node: Signed) -> Value:
        value = self._value(node.operand)
        for sign, at in reversed(node.signs):
            try:
                value = signed(sign, value)
            except MistakeError as mistake:
                _fail(mistake, at)
        return value

    def _member(self, node: Member) -> Value:
        value = self._value(node.operand)
        if not isinstance(value, Timestamp):
            raise FormulaError(EVALUATION, f"'.{node.name}' expected a timestamp, found a {type_name(value)}", node.at)
        return member(value, node.name)

    def _call(self, node: Call) -> Value:
        arguments = [self._value(argument) for argument in node.arguments]
        self._spend_on(arguments, node.at)
        try:
            return FUNCTIONS[node.name].call(node.name, arguments, self._scene)
        except MistakeError as mistake:
            _fail(mistake, node.at)

    def _sampling(self, node: Sampling) -> Value:
        arguments = [self._value(argument) for argument in node.arguments]
        self._spend(self._history.kept, node.at)
        source = Source(node.variable, self._history, self._scene.now)
        try:
            return METHODS[node.method].call(source, arguments)
        except MistakeError as mistake:
            _fail(mistake, node.at)

    def _spend_on(self, values: Iterable[Value], at: Position) -> None:
        self._spend(sum(len(value) for value in values if isinstance(value, tuple)), at)

    def _spend(self, steps: int, at: Position) -> None:
        self._left -= steps
        if self._left < 0:
            raise FormulaError(EVALUATION, f"The evaluation takes more than {MAX_STEPS} steps", at)


def _fail(mistake: MistakeError, at: Position) -> NoReturn:
    raise FormulaError(mistake.code, mistake.message, at) from None
