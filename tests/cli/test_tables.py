"""Rows and sweeps as the command line reads them: pure, however the input is cut into chunks."""

from __future__ import annotations

import csv
import doctest
import gzip
import io
import json
import tracemalloc
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchio.cli import going_on, sweeping
from batchio.cli.checking import quick
from batchio.cli.codes import CommandError
from batchio.cli.inputs import read_object
from batchio.cli.portions import Bad
from batchio.cli.tables import Table
from batchio.service.versions import DEFAULT

TASK = {"id": "t-{frame:03d}", "commandLine": "render {camera}", "displayName": "{note}"}
NOTES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)


def read(text: bytes, cuts: list[int] | None = None, **more: Any) -> tuple[list[Any], list[Bad], list[str]]:
    told: list[str] = []
    table = Table(TASK, id=None, version=DEFAULT, told=told.append, **more)
    ends = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts or [])})
    chunks = [text[start:end] for start, end in pairwise(ends)]
    portions = list(table.tasks(chunks, quick))
    tasks = [json.loads(task) for portion in portions for task in portion.tasks]
    bad = [portion.bad for portion in portions if portion.bad]
    if not bad:
        assert [json.loads(task) for portion in table.tasks(chunks, None) for task in portion.tasks] == tasks
    return tasks, bad, told


@given(notes=st.lists(NOTES, max_size=6), cuts=st.lists(st.integers(0, 10_000), max_size=8), data=st.data())
def test_csv_however_it_is_cut(notes: list[str], cuts: list[int], data: st.DataObject) -> None:
    text = io.StringIO(newline="")
    end = data.draw(st.sampled_from(["\n", "\r\n"]))
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator=end)
    writer.writerow(["note", "frame", "camera"])
    writer.writerows([note, at, "a"] for at, note in enumerate(notes))
    mark = data.draw(st.sampled_from([b"", b"\xef\xbb\xbf"]))
    tasks, bad, told = read(mark + text.getvalue().encode(), cuts)
    assert bad == []
    # An empty field is an empty text.
    assert [task["displayName"] for task in tasks] == notes
    assert told == [task["id"] for task in tasks] == [f"t-{at:03d}" for at in range(len(notes))]


@given(notes=st.lists(NOTES, max_size=6), cuts=st.lists(st.integers(0, 10_000), max_size=8), array=st.booleans())
def test_json_however_it_is_cut(notes: list[str], cuts: list[int], *, array: bool) -> None:
    rows = [{"note": note, "frame": at, "camera": "a", "more": {"unused": None}} for at, note in enumerate(notes)]
    text = json.dumps(rows) if array else "".join(json.dumps(row) + "\n" for row in rows)
    tasks, bad, _ = read(text.encode(), cuts)
    assert bad == []
    assert [task["displayName"] for task in tasks] == notes
    assert [task["id"] for task in tasks] == [f"t-{at:03d}" for at in range(len(notes))]


HEADER = b"note,frame,camera\n"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (HEADER + b"n,1,a\nn,x,a\n", (3, 1, "id: {frame:03d} cannot take text: it is no number")),
        (HEADER + b'"two\nlines",1,a\nn,1\n', (4, 1, "the row has 2 fields, the header 3")),
        (HEADER + b"n,1,a,b\n", (2, 1, "the row has 4 fields, the header 3")),
        (HEADER + b"n,1,a\n\xff,1,a\n", (3, 1, "the text is not UTF-8")),
        (HEADER + b'n,1,"a\n', (2, 1, "not CSV: unexpected end of data")),
        (HEADER + b'n,1,"a"b\n', (2, 1, "not CSV: ',' expected after '\"'")),
        (b'{"note":"n","frame":1}\n', (1, 1, "there is no camera, which the template needs")),
        (b'{"note":"n","frame":1,"camera":null}\n', (1, 1, "camera: what is filled in is text or a number, not")),
        (b"\n [1]\n", (2, 3, "a row is a JSON object")),
        (b'{"note":"n","frame":1,"camera":"a"}\n{"note"\n', (2, 8, "not JSON")),
        (b"\x1f\x8b", (1, 1, "this is gzip data")),
    ],
)
def test_a_bad_row_is_told_with_its_line(text: bytes, place: tuple[int, int, str]) -> None:
    _, (bad, *_), _ = read(text)
    assert (bad.line, bad.column) == place[:2]
    assert bad.why.startswith(place[2])


def test_blank_lines_are_left_out() -> None:
    tasks, bad, _ = read(b"note,frame,camera\n\n,1,a\n\r\n,2,a")
    assert ([task["id"] for task in tasks], bad) == (["t-001", "t-002"], [])


def test_tabs() -> None:
    tasks, _, _ = read(b"note\tframe\tcamera\na,b\t1\tc\n", tab=True)
    assert tasks[0]["displayName"] == "a,b"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"note,frame\n", "--template: commandLine: {camera} names nothing that is there (note, frame)"),
        (b"note,,frame\n", "--rows: the first line names the columns, and one of the names is empty"),
        (b"note,frame,note\n", "--rows: the first line names note more than once"),
    ],
)
def test_a_bad_header(text: bytes, words: str) -> None:
    with pytest.raises(CommandError) as told:
        read(text)
    assert str(told.value).startswith(words)


def test_a_header_of_very_many_names_is_read() -> None:
    names = [b"c%d" % number for number in range(30_000)]
    tasks, bad, _ = read(b",".join([b"note", b"frame", b"camera", *names]) + b"\na,1,c" + b"," * len(names))
    assert ([task["id"] for task in tasks], bad) == (["t-001"], [])
    with pytest.raises(CommandError) as told:
        read(b",".join([b"note", *names, *names]))
    assert len(str(told.value)) < 300


@pytest.mark.parametrize("text", ["n=1.." + "9" * 5_000, "n=1..9999999999999999999", "n=1..2.." + "9" * 5_000])
def test_an_axis_of_endless_digits(text: str) -> None:
    with pytest.raises(CommandError, match="a range is whole numbers of at most 18 digits"):
        sweeping.axes_of(text)
    with pytest.raises(CommandError, match="--shard: 1/N to N/N"):
        sweeping.part_of("1/" + "9" * 5_000)


def test_what_is_wrong_with_the_template_shows_in_the_first_row() -> None:
    for text in (b"n\n1\n2\n", b'{"n": 1}\n{"n": 2}\n'):
        table = Table({"id": "{n}", "commandLine": "x", "requiredSlots": "n-{n}"}, id=None, version=DEFAULT, told=None)
        (bad,) = [portion.bad for portion in table.tasks([text], quick) if portion.bad]
        assert "requiredSlots: expected a whole number, not a string" in bad.why


def test_a_line_without_an_end_is_not_held() -> None:
    table = Table(TASK, id=None, version=DEFAULT, told=None)
    *_, last = table.tasks([HEADER, *[b"x" * 1_000_000] * 6], quick)
    assert last.bad is not None
    assert (last.bad.line, last.bad.why, last.bad.fatal) == (2, "a line is longer than 4 MB", True)


@pytest.mark.parametrize("module", [sweeping, going_on])
def test_examples_in_docstrings(module: Any) -> None:
    found = doctest.testmod(module)
    assert (found.failed, found.attempted > 0) == (0, True)


def test_blanks_without_an_end_are_not_held() -> None:
    tracemalloc.start()
    try:
        *_, last = Table(TASK, id=None, told=None, version=DEFAULT).tasks((b" " * 500_000 for _ in range(80)), quick)
        assert tracemalloc.get_traced_memory()[1] < 25_000_000
    finally:
        tracemalloc.stop()
    assert last.bad is not None
    assert last.bad.why == "a line is longer than 4 MB"


def test_a_template_that_is_far_too_long(tmp_path: Path) -> None:
    packed = tmp_path / "task.json.gz"
    packed.write_bytes(gzip.compress(b" " * 50_000_000, 1))
    with pytest.raises(CommandError) as told:
        read_object("--template", str(packed))
    assert str(told.value) == f"--template {packed}: longer than 4 MB"
