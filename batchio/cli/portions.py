"""What a reader of the input hands on, and where in the input something stands.

Law: values. A portion is many tasks and at most one bad place, which comes after them.
"""

from __future__ import annotations

import msgspec

LIMIT = 4 * 1024 * 1024
"""Bytes of one task; a longer line or element is an error. The service takes less than 1 MB a request."""

LIMIT_WORDS = "longer than 4 MB"


class Bad(msgspec.Struct, frozen=True):
    """A place in the input that is no task: line and column from 1, and why.

    `fatal`: nothing behind it can be read, whatever was asked for.
    """

    line: int
    column: int
    why: str
    fatal: bool = False


class Portion(msgspec.Struct, frozen=True):
    """Tasks in the order of the input, blank lines left out, and what is bad behind the last of them."""

    tasks: list[bytes]
    blank: int = 0
    bad: Bad | None = None


class Place(msgspec.Struct, frozen=True):
    """A place in the input: line and column, both from 1; columns count characters."""

    line: int = 1
    column: int = 1

    def after(self, text: bytes, end: int) -> Place:
        r"""The place behind the first `end` bytes of `text`, which begins here.

        >>> Place(3, 5).after(b"ab", 2), Place(3, 5).after(b"a\nbc", 4)
        (Place(line=3, column=7), Place(line=4, column=3))
        """
        last = text.rfind(b"\n", 0, end)
        if last < 0:
            return Place(self.line, self.column + characters(text[:end]))
        return Place(self.line + text.count(b"\n", 0, end), 1 + characters(text[last + 1 : end]))


def characters(text: bytes) -> int:
    """How many characters the bytes are; what is no UTF-8 counts as something."""
    return len(text) if text.isascii() else len(text.decode("utf-8", "replace"))


def is_utf8(text: bytes) -> bool:
    """Whether the bytes are UTF-8 to the end."""
    if text.isascii():
        return True
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
