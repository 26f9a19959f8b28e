"""The template compiler against `str.format`, and what it refuses, with the place."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st

from batchio import ConfigurationError, fill, models
from batchio.bulk.template import Template
from batchio.bulk.wanted import is_whole_number

NAMES = ["frame", "camera", "a name"]
LITERALS = st.text().map(lambda text: text.replace("{", "{{").replace("}", "}}"))
SPECS = st.sampled_from(
    ["", "06d", "x", ">9", "*^7", ".2", "+,", "_b", "e", ".3%", "#X", "=5", "c", "s", "010", "\U0001f600<4"]
)
PLACES = st.builds(lambda name, spec: f"{{{name}:{spec}}}" if spec else f"{{{name}}}", st.sampled_from(NAMES), SPECS)
TEXTS = st.lists(LITERALS | PLACES, max_size=6).map("".join)
VALUES = st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)


def template(text: Any, names: Any = NAMES, **more: Any) -> Template:
    return Template({"id": "x", "commandLine": text, **more}, names)


@given(text=TEXTS, values=st.lists(VALUES, min_size=3, max_size=3))
def test_it_fills_as_str_format_does(text: str, values: list[Any]) -> None:
    try:
        expected = text.format(**dict(zip(NAMES, values, strict=True)))
    except (ValueError, OverflowError):
        reject()
    numbers = any(place.converter for place in template(text).places)
    # Text in a place for numbers is a number first, which str.format does not do.
    assume(not (numbers and any(isinstance(value, str) for value in values)))
    assert template(text).build(*values)["commandLine"] == expected


@given(text=st.text(alphabet="{}:!.[]ab0d", max_size=12))
def test_what_str_format_refuses_is_refused(text: str) -> None:
    values = {"a": 1, "b": 2, "ab": 3, "ba": 4}
    try:
        expected = text.format(**values)
    except (ValueError, KeyError, IndexError, AttributeError, TypeError, OverflowError):
        expected = None
    try:
        built = template(text, values)
    except ConfigurationError as error:
        # What it does not take beside that: attributes, items, conversions, places in places.
        assert expected is None or set(text) & set(".[!") or "{}" in text or ":{" in text, error  # noqa: PT017 - both are right
        return
    if expected is not None:
        assert built.build(*values.values())["commandLine"] == expected


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=12,
    )
)
def test_what_holds_no_place_stays(value: Any) -> None:
    built = template("x", more=value)
    one, other = built.build(1, 2, 3), built.build(1, 2, 3)
    assert one == other == {"id": "x", "commandLine": "x", "more": value}
    if isinstance(value, list | dict):
        assert one["more"] is not other["more"], "nothing is shared between tasks"


def test_every_string_is_filled_wherever_it_stands() -> None:
    task = {
        "id": "{camera}-{frame:06d}",
        "commandLine": "/bin/sh -c 'x=${{HOME}}; render {frame}'",
        "environmentSettings": [
            {"name": "FRAME", "value": "{frame}"},
            {"name": "{not a place}".replace("{", "{{").replace("}", "}}"), "value": "{{}}"},
        ],
        "constraints": {"maxTaskRetryCount": 3},
    }
    assert Template(task, ["frame", "camera"]).build(7, "a") == {
        "id": "a-000007",
        "commandLine": "/bin/sh -c 'x=${HOME}; render 7'",
        "environmentSettings": [{"name": "FRAME", "value": "7"}, {"name": "{not a place}", "value": "{}"}],
        "constraints": {"maxTaskRetryCount": 3},
    }


def test_whole_numbers_are_numbers_where_the_service_wants_them() -> None:
    task: dict[str, Any] = {
        "id": "t-{n}",
        "commandLine": "{n}",
        "requiredSlots": "{slots}",
        "constraints": {"maxTaskRetryCount": "{slots}"},
        "dependsOn": {"taskIds": ["{n}"], "taskIdRanges": [{"start": "1", "end": "{n}"}]},
        "environmentSettings": [{"name": "N", "value": "{n}"}],
        "unknown": ["{n}"],
    }
    (found,) = fill(task, [{"n": "7", "slots": "2"}])
    assert found == {
        "id": "t-7",
        "commandLine": "7",
        "requiredSlots": 2,
        "constraints": {"maxTaskRetryCount": 2},
        "dependsOn": {"taskIds": ["7"], "taskIdRanges": [{"start": "1", "end": 7}]},
        "environmentSettings": [{"name": "N", "value": "7"}],
        "unknown": ["7"],
    }
    for bad, words in (("two", "cannot take text: it is no number"), (1.5, "cannot take a number: a whole number")):
        with pytest.raises(ConfigurationError) as told:
            list(fill(task, [{"n": "7", "slots": bad}]))
        assert str(told.value).startswith("row 1: requiredSlots: {slots} " + words)


@pytest.mark.parametrize(
    "path", ["", "x", "id", "id.start", "commandLine[0]", "constraints", "constraints.maxWallClockTime", "dependsOn.x"]
)
def test_what_holds_no_whole_number(path: str) -> None:
    assert is_whole_number(path) is False


def test_what_is_neither_text_nor_number_takes_text() -> None:
    template = {"id": "t", "commandLine": "x", "constraints": {"maxWallClockTime": "{limit}"}}
    assert next(fill(template, [{"limit": "PT5M"}]))["constraints"] == {"maxWallClockTime": "PT5M"}


def test_a_model_is_a_template() -> None:
    task = models.TaskAddParameter(
        id="{n}", command_line="x", constraints=models.TaskConstraints(max_wall_clock_time=dt.timedelta(hours=1))
    )
    assert Template(task).build("a") == {"id": "a", "commandLine": "x", "constraints": {"maxWallClockTime": "PT1H"}}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "Single '{' encountered"),
        ("}", "Single '}' encountered"),
        (
            "${HOME}",
            "{HOME} names nothing that is there (frame, camera, a name); a brace of its own is written {{ or }}",
        ),
        ("{}", "a place has no name"),
        ("{0}", "{0} names nothing"),
        ("{frame.real}", "a place holds a name and a format"),
        ("{frame[0]}", "a place holds a name and a format"),
        ("{frame!r}", "a place holds a name and a format"),
        ("{frame:{camera}}", "the format of {frame} holds a place itself"),
        ("{frame:06q}", "{frame:06q} has a format that Python does not know"),
        ("{frame:>999999999}", "the format of {frame} asks for more than 1,000 characters"),
        ("{frame:0999999999d}", "the format of {frame} asks for more than 1,000 characters"),
        ("{frame:.999999999f}", "the format of {frame} asks for more than 1,000 characters"),
        ("{frame:1001}", "the format of {frame} asks for more than 1,000 characters"),
        (f"{{frame:{'9' * 5_000}}}", "the format of {frame} asks for more than 1,000 characters"),
        ("{frame:\u0661\u0660\u0660\u0661}", "the format of {frame} asks for more than 1,000 characters"),
    ],
)
def test_a_bad_template_is_told_with_its_place(text: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        Template({"id": "x", "environmentSettings": [{"name": "a", "value": "b"}, {"name": "a", "value": text}]}, NAMES)
    assert str(told.value).startswith("environmentSettings[1].value: ")
    assert words in str(told.value)


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ({"commandLine": "x"}, "the template has no id"),
        ({"id": 7}, "the template has no id"),
        ([1], "a template is a task in wire shape or a model, not list"),
        ({"id": "x", "commandLine": object()}, "the template cannot be written as JSON"),
    ],
)
def test_what_is_no_template(task: Any, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        Template(task, [])


def test_a_template_that_is_too_deep() -> None:
    deep: Any = "x"
    for _ in range(5_000):
        deep = [deep]
    with pytest.raises(ConfigurationError):
        Template({"id": "x", "commandLine": deep}, [])


# Rows

ROWS: list[dict[str, Any]] = [{"camera": "a", "frame": "7", "unused": None}, {"camera": "b", "frame": 12}]
TASK = {"id": "{camera}-{frame:03d}", "commandLine": "render {frame}"}


def test_text_becomes_a_number_where_the_format_is_for_one() -> None:
    assert list(fill(TASK, ROWS)) == [
        {"id": "a-007", "commandLine": "render 7"},
        {"id": "b-012", "commandLine": "render 12"},
    ]
    (task,) = fill(
        {"id": "x", "commandLine": "{a:.1f} {a:05} {a:>5} {b:+} {c:04x}"}, [{"a": "2.25", "b": "3", "c": "255"}]
    )
    assert task["commandLine"] == "2.2 02.25  2.25 +3 00ff"


def test_dates_have_formats_of_their_own() -> None:
    (task,) = fill({"id": "{day:%Y-%m-%d-2024}", "commandLine": "{n:>1000}"}, [{"day": dt.date(2024, 7, 1), "n": 1}])
    assert task["id"] == "2024-07-01-2024"
    assert len(task["commandLine"]) == 1_000


@pytest.mark.parametrize("value", [0xD800, "56319", 0xDFFF])
def test_half_a_character_is_no_text(value: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"row 1: commandLine: \{n:c\} cannot take .*: it is half a character"):
        list(fill({"id": "x", "commandLine": "{n:c}"}, [{"n": value}]))


def test_of_many_names_some_are_told() -> None:
    with pytest.raises(ConfigurationError) as told:
        Template({"id": "{x}"}, [f"column-{number}" for number in range(10_000)])
    assert "(column-0, column-1," in str(told.value)
    assert len(str(told.value)) < 500


def test_rows_are_read_when_their_turn_comes() -> None:
    def rows() -> Any:
        yield from ROWS
        raise AssertionError

    tasks = fill(TASK, rows(), id="n-{frame}")
    assert [next(tasks)["id"], next(tasks)["id"]] == ["n-7", "n-12"]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"camera": "a"}, "row 2: there is no frame, which the template needs"),
        ({"camera": "a", "frame": "secret"}, "row 2: id: {frame:03d} cannot take text: it is no number"),
        ({"camera": "a", "frame": None}, "row 2: frame: what is filled in is text or a number, not nothing (null)"),
        ({"camera": "a", "frame": True}, "row 2: frame: what is filled in is text or a number, not a truth value"),
        ({"camera": ["a"], "frame": 1}, "row 2: camera: what is filled in is text or a number, not a list"),
        ({"camera": "a b", "frame": 1}, "row 2: id: 'a b-001' is not 1 to 64 letters"),
        ({"camera": "a" * 61, "frame": 1}, "row 2: id: "),
        ({"camera": "a\n", "frame": 1}, "row 2: id: "),
        (7, "row 2: a row is a mapping, not int"),
    ],
)
def test_a_bad_row_is_told_with_its_number_and_place(row: Any, words: str) -> None:
    tasks = fill(TASK, [ROWS[0], row])
    next(tasks)
    with pytest.raises(ConfigurationError) as told:
        next(tasks)
    assert str(told.value).startswith(words)
    assert "secret" not in str(told.value)


def test_a_bad_template_is_told_before_the_first_row() -> None:
    with pytest.raises(ConfigurationError, match="commandLine: "):
        fill({"id": "x", "commandLine": "{"}, [])
