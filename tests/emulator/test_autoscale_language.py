from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchio.emulator.autoscale import (
    MAX_DEPTH,
    MAX_STATEMENTS,
    MAX_STEPS,
    MAX_VECTOR,
    Evaluation,
    FormulaError,
    History,
    evaluate,
    parse,
)
from batchio.emulator.autoscale.lexer import MAX_LENGTH

from .dice import dice

NOW = datetime(2024, 7, 1, 12, 30, 15, 250_000, tzinfo=UTC)
SYNTAX = "AutoScalingFormulaSyntaxError"
EVALUATION = "AutoScalingFormulaEvaluationError"


def run(formula: str, history: History | None = None) -> Evaluation:
    return evaluate(formula, history=history or History(), now=NOW, rng=dice())


def value_of(expression: str) -> object:
    return run(f"x = {expression};").variables["x"]


def failure(formula: str) -> FormulaError:
    with pytest.raises(FormulaError) as raised:
        run(formula)
    return raised.value


# What binds tighter, checked against trees that a second author wrote out with as few parentheses as C needs.

Term = tuple[str, int, float]
"""Text, rank (6 binds tightest) and value."""

BINARY: dict[str, tuple[int, Callable[[float, float], float]]] = {
    "*": (5, operator.mul),
    "+": (4, operator.add),
    "-": (4, operator.sub),
    "<": (3, lambda left, right: float(left < right)),
    "<=": (3, lambda left, right: float(left <= right)),
    ">": (3, lambda left, right: float(left > right)),
    ">=": (3, lambda left, right: float(left >= right)),
    "==": (2, lambda left, right: float(left == right)),
    "!=": (2, lambda left, right: float(left != right)),
    "&&": (1, lambda left, right: float(left != 0 and right != 0)),
    "||": (0, lambda left, right: float(left != 0 or right != 0)),
}


def within(term: Term, rank: int) -> str:
    return term[0] if term[1] >= rank else f"({term[0]})"


def joined(terms: tuple[Term, str, Term]) -> Term:
    left, sign, right = terms
    rank, does = BINARY[sign]
    return f"{within(left, rank)} {sign} {within(right, rank + 1)}", rank, does(left[2], right[2])


def signed(terms: tuple[str, Term]) -> Term:
    sign, term = terms
    return f"{sign}{within(term, 6)}", 6, -term[2] if sign == "-" else float(term[2] == 0)


def chosen(terms: tuple[Term, Term, Term]) -> Term:
    test, value, otherwise = terms
    return f"{within(test, 0)} ? {value[0]} : {otherwise[0]}", -1, value[2] if test[2] else otherwise[2]


expressions = st.recursive(
    st.integers(0, 3).map(lambda number: (str(number), 7, float(number))),
    lambda terms: (
        st.tuples(terms, st.sampled_from(sorted(BINARY)), terms).map(joined)
        | st.tuples(st.sampled_from("-!"), terms).map(signed)
        | st.tuples(terms, terms, terms).map(chosen)
    ),
    max_leaves=12,
)


@given(expressions)
def test_binds_as_c_does(term: Term) -> None:
    assert value_of(term[0]) == term[2], term[0]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("8 / 4 / 2", 1),
        ("8 - 4 - 2", 2),
        ("-2 * -3", 6),
        ("!0 + !5", 1),
        ("2 > 1 == 1", 1),
        ("0 || 1 && 0", 0),
        ("1 ? 0 ? 1 : 2 : 3", 2),
        ("0 ? 1 : 0 ? 2 : 3", 3),
        ("1 < 2 ? 5:1", 5),
        (".5 + 1.25e1", 13),
        ("time().hour + 1", 13),
    ],
)
def test_expressions(expression: str, value: float) -> None:
    assert value_of(expression) == value


@pytest.mark.parametrize(
    "formula",
    [
        "a=1;b=2",
        "a = 1 ;\r\n b = 2 ;",
        "// one\na = 1; // a = 3;\n;;\tb = a +\n\n1;",
        "a=3;a=1;b=2",
        "a=1;0;b=2;rand()",
    ],
)
def test_statements(formula: str) -> None:
    assert run(formula).variables == {"a": 1, "b": 2}


def test_names_are_told_apart_by_case_and_dollar() -> None:
    assert run("a = 1; A = 2; $a = 3; min = 4; b = min(a, A, $a, min);").variables == {
        "a": 1,
        "A": 2,
        "$a": 3,
        "min": 4,
        "b": 1,
    }


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("", "Line 1, Col 1: Expected a statement, found the end"),
        (" ; // nothing\n;", "Line 2, Col 2: Expected a statement, found the end"),
        ("x = ", "Line 1, Col 5: Expected a value, found the end"),
        ("x = 1 2", "Line 1, Col 7: Expected an operator or ';', found '2'"),
        ("x = 1\ny = 2", "Line 2, Col 1: Expected an operator or ';', found 'y'"),
        ("x = (1;", "Line 1, Col 7: Expected an operator or ')', found ';'"),
        ("x = [1, 2;", "Line 1, Col 10: Expected an operator or ']', found ';'"),
        ("x = 1 ? 2;", "Line 1, Col 10: Expected an operator or ':', found ';'"),
        ("x = 1;\r\n  y = * 2;", "Line 2, Col 7: Expected a value, found '*'"),
        ("x = 1;\ry = +2;", "Line 2, Col 5: Expected a value, found '+'"),
        ("x = y = 2", "Line 1, Col 7: Expected an operator or ';', found '='"),
        ("1 = 2", "Line 1, Col 3: Expected an operator or ';', found '='"),
        ("x = 1 & 2", "Line 1, Col 7: Expected '&&', found '&'"),
        ("x = 1 | 2", "Line 1, Col 7: Expected '||', found '|'"),
        ('x = "a\n";', "Line 1, Col 5: Expected '\"' at the end of the text, found the end of the line"),
        ("x = 12ab", "Line 1, Col 5: Expected a number, found '12ab'"),
        ("x = 1.2.3", "Line 1, Col 5: Expected a number, found '1.2.3'"),
        ("x = 2 % 3", "Line 1, Col 7: Expected a name, a number, a text or an operator, found '%'"),
        ("x = '1'", 'Line 1, Col 5: Expected a name, a number, a text or an operator, found "\'"'),
        ("x = \u0663", "Line 1, Col 5: Expected a name, a number, a text or an operator, found '\\u0663'"),
        ("x = 1e999", "Line 1, Col 5: The number is larger than a double can be"),
        (
            "x = 1; $CPUPercent = 2",
            "Line 1, Col 8: Expected a variable that can be set, found '$CPUPercent', a read-only",
        ),
        ("requeue = 2", "Line 1, Col 1: Expected a variable that can be set, found 'requeue', a constant"),
        (
            "TimeInterval_Day = 2",
            "Line 1, Col 1: Expected a variable that can be set, found 'TimeInterval_Day', a cons",
        ),
        ("x = mean(1)", "Line 1, Col 5: Expected a function (avg, ceil, "),
        ("x = val([1])", "Line 1, Col 5: 'val' expected 2 arguments, found 1"),
        ("x = lg()", "Line 1, Col 5: 'lg' expected 1 or more arguments, found 0"),
        ('x = time("", 1)', "Line 1, Col 5: 'time' expected 0 to 1 arguments, found 2"),
        ("x = time().hours", "Line 1, Col 12: Expected a part of a timestamp (year, month, day, weekday, "),
        ("x = time().hour.hour", "Line 1, Col 16: Expected an operator or ';', found '.'"),
        ("x = $CPUPercent.Get(1)", "Line 1, Col 17: Expected a method (Count, GetSample, GetSamplePercent, "),
        ("x = $CPUPercent.GetSample()", "Line 1, Col 17: 'GetSample' expected 1 to 3 arguments, found 0"),
        ("x = $CPU.GetSample(1)", "Line 1, Col 10: 'GetSample' is a method of the service's read-only variables alone"),
        ("x = $CPUPercent.", "Line 1, Col 17: Expected a part of a timestamp (year, month, day, weekday, "),
        ("x = 1;" * 101, f"Line 1, Col 601: The formula has more than {MAX_STATEMENTS} statements"),
        ("x = " + "(" * 40, f"Line 1, Col 38: The formula nests deeper than {MAX_DEPTH}"),
        ("x = " + "-" * 40, f"Line 1, Col 37: The formula nests deeper than {MAX_DEPTH}"),
    ],
)
def test_what_cannot_be_read(formula: str, message: str) -> None:
    with pytest.raises(FormulaError) as raised:
        parse(formula)
    error = raised.value
    assert str(error).startswith(message)
    assert (error.code, error.refused) == (SYNTAX, True)
    assert error.values == (("Message", str(error)),)


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("$something_else", "Line 1, Col 1: Expected a variable that has a value, found '$something_else'"),
        ("x = 1;\nx = x + yy;", "Line 2, Col 9: Expected a variable that has a value, found 'yy'"),
        ("x = 1 +\n 2 / (3 - 3)", "Line 2, Col 4: Division by zero"),
        ("x = [1, 0] / 0", "Line 1, Col 12: Division by zero"),
        ("x = TimeInterval_Day / 0", "Line 1, Col 22: Division by zero"),
        ("x = 1e308 * 10", "Line 1, Col 11: The result is no finite number"),
        ("x = [1e308] + [1e308]", "Line 1, Col 13: The result is no finite number"),
        ("x = TimeInterval_Year * 1e6", "Line 1, Col 23: The result is longer than an interval can be"),
        ("x = time() + -TimeInterval_Year * 3000", "Line 1, Col 12: The result is no time of the years 1 to 9999"),
        ("x = 1 + time()", "Line 1, Col 7: '+' does not take a double and a timestamp"),
        ("x = [1, 2] + [1]", "Line 1, Col 12: The vectors have 2 and 1 values; they need as many"),
        ("x = [1] && 1", "Line 1, Col 9: '&&' takes a double, not a doubleVec"),
        ("x = 0 || requeue", "Line 1, Col 7: '||' takes a double, not a string"),
        ('x = "a" ? 1 : 2', "Line 1, Col 5: '?' takes a double, not a string"),
        ("x = -[1]", "Line 1, Col 5: '-' does not take a doubleVec"),
        ("x = -!time()", "Line 1, Col 6: '!' does not take a timestamp"),
        ("x = 1; y = x.hour", "Line 1, Col 14: '.hour' expected a timestamp, found a double"),
        ("$TargetDedicatedNodes = [1]", "Line 1, Col 1: $TargetDedicatedNodes expected a double, found a doubleVec"),
        ("\n$TargetDedicated = 1 - 2", "Line 2, Col 1: $TargetDedicatedNodes expected a number of nodes from 0 to "),
        ("$TargetLowPriorityNodes = 3e9", "Line 1, Col 1: $TargetLowPriorityNodes expected a number of nodes from 0"),
        ("$NodeDeallocationOption = 1", "Line 1, Col 1: $NodeDeallocationOption expected requeue, retaineddata, task"),
        ('$NodeDeallocationOption = "x"', "Line 1, Col 1: $NodeDeallocationOption expected requeue, retaineddata, ta"),
    ],
)
def test_what_has_no_value(formula: str, message: str) -> None:
    parse(formula)
    error = failure(formula)
    assert str(error).startswith(message)
    assert (error.code, error.refused) == (EVALUATION, False)


def test_what_is_not_come_to_is_not_evaluated() -> None:
    assert run("a = 1 ? 2 : 1 / 0; b = 0 ? 1 / 0 : 3; c = 0 && 1 / 0; d = 1 || no;").variables == {
        "a": 2,
        "b": 3,
        "c": 0,
        "d": 1,
    }


def test_stop_keeps_what_was_set_before() -> None:
    evaluation = run("$TargetDedicatedNodes = 3; x = 1; y = x ? stop() : 2; $TargetDedicatedNodes = 4; z = 1;")
    assert evaluation.stopped
    assert evaluation.results == (
        "$TargetDedicatedNodes=3;$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue;x=1"
    )


# Bounds.


def test_a_long_formula_is_refused() -> None:
    error = failure(f"x = 1;{' ' * (MAX_LENGTH - 6)};")
    assert (error.code, error.refused) == ("AutoScaleFormulaTooLong", True)
    assert str(error) == f"Line 1, Col {MAX_LENGTH + 1}: The formula has {MAX_LENGTH + 1} characters; it may have 8192"
    assert run(f"x = 1;{' ' * (MAX_LENGTH - 6)}").variables == {"x": 1}


DEEP = "0||1&&1==1<1+1*-max(0?2:"
TEN = "v=vec(" + ",".join("1" * 10) + ");v=vec(" + ",".join("v" * 10) + ");"
WORST = {
    "parentheses": "(" * MAX_LENGTH,
    "pairs": "(" * (MAX_LENGTH // 2) + ")" * (MAX_LENGTH // 2),
    "brackets": "[" * MAX_LENGTH,
    "calls": "max(" * (MAX_LENGTH // 4),
    "signs": "!" * (MAX_LENGTH - 1) + "1",
    "sum": "1+" * (MAX_LENGTH // 2 - 1) + "1",
    "choices": "1?1:" * (MAX_LENGTH // 4 - 1) + "1",
    "else": "0?1:" * (MAX_LENGTH // 4 - 1) + "1",
    "nested choices": "1?" * (MAX_LENGTH // 2),
    "dots": "time()" + ".day" * 2000,
    "semicolons": ";" * MAX_LENGTH,
    "lines": "\n" * (MAX_LENGTH - 1) + "1",
    "comments": "//\n" * (MAX_LENGTH // 3 - 1) + "1",
    "digits": "1" * MAX_LENGTH,
    "quotes": '"' * MAX_LENGTH,
    "every operator at every depth": "x=" + DEEP * MAX_DEPTH + "1" + ")" * MAX_DEPTH,
    "as deep as it may": "x=" + DEEP * (MAX_DEPTH - 1) + "1" + ")" * (MAX_DEPTH - 1),
    "sorting": TEN + "v=vec(" + ",".join("v" * 10) + ");x=" + "+".join(["percentile(v,5)"] * 490),
    "sum of vectors": TEN + "v=vec(" + ",".join("v" * 10) + ");x=v" + "+v" * 3900,
    "growing": TEN + ("v=vec(" + ",".join("v" * 10) + ");") * 90,
    "flattening": TEN + "v=vec(" + ",".join("v" * 4000) + ")",
    "many": TEN + "v=vec(" + ",".join("v" * 10) + ");" + "".join(f"v{number}=v;" for number in range(97)),
}


@pytest.mark.parametrize("name", WORST)
def test_the_worst_formulas_end(name: str) -> None:
    history = History()
    assert len(WORST[name]) <= MAX_LENGTH
    try:
        evaluation = run(WORST[name], history)
    except FormulaError as error:
        assert error.message  # noqa: PT017  # either way is right, as long as it ends
    else:
        assert len(evaluation.results) < 20 * MAX_STEPS


def test_steps_and_vectors_have_a_bound() -> None:
    assert failure(WORST["sum of vectors"]).message == f"The evaluation takes more than {MAX_STEPS} steps"
    assert failure(WORST["flattening"]).message == f"The evaluation takes more than {MAX_STEPS} steps"
    assert failure(WORST["growing"]).message.endswith(f"it may have {MAX_VECTOR}")
    assert run(WORST["as deep as it may"]).variables == {"x": 0}


SIGNS = ["(", ")", "[", "]", ",", ";", "=", "?", ":", ".", "+", "-", "*", "/", "<", "<=", "==", "!", "&&", "||", "//"]
VALUES = ["1", "0", "1.5", "1e300", '"a"', "TimeInterval_Day", "requeue", "x", "$x", "time()", "rand()", "[1,2]", "\n"]
NAMES = ["max(", "avg(", "val(", "percentile(", "round(", "ln(", "time(", "stop()", "$TargetDedicatedNodes", "x = "]
SAMPLES = [
    "$PendingTasks",
    ".GetSample(",
    ".GetSamplePercent(",
    ".Count()",
    ".HistoryBeginTime()",
    ".weekday",
    "$CPUPercent",
]
WORDS = st.sampled_from([*SIGNS, *VALUES, *NAMES, *SAMPLES])
LISTS = st.lists(WORDS, max_size=30)


@given(st.text() | LISTS.map(" ".join) | LISTS.map("".join))
def test_any_text_gives_an_evaluation_or_a_formula_error(formula: str) -> None:
    history = History()
    history.add(NOW, {"$PendingTasks": 3})
    try:
        evaluation = run(formula, history)
    except FormulaError as error:
        lines = formula.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        assert 1 <= error.position.line <= len(lines)  # noqa: PT017  # either way is right
        assert 1 <= error.position.column <= len(lines[error.position.line - 1]) + 1  # noqa: PT017  # as above
    else:
        assert evaluation.results.startswith("$TargetDedicatedNodes=")
