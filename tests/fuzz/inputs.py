"""Inputs of the command line: tasks, tables of rows, templates, sweeps."""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import msgspec

from batchio import ConfigurationError, Sweep, fill
from batchio.bulk.template import Template, is_id
from batchio.cli.checking import quick
from batchio.cli.codes import CommandError
from batchio.cli.portions import Bad
from batchio.cli.reading import read_tasks
from batchio.cli.source import Source
from batchio.cli.sweeping import axes_of, part_of
from batchio.cli.tables import Table
from batchio.service.versions import DEFAULT

from .target import Target, text_of

_folder = tempfile.TemporaryDirectory(prefix="batchio-fuzz-")
Found = tuple[list[bytes], int, list[Bad]]


def _cut(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def _gathered(portions: Any) -> Found:
    tasks, blank, bad = list[bytes](), 0, list[Bad]()
    for portion in portions:
        tasks += portion.tasks
        blank += portion.blank
        bad += [portion.bad] if portion.bad else []
    return tasks, blank, bad


def read_input(data: bytes) -> None:
    """The same tasks and the same faults however the text is cut; each task is one; no JSON array is read otherwise."""
    whole = _gathered(read_tasks([data] if data else [], quick))
    for size in {1, 7, max(1, len(data) // 2)} if len(data) < 3000 else {997}:
        assert _gathered(read_tasks(_cut(data, size), quick)) == whole, size
    tasks, blank, bad = whole
    for task in tasks:
        assert isinstance(_loads(task)["id"], str)
    for each in bad:
        assert each.line >= 1
        assert each.column >= 1
    assert all(not each.fatal for each in bad[:-1])
    if not bad:
        assert blank or _gathered(read_tasks(_cut(data, 5), None))[0] == tasks
        _agree(data, tasks)


def _agree(data: bytes, tasks: list[bytes]) -> None:
    """What Python's own reader makes of the whole."""
    try:
        found = _loads(data.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        return
    values = found if isinstance(found, list) else found.get("value", [found]) if isinstance(found, dict) else []
    if isinstance(found, dict) and len(tasks) == 1 and "id" in found:
        values = [found]
    assert [_loads(task) for task in tasks] == values


def _loads(text: bytes) -> Any:
    return json.loads(text.decode(), parse_int=str)


def read_packed(data: bytes) -> None:
    """A gzip file is unpacked, or told to be damaged."""
    path = Path(_folder.name, "tasks.jsonl.gz")
    path.write_bytes(data)
    try:
        found = b"".join(Source(str(path)).chunks())
    except CommandError as error:
        assert str(error).startswith(str(path))
        return
    assert not data or found == gzip.decompress(data)


def read_rows(data: bytes) -> None:
    """A table with any template: the same tasks however it is cut, and again when it is read again."""
    command, _, rows = data.partition(b"\n")
    template = {"id": "{a}", "commandLine": text_of(command), "requiredSlots": "{b}", "displayName": "{c:03d}"}

    def read(size: int) -> Any:
        table = Table(template, id=None, told=None, version=DEFAULT)
        try:
            found = _gathered(table.tasks(_cut(rows, size), quick))
            if not (found[1] or found[2]):
                assert _gathered(table.tasks(_cut(rows, size), None))[0] == found[0]
        except CommandError as error:
            return str(error)
        return found

    found = read(len(rows) or 1)
    assert read(3) == found
    if isinstance(found, tuple):
        for task in found[0]:
            assert is_id(msgspec.json.decode(task)["id"])


VALUES: dict[str, Any] = {"a": 7, "b": "text", "c": -1.5, "z": "x", "a b": "12"}
MOST = 1_500
"""Characters that a place may make of one of these."""


def read_template(data: bytes) -> None:
    """A template is refused, or fills as `str.format` does; it reaches nothing of a value, and makes little of it."""
    text = text_of(data)
    try:
        template = Template({"id": "x", "commandLine": text}, VALUES)
    except ConfigurationError:
        return
    try:
        built = template.build(*VALUES.values())["commandLine"]
    except (ValueError, TypeError, OverflowError):
        try:
            template.explain(VALUES.values())
        except ConfigurationError:
            return
        raise
    assert len(built) <= len(text) + MOST * len(template.places)
    built.encode()
    if not any(place.converter for place in template.places):
        assert built == text.format(**VALUES)
    list(fill({"id": "x", "commandLine": text}, [VALUES]))


def read_sweep(data: bytes) -> None:
    """Axes, a rule for ids and a command: refused, or every id is good and there once."""
    axes, rule, command = [*text_of(data).split("\n", 2), "", ""][:3]
    for read in (axes_of, part_of):
        try:
            read(axes)
        except (CommandError, ConfigurationError):
            continue
    try:
        named = axes_of(axes)
        lengths = [min(len(values), sys.maxsize) for values in named.values()]
        if 5_000 < prod(lengths) < sys.maxsize:
            return
        tasks = Sweep({"id": rule, "commandLine": command}, named)
    except (CommandError, ConfigurationError):
        return
    made = list(tasks)
    assert len(made) == len(tasks) == prod(lengths)
    ids = [task["id"] for task in made]
    assert all(map(is_id, ids))
    assert len({each.lower() for each in ids}) == len(ids)
    assert [tasks[at] for at in range(0, len(made), 7)] == made[::7]
    for task in made:
        msgspec.json.encode(task)


def input_seeds() -> Iterator[bytes]:
    """The three shapes."""
    tasks = [
        b'{"id":"a","commandLine":"x]}"}',
        b'{"id": "b", "e": [{"n": "\\"{["}], "d": {"f": 1.5}}',
        '{"id":"\u00e9"}'.encode(),
    ]
    yield b"\n".join(tasks)
    yield b"\r\n\r\n".join(tasks) + b"\r\n"
    yield b"[" + b", ".join(tasks) + b"]"
    yield b"[\n  " + b",\n  ".join(tasks * 4) + b"\n]\n"
    yield b'\xef\xbb\xbf{"odata.metadata": "x", "value": [' + b",".join(tasks) + b'], "odata.nextLink": "y"}'
    yield b"[" + b",".join(b'{"id":"t-%d"}' % number for number in range(60)) + b"]"


def packed_seeds() -> Iterator[bytes]:
    """Whole, in parts, with a name, cut."""
    for seed in input_seeds():
        yield gzip.compress(seed, mtime=0)
        yield gzip.compress(seed, mtime=0) + gzip.compress(seed, 1, mtime=0) + b"\0\0"


def row_seeds() -> Iterator[bytes]:
    """A command line, then rows."""
    yield b'render {c} {a:>8}\na,b,c\nx,1,5\n"y",2,"6"\n\nz-1,3,7\n'
    yield b'{{}}{d}\r\na,b,c,d\r\n"x",1,5,"two\r\nlines, ""quoted"""\r\n'
    yield b'x{c:c}\n{"a":"x","b":1,"c":65}\n{"a":"y","b":"2","c":"66"}\n'
    yield b'x\n[{"a":"x","b":1,"c":5},{"a":"y","b":2,"c":6.0}]'


def template_seeds() -> Iterator[bytes]:
    """Places of every kind, and what looks like one."""
    yield b"{a:06d} {b:>9} {c:.2f} {0} {a b:+,} {{x}} {a:%Y}"
    yield b"{a.__class__.__init__.__globals__} {b!r} {c[0]} {a:>{b}} {a:c}{c:_.3e}{a:#x}{b:*^7.2s}"


def sweep_seeds() -> Iterator[bytes]:
    """Axes, the rule, the command."""
    yield b"a=1..30,b=x|y|Y1\n{a}-{b}\nrender {a:c} {b!s}"
    yield b"a=0..50..5,b=-3..3\n{a:03d}_{b:02d}\n{b:+}"
    yield b"a=55290..55310\n{a:x}\n{a:c}"
    yield b"2/3\n\n"
    yield b"a=1..99,b=1..9\n{a}{b}\nx"


_BRACES = (
    b"{a}",
    b"{b:>5}",
    b"{c:.3f}",
    b"{{",
    b"}}",
    b"{a:0999999999d}",
    b"{b:<999999999}",
    b"{c:.999999999f}",
    b"!r",
    b".__class__",
    b"{a:c}",
)
INPUT = Target(
    read_input, input_seeds, (b'{"id":"a"}', b'},{"id":"', b'"value"', b'"odata.x":"y",', b"[", b"]", b"}\n{", b"\n\n")
)
PACKED = Target(read_packed, packed_seeds, (b"\x1f\x8b\x08", b"\0\0"))
ROWS = Target(read_rows, row_seeds, (*_BRACES, b",", b'"', b'""', b"\n", b"55296", b"9" * 25, b"1e5", b"\t"))
TEMPLATES = Target(read_template, template_seeds, _BRACES)
SWEEPS = Target(read_sweep, sweep_seeds, (*_BRACES, b"..", b"=", b"|", b",", b"9" * 19, b"-1", b"a=1..5", b"55296"))
