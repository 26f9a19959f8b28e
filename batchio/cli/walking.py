"""The walk through the inside of a JSON array, from structural character to structural character.

Law: pure; it finds where elements begin and end and judges nothing inside of them. It can stop anywhere and go
on when more text has come, without reading anything twice.
"""

from __future__ import annotations

import re

# The next thing that matters inside of an element: a whole string, a bracket, or the quote of a string that is
# not whole yet.
_MARK = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\]"]', re.DOTALL)
_SPACE = re.compile(rb"[ \t\r\n]*+")
_SCALAR = re.compile(rb'[^ \t\r\n,\[\]{}":]++')
_OPEN, _CLOSE = b"{[", b"}]"
_QUOTE, _COMMA, _END = b'",]'


class WalkError(Exception):
    """The text is no inside of an array. `offset`: where. `spans`: the elements before that."""

    def __init__(self, why: str, offset: int, spans: list[tuple[int, int]]) -> None:
        super().__init__(why)
        self.why = why
        self.offset = offset
        self.spans = spans


class Walk:
    """`at`: how far the text is walked. `begin`: where the element that is not whole begins, or `at`.

    `closed`: the array's end was found.
    """

    def __init__(self) -> None:
        self.at = 0
        self.begin = 0
        self.closed = False
        self._depth = 0
        self._expects = "element or end"

    def restart(self) -> None:
        """The text was cut behind a comma: an element comes next, at its start."""
        self.at = self.begin = self._depth = 0
        self._expects = "element"

    def forget(self) -> int:
        """How much of the text is done with; the caller cuts it off."""
        done = self.begin
        self.at -= done
        self.begin = 0
        return done

    @property
    def between(self) -> bool:
        """Whether an element has ended and neither a comma nor the array's end was seen since."""
        return self._expects == "comma or end"

    def spans(self, text: bytes, most: int | None = None) -> list[tuple[int, int]]:
        """Begin and end of the elements that are whole by now, in `text` as it is since the last `forget`.

        `most`: stop before the next one begins.
        """
        found: list[tuple[int, int]] = []
        while not self.closed and (len(found) != most or self.between):
            if self._depth:
                if not self._through(text):
                    return found
                self._found(found)
                continue
            self.at = self.begin = _end(_SPACE, text, self.at)
            if self.at >= len(text) or not self._outside(text, found):
                return found
        return found

    def _outside(self, text: bytes, found: list[tuple[int, int]]) -> bool:
        """One step between elements; whether it could be made."""
        mark = text[self.at]
        if self._expects == "comma or end":
            if mark not in (_COMMA, _END):
                raise WalkError("not JSON: expected ',' or ']' after an element", self.at, found)
            self._expects = "element"
        elif mark == _END and self._expects == "element or end":
            pass
        elif mark in _CLOSE or mark in b",:":
            raise WalkError(f"not JSON: expected a task, not '{chr(mark)}'", self.at, found)
        elif mark in _OPEN:
            self._depth, self.at = 1, self.at + 1
            return True
        else:
            return self._scalar(text, found)
        self.closed = mark == _END
        self.at += 1
        self.begin = self.at
        return True

    def _through(self, text: bytes) -> bool:
        """Walk to the end of the element; whether it was reached."""
        depth = self._depth
        for mark in _MARK.finditer(text, self.at):
            first = text[mark.start()]
            if first in _OPEN:
                depth += 1
            elif first in _CLOSE:
                depth -= 1
                if not depth:
                    self._depth, self.at = 0, mark.end()
                    return True
            elif mark.end() - mark.start() == 1:
                # A string that is not whole: begin with it when more has come.
                self._depth, self.at = depth, mark.start()
                return False
        self._depth, self.at = depth, len(text)
        return False

    def _scalar(self, text: bytes, found: list[tuple[int, int]]) -> bool:
        """An element that is a string, a number or a word: no task, but it has an end."""
        if text[self.at] == _QUOTE:
            mark = _MARK.match(text, self.at)
            if mark is None or mark.end() - mark.start() == 1:
                return False
            self.at = mark.end()
        else:
            end = _end(_SCALAR, text, self.at)
            if end == len(text):
                return False
            self.at = end
        self._found(found)
        return True

    def _found(self, found: list[tuple[int, int]]) -> None:
        found.append((self.begin, self.at))
        self.begin = self.at
        self._expects = "comma or end"


def _end(pattern: re.Pattern[bytes], text: bytes, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at
