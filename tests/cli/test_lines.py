"""JSON Lines: every line is a task or told, wherever the chunks end."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchio.cli.checking import quick
from batchio.cli.lines import read_lines
from batchio.cli.portions import Bad

from .test_elements import TASKS, pieces

QUICKLY = settings(max_examples=60)


def read(text: bytes, size: int, judge: Any = quick) -> tuple[list[bytes], int, list[Bad]]:
    tasks: list[bytes] = []
    bad: list[Bad] = []
    blank = 0
    for portion in read_lines(pieces(text, size), judge):
        tasks += portion.tasks
        blank += portion.blank
        bad += [portion.bad] if portion.bad else []
    return tasks, blank, bad


@st.composite
def texts(draw: st.DrawFn) -> tuple[bytes, list[bytes], int, list[int]]:
    """A text, its tasks, the number of its blank lines, the numbers of its bad lines."""
    lines: list[bytes] = []
    tasks: list[bytes] = []
    blank, bad = 0, []
    for number in range(1, draw(st.integers(0, 12)) + 1):
        kind = draw(st.sampled_from(["task", "task", "task", "blank", "bad"]))
        if kind == "task":
            line = json.dumps(draw(TASKS), ensure_ascii=draw(st.booleans())).encode()
            tasks.append(line)
        elif kind == "blank":
            line = draw(st.sampled_from([b"", b" ", b"\t  "]))
            blank += 1
        else:
            line = draw(
                st.sampled_from([b"{", b"7", b'{"id":1}', b"{}", b"\xff", b'{"id":"a"}}', b'{"id":"a","x":"\xff"}'])
            )
            bad.append(number)
        lines.append(line)
    newline = draw(st.sampled_from([b"\n", b"\r\n"]))
    text = newline.join(lines)
    if lines and (not lines[-1] or draw(st.booleans())):
        text += newline
    return text, tasks, blank, bad


@QUICKLY
@given(texts(), st.integers(1, 80))
def test_each_line_is_a_task_or_blank_or_told(case: tuple[bytes, list[bytes], int, list[int]], size: int) -> None:
    text, tasks, blank, bad = case
    found, blanks, told = read(text, size)
    assert [line.rstrip(b"\r") for line in found] == tasks
    assert blanks == blank
    assert [each.line for each in told] == bad


@QUICKLY
@given(st.lists(TASKS, max_size=12), st.integers(1, 80), st.booleans())
def test_a_trusted_text_is_only_split(tasks: list[Any], size: int, end: bool) -> None:  # noqa: FBT001 - Hypothesis
    lines = [json.dumps(task).encode() for task in tasks]
    text = b"\n\n".join(lines) + (b"\n" if end else b"")
    found, _, bad = read(text, size, None)
    assert (found, bad) == (lines, [])


@pytest.mark.parametrize(
    ("text", "line", "column", "why"),
    [
        (b'{"id":"a"}\n{"id":"b"', 2, 10, "Expecting ',' delimiter"),
        (b'{"id":"a"}\n\n  {"id":7}\n', 3, 3, "id is not a string"),
        ('{"id":"é","x":?}'.encode(), 1, 15, "Expecting value"),
        ('{"id":"é","x":"'.encode() + b'\xc3"}', 1, 16, "not UTF-8"),
        (b'{"id":"a"}\n[1]\n', 2, 1, "a task is a JSON object, not array"),
        (b'{"id":"a"} {"id":"b"}\n', 1, 12, "Extra data"),
        (b'{"id":"a","x":"\\ud800"}\n', 1, 16, "surrogate"),
        (b'{"id":"a","x":NaN}', 1, 15, "invalid value"),
        (b'{"id":"a","x":"tab\there"}', 1, 19, "Invalid control character"),
        (b'{"id":"a","x":' + b"9" * 5000 + b' "y"}', 1, 5016, "Expecting ',' delimiter"),
        (b"nothing", 1, 1, "Expecting value"),
        (b'{\n  "id": "a"\n}\n', 1, 2, 'needs an array or {"value": [...]} around it'),
        (b'{"id":"a","x":' + b"[" * 5000 + b"]" * 5000 + b"}", 1, 1, "nested too deeply"),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 20_000])
def test_errors_say_where(text: bytes, line: int, column: int, why: str, size: int) -> None:
    bad = read(text, size)[2]
    assert (bad[0].line, bad[0].column) == (line, column)
    assert why in bad[0].why


@pytest.mark.parametrize("size", [10, 700, 5000])
@pytest.mark.parametrize("end", [b"", b"\n", b'\n{"id":"c"}', b'\n{"id":"c"}\n'])
def test_a_line_over_the_limit_is_skipped(monkeypatch: pytest.MonkeyPatch, size: int, end: bytes) -> None:
    for module in ("lines", "checking"):
        monkeypatch.setattr(f"batchio.cli.{module}.LIMIT", 1000)
    long = json.dumps({"id": "b", "x": "y" * 2500}).encode()
    tasks, _, bad = read(b'{"id":"a"}\n' + long + end, size)
    assert tasks == [b'{"id":"a"}', b'{"id":"c"}'][: 2 if b"c" in end else 1]
    assert [(each.line, each.column, each.why) for each in bad] == [(2, 1, "longer than 4 MB")]


def test_the_error_does_not_quote_the_line() -> None:
    for text in (b'{"id":"a","sas":"https://x?sig=SECRET"', b'{"name":"SECRET"}', b'{"id":["SECRET"]}', b"SECRET"):
        assert "SECRET" not in read(text, 100)[2][0].why
