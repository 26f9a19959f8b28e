"""Languages that are parsed by hand: filters and autoscale formulas."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from operator import itemgetter
from random import Random
from typing import Any

from batchio import odata
from batchio.emulator.autoscale import FormulaError, History, parse
from batchio.emulator.autoscale.runs import run
from batchio.emulator.filter_match import BOOL, DURATION, NUMBER, TEXT, TIME, Property, read_filter
from batchio.emulator.filters import MAX_DEPTH, MAX_LENGTH, Compare, Every, FilterError, Not, Some, StartsWith, Tree
from batchio.emulator.filters import parse as parse_filter
from batchio.emulator.refusals import Refusal

from .target import Target, text_of

THINGS: list[dict[str, Any]] = [
    {"id": "a", "state": "active", "executionInfo/exitCode": 0, "flag": True, "time": 10**17, "length": 10**7},
    {"id": "b'", "state": "running", "executionInfo/exitCode": None, "flag": None, "time": None, "length": None},
]
_KINDS = {"id": TEXT, "state": TEXT, "executionInfo/exitCode": NUMBER, "flag": BOOL, "time": TIME, "length": DURATION}
PROPERTIES = {
    name: Property(kind, itemgetter(name), frozenset({"active", "running"}) if name == "state" else None)
    for name, kind in _KINDS.items()
}


def read_filters(data: bytes) -> None:
    """A text is refused or a test; and what `batchio.odata` writes of its tree is read as the same tree."""
    text = text_of(data)
    try:
        tree = parse_filter(text)
    except FilterError as error:
        assert len(str(error)) < 20_000
        return
    built = _built(tree)
    # The builder's own parentheses may nest deeper, and be longer, than the service takes.
    if built is not None and str(built).count("(") < MAX_DEPTH and len(str(built)) <= MAX_LENGTH:
        assert _flat(parse_filter(str(built))) == _flat(tree), str(built)
    try:
        test = read_filter(text, PROPERTIES).test
    except Refusal:
        return
    assert all(isinstance(test(thing), bool) for thing in THINGS)


def _built(tree: Tree) -> odata.Filter | None:
    """The same by the builder; None where it holds what the builder does not write, as seven fraction digits."""
    match tree:
        case Not(term):
            inner = _built(term)
            return None if inner is None else ~inner
        case Every(terms) | Some(terms):
            found = [_built(term) for term in terms]
            joined = found[0]
            for each in found[1:]:
                if joined is None or each is None:
                    return None
                joined = joined & each if isinstance(tree, Every) else joined | each
            return joined
        case StartsWith(path, prefix):
            return odata.field(path).startswith(prefix)
        case Compare(path, operator, literal):
            value = literal.value
            if literal.kind in ("time", "duration") or isinstance(value, float):
                return None
            made: odata.Filter = getattr(odata.field(path), f"__{operator}__")(value)
            return made


def _flat(tree: Tree) -> Tree:
    """Parentheses among the same words do not count."""
    match tree:
        case Not(term):
            return Not(_flat(term))
        case Every(terms) | Some(terms):
            kind = type(tree)
            flat = [_flat(term) for term in terms]
            return kind(tuple(each for term in flat for each in (term.terms if isinstance(term, kind) else (term,))))
        case _:
            return tree


NOW = datetime(2024, 7, 1, 12, tzinfo=UTC)


def read_formulas(data: bytes) -> None:
    """A formula is refused or has a run, whose results are a formula's results."""
    text = text_of(data)
    history = History(most=50)
    for number in range(5):
        history.add(NOW.replace(minute=number), {"$PendingTasks": number, "$CPUPercent": 1e300})
    try:
        told, found = run(text, history=history, now=NOW, rng=Random(1))
    except FormulaError as error:
        assert error.refused
        assert error.position.line >= 1
        assert error.position.column >= 1
        return
    parse(text)
    assert (found is None) == (told.error is not None)
    assert told.results is not None
    assert told.results.startswith("$TargetDedicatedNodes=")


def filter_seeds() -> Iterator[bytes]:
    """Filters as they are written."""
    yield b"startswith(id, 'a''b') and not (state eq 'active' or executionInfo/exitCode ne 0)"
    yield b"time ge datetime'2016-11-19T00:05:25.1234567Z' and length lt duration'P1DT2H3M4.5S' or flag"
    yield b"flag eq true and id ne null and executionInfo/exitCode le -1.50"
    yield b"((((state eq 'RUNNING'))))"


def formula_seeds() -> Iterator[bytes]:
    """Formulas as they are written."""
    yield b"$TargetDedicatedNodes = min(10, avg($PendingTasks.GetSample(180 * TimeInterval_Second, 70)));\n"
    yield b'start = time("2024-07-01T12:00:00Z"); day = start.weekday; x = (day >= 1 && day <= 5) ? 3 : 1 // c\n'
    yield b"$TargetLowPriorityNodes = 2; $NodeDeallocationOption = taskcompletion"
    yield b"v = [1, 2.5, -3e2]; $TargetDedicated = val(v, 1) + percentile(v, 50) + len(v * 2) - !0;"
    yield b"t = time() - TimeInterval_Week / 2; x = $PendingTasks.GetSamplePercent(t, time()) > 1 ? round(ln(5)) : 2"
    yield b"max(vec(1,2),[3]); stop(); sum([norm([1]), range(1,2), rand(), log(1), lg(2), ceil(.5), std(1, 2)])"
    yield b"$CPUPercent.Count() + $PendingTasks.HistoryBeginTime().hour"


FILTERS = Target(
    read_filters,
    filter_seeds,
    (
        b" and ",
        b" or ",
        b"not ",
        b"(",
        b")",
        b"'",
        b"datetime'",
        b"duration'",
        b"startswith(",
        b" eq ",
        b"null",
        b"id",
        b"flag",
    ),
)
FORMULAS = Target(
    read_formulas,
    formula_seeds,
    (
        b"TimeInterval_Year",
        b"1e308",
        b"$PendingTasks",
        b".GetSample(",
        b"[",
        b"]",
        b"vec(",
        b"?",
        b":",
        b";",
        b"=",
        b"-",
        b"*",
        b"/",
        b'time("',
        b'"',
    ),
)
