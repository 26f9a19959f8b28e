"""A JSON array, or the collection's `{"value": [...]}`: chunks of bytes become portions of tasks.

Law: pure, in constant memory, right for every way to cut the text into chunks. Where one task ends is guessed
from how the first ones were written, and msgspec proves the guess: if everything up to there parses as the
elements of an array, the task does end there. Only where no guess holds is the text walked.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator

import msgspec

from .checking import Judge, all_pass, fault_of
from .portions import LIMIT, LIMIT_WORDS, Bad, Place, Portion, is_utf8
from .shapes import ARRAY_HEAD, COLLECTION_HEAD
from .walking import Walk, WalkError

_split = msgspec.json.Decoder(list[msgspec.Raw]).decode
_SEAM = re.compile(rb'\}\s*,\s*\{(?:\s*"[^"\\]*")?')
_GUESSES = 4
_TAIL_LIMIT = 64 * 1024
_BEFORE_TAIL = b'{"value":[]'


def read_elements(chunks: Iterable[bytes], judge: Judge | None) -> Generator[Portion]:
    """The tasks of an array or collection that comes in chunks.

    `judge` None: the text was read before and is trusted. A bad element that is JSON is told and left out; broken
    JSON is fatal, because nobody knows where it ends.
    """
    reader = _Reader(judge)
    for chunk in chunks:
        for portion in reader.feed(chunk):
            if portion.tasks or portion.bad:
                yield portion
            if portion.bad is not None and portion.bad.fatal:
                return
    if (bad := reader.finish()) is not None:
        yield Portion([], bad=bad)


class _Reader:
    """The text that is not handed on yet; it begins where an element may begin, at `place`."""

    def __init__(self, judge: Judge | None) -> None:
        self._judge = judge
        self._text = b""
        self._place = Place()
        self._walk = Walk()
        self._seam = b""
        self._inside = False
        self._is_collection = False
        self._is_spoilt = False

    def feed(self, chunk: bytes) -> Generator[Portion]:
        """The elements that are whole now."""
        self._text += chunk
        if not self._inside and not self._enter():
            return
        if self._is_spoilt:
            yield Portion([], bad=self._bad(0, "not JSON: what stands before the array"))
            return
        if not self._seam:
            yield from self._walked(most=2)
        if self._seam and not self._walk.between:
            yield from self._guessed()
        yield from self._walked()
        if self._walk.closed and (bad := self._beyond()) is not None:
            yield Portion([], bad=bad)

    def finish(self) -> Bad | None:
        """What is wrong with the end, once all chunks are read."""
        if not self._walk.closed:
            place = self._place.after(self._text, len(self._text.rstrip()))
            return Bad(place.line, place.column, "not JSON: the text ends before the array does", fatal=True)
        if self._is_collection and not _is_json(_BEFORE_TAIL + self._text):
            return self._bad(0, "not JSON: the collection is not closed after its array")
        return None

    def _enter(self) -> bool:
        array = ARRAY_HEAD.match(self._text)
        head = array or COLLECTION_HEAD.match(self._text)
        if head is None:
            return False
        self._inside = True
        self._is_collection = array is None
        self._is_spoilt = not _is_json(head[0] + (b"]}" if self._is_collection else b"]"))
        if not self._is_spoilt:
            self._drop(head.end())
        return True

    def _drop(self, count: int) -> None:
        self._place = self._place.after(self._text, count)
        self._text = self._text[count:]

    def _bad(self, offset: int, why: str) -> Bad:
        place = self._place.after(self._text, offset)
        return Bad(place.line, place.column, why, fatal=True)

    # The fast way.

    def _guessed(self) -> Generator[Portion]:
        for end, behind in _guesses(self._text, self._seam, self._walk.at):
            tasks = _elements(self._text[:end])
            if tasks is None:
                continue
            if self._judge is not None and not _all_good(self._text[:end], tasks, self._judge):
                # The walk finds out which one, and where it stands.
                return
            yield Portion(tasks)
            self._drop(behind)
            self._walk.restart()
            return

    # The sure way.

    def _walked(self, most: int | None = None) -> Generator[Portion]:
        wrong: Bad | None = None
        try:
            spans = self._walk.spans(self._text, most)
        except WalkError as error:
            spans, wrong = error.spans, self._bad(error.offset, error.why)
        self._learn(spans)
        yield from self._sift(spans)
        if wrong is None and self._walk.at - self._walk.begin > LIMIT:
            wrong = self._bad(self._walk.begin, f"an element is {LIMIT_WORDS}")
        if wrong is not None:
            yield Portion([], bad=wrong)
        self._drop(self._walk.forget())

    def _learn(self, spans: list[tuple[int, int]]) -> None:
        if len(spans) > 1:
            seam = _SEAM.match(self._text, spans[0][1] - 1)
            if seam:
                self._seam = seam[0]

    def _sift(self, spans: list[tuple[int, int]]) -> Generator[Portion]:
        pieces = [self._text[begin:end] for begin, end in spans]
        if self._judge is None or not pieces or _all_good(self._text[: spans[-1][1]], pieces, self._judge):
            yield Portion(pieces)
            return
        tasks: list[bytes] = []
        for (begin, _), piece in zip(spans, pieces, strict=True):
            fault = fault_of(piece, self._judge)
            if fault is None:
                tasks.append(piece)
                continue
            bad = self._bad(begin + fault.offset, fault.why)
            yield Portion(tasks, bad=bad if fault.broken else msgspec.structs.replace(bad, fatal=False))
            tasks = []
        yield Portion(tasks)

    def _beyond(self) -> Bad | None:
        """What is wrong behind the array's end, as far as it was read."""
        tail = self._text
        if not self._is_collection:
            offset = len(tail) - len(tail.lstrip())
            if offset == len(tail):
                self._drop(offset)
                return None
            return self._bad(offset, "not JSON: there is more behind the end of the array")
        if len(tail) > _TAIL_LIMIT:
            return self._bad(0, "not JSON: the collection is not closed after its array")
        return None


def _guesses(text: bytes, seam: bytes, least: int) -> Iterator[tuple[int, int]]:
    """Where the last whole element may end, and where the one behind it begins; the likeliest first.

    `least`: before this nothing ends that is not known already.
    """
    if not seam:
        return
    at = len(text)
    for _ in range(_GUESSES):
        at = text.rfind(seam, least, at)
        if at < 0:
            return
        yield at + 1, text.index(b",", at) + 1


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _elements(text: bytes) -> list[bytes] | None:
    """The elements of an array with this inside, or None if it is none."""
    try:
        return list(map(bytes, _split(b"[" + text + b"]")))
    except (msgspec.MsgspecError, RecursionError):
        return None


def _all_good(text: bytes, pieces: list[bytes], judge: Judge) -> bool:
    small = len(text) <= LIMIT or max(map(len, pieces)) <= LIMIT
    return small and is_utf8(text) and all_pass(judge, pieces)
