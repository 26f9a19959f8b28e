"""Tables of rows: CSV with a header line, or JSON objects, become the tasks of a template.

Law: pure, in constant memory but for 8 bytes a row; the chunks come from wherever they come. What is wrong is told with
the line, and the values of a row never are.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

import msgspec

from ..bulk.rows import Filler
from ..errors import ConfigurationError
from .checking import Judge, ModelFault, full_judge
from .codes import CommandError
from .portions import LIMIT, LIMIT_WORDS, Bad, Portion
from .reading import read_tasks
from .shapes import BOM, GZIP_MAGIC

_AT_ONCE = 500
_NAMED = 10
_encode = msgspec.json.Encoder().encode
_as_row = msgspec.json.Decoder(dict[str, Any]).decode


class Table:
    """Rows for a template. `told`: called with each id that is made. `tab`: CSV with tabs in place of commas."""

    def __init__(
        self,
        template: Mapping[str, Any],
        *,
        id: str | None,
        version: str,
        told: Callable[[str], object] | None,
        tab: bool = False,
    ) -> None:
        self._template = template
        self._id = id
        self._told = told
        self._tab = tab
        self._first: bytes | None = None
        self._full = full_judge(version)

    def tasks(self, chunks: Iterable[bytes], judge: Judge | None) -> Generator[Portion]:
        """The tasks of the rows. `judge`: of each task that is made; None: the rows were read before and are good."""
        rest = iter(chunks)
        head = b""
        for chunk in rest:
            head += chunk
            if len(head) > LIMIT or (len(head) >= len(BOM) and head.removeprefix(BOM).strip()):
                break
        start = head.removeprefix(BOM).lstrip()[:1]
        read = self._objects if start in (b"{", b"[") or head.startswith(GZIP_MAGIC) else self._lines
        return read(chain((head,), rest), judge)

    # JSON

    def _objects(self, chunks: Iterable[bytes], judge: Judge | None) -> Generator[Portion]:
        filler = self._filler(None)

        def made(row: bytes) -> bytes:
            try:
                values = _as_row(row)
            except msgspec.ValidationError:
                raise ModelFault("a row is a JSON object") from None
            try:
                return self._made(filler.task(values), judge)
            except ConfigurationError as error:
                raise ModelFault(str(error)) from None

        for portion in read_tasks(chunks, None if judge is None else made):
            yield msgspec.structs.replace(portion, tasks=[self._again(filler, row) for row in portion.tasks])

    def _again(self, filler: Filler, row: bytes) -> bytes:
        try:
            return self._made(filler.task(_as_row(row)), None)
        except (ConfigurationError, msgspec.MsgspecError):
            raise CommandError("the rows have changed while they were read") from None

    # CSV

    def _lines(self, chunks: Iterable[bytes], judge: Judge | None) -> Generator[Portion]:
        lines = _Lines(chunks)
        reader = csv.reader(lines, "excel-tab" if self._tab else "excel", strict=True)
        tasks: list[bytes] = []
        blank = 0
        line = 1
        try:
            header = next(filter(None, reader), None)
            if header is None:
                return
            filler = self._filler(_header(header))
            line = reader.line_num + 1
            for row in reader:
                if not row:
                    blank += 1
                elif why := self._add(tasks, row, filler, judge):
                    yield Portion(tasks, blank, Bad(line, 1, why))
                    tasks, blank = [], 0
                if len(tasks) == _AT_ONCE:
                    yield Portion(tasks, blank)
                    tasks, blank = [], 0
                line = reader.line_num + 1
            if tasks or blank:
                yield Portion(tasks, blank)
        except csv.Error as error:
            yield Portion(tasks, blank, Bad(line, 1, f"not CSV: {error}", fatal=True))
        except _LineError as error:
            yield Portion(tasks, blank, Bad(lines.number + 1, 1, str(error), fatal=True))

    def _add(self, tasks: list[bytes], row: list[str], filler: Filler, judge: Judge | None) -> str | None:
        """Make the task of a row; or say why there is none."""
        if len(row) != len(filler.names):
            return f"the row has {len(row)} fields, the header {len(filler.names)}"
        try:
            tasks.append(self._made(filler.filled(row), judge))
        except (ConfigurationError, ModelFault) as error:
            return str(error)
        return None

    # Both

    def _filler(self, columns: list[str] | None) -> Filler:
        try:
            return Filler(self._template, id=self._id, columns=columns)
        except ConfigurationError as error:
            raise CommandError(f"--template: {error}") from None

    def _made(self, task: dict[str, Any], judge: Judge | None) -> bytes:
        body = _encode(task)
        if judge is not None:
            # What is wrong with the template shows in any task.
            self._first = self._first or body
            (self._full if body == self._first else judge)(body)
            if self._told is not None:
                self._told(task["id"])
        return body


class _LineError(Exception):
    """A line that cannot be read."""


class _Lines:
    """Chunks of bytes as lines of text. `number`: how many were given."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.number = 0
        self._chunks = chunks

    def __iter__(self) -> Iterator[str]:
        held = b""
        first = True
        for chunk in self._chunks:
            held += chunk
            if first and len(held) >= len(BOM):
                held, first = held.removeprefix(BOM), False
            whole, end, held = held.rpartition(b"\n")
            if end:
                yield from self._text(whole + end)
            if len(held) > LIMIT:
                raise _LineError(f"a line is {LIMIT_WORDS}")
        if held:
            yield from self._text(held)

    def _text(self, block: bytes) -> Iterator[str]:
        for line in block.splitlines(keepends=True) if b"\r" not in block else _split(block):
            try:
                text = line.decode("utf-8")
            except UnicodeDecodeError:
                raise _LineError("the text is not UTF-8") from None
            yield text
            self.number += 1


def _split(block: bytes) -> list[bytes]:
    """At newlines alone, which bytes.splitlines does not keep to."""
    lines = [line + b"\n" for line in block.split(b"\n")]
    return lines[:-1] if block.endswith(b"\n") else [*lines[:-1], lines[-1].removesuffix(b"\n")]


def _header(names: list[str]) -> list[str]:
    if not all(name.strip() for name in names):
        raise CommandError("--rows: the first line names the columns, and one of the names is empty")
    twice = sorted(name for name, times in Counter(names).items() if times > 1)
    if twice:
        raise CommandError(f"--rows: the first line names {', '.join(twice[:_NAMED])} more than once")
    return names
