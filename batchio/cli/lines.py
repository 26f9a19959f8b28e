"""JSON Lines: chunks of bytes become portions of tasks, one task a line.

Law: pure, and no Python a line where all lines are good; only a block with a bad or blank line is walked.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable

from .checking import Judge, all_pass, fault_of
from .portions import LIMIT, LIMIT_WORDS, Bad, Portion, characters, is_utf8


def read_lines(chunks: Iterable[bytes], judge: Judge | None) -> Generator[Portion]:
    """The tasks of a JSON Lines text that comes in chunks.

    `judge` None: the text was read before and is trusted. CRLF, blank lines and a last line without a newline
    are accepted. A line over the limit is bad and skipped in constant memory.
    """
    line = 1
    held: list[bytes] = []
    held_size = 0
    for chunk in chunks:
        cut = chunk.rfind(b"\n")
        if cut >= 0:
            start = 0
            if held_size > LIMIT:
                # The rest of a line that was told already.
                start, line = chunk.index(b"\n") + 1, line + 1
                held.clear()
            if start <= cut:
                text = b"".join((*held, memoryview(chunk)[start:cut]))
                yield from _block(text, line, judge)
                line += text.count(b"\n") + 1
            held, held_size = [], 0
        if held_size <= LIMIT:
            held.append(chunk[cut + 1 :])
            held_size += len(held[-1])
            if held_size > LIMIT:
                yield Portion([], bad=Bad(line, 1, LIMIT_WORDS))
                held.clear()
    if held_size <= LIMIT and (last := b"".join(held)):
        yield from _block(last, line, judge)


def _block(text: bytes, first: int, judge: Judge | None) -> Generator[Portion]:
    """Whole lines; `text` has no newline at its end."""
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").removesuffix(b"\r")
    lines = text.split(b"\n")
    if judge is None:
        tasks = lines if all(lines) else list(filter(None, lines))
        yield Portion(tasks, len(lines) - len(tasks))
    elif (len(text) <= LIMIT or max(map(len, lines)) <= LIMIT) and is_utf8(text) and all_pass(judge, lines):
        yield Portion(lines)
    else:
        yield from _sift(lines, first, judge)


def _sift(lines: list[bytes], first: int, judge: Judge) -> Generator[Portion]:
    tasks: list[bytes] = []
    blank = 0
    for number, line in enumerate(lines, first):
        if not line or line.isspace():
            blank += 1
            continue
        fault = fault_of(line, judge)
        if fault is None:
            tasks.append(line)
            continue
        why = fault.why + _hint(line, number) if fault.broken else fault.why
        yield Portion(tasks, blank, Bad(number, 1 + characters(line[: fault.offset]), why))
        tasks, blank = [], 0
    if tasks or blank:
        yield Portion(tasks, blank)


def _hint(line: bytes, number: int) -> str:
    """A word on the most common mistake: objects written over many lines with nothing around them."""
    if number == 1 and line.strip() == b"{":
        return '; a task over many lines needs an array or {"value": [...]} around it'
    return ""
