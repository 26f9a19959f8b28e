"""What the service can do to one request.

Law: an act is a value; it says how much of the request is processed, what is answered, and how badly.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from .truth import ItemError, Result

PAGE = b"<!DOCTYPE html><html><head><title>Proxy</title></head><body><h1>Something went wrong</h1></body></html>"


@dataclass(frozen=True, kw_only=True)
class Act:
    """What becomes of a request. The default is the service's normal answer.

    `share`: part of its tasks, from the front, that are processed; the others are left out of a 200 answer.
    `status` and `code`: a refusal; `text` and `content_type`: a body in place of the service's own.
    `wait`: seconds before the processing; `hold`: seconds between processing and answer (inf: never).
    `ending`: close or reset the connection in place of an answer. `cut`: promise a whole body and close after half.
    `leave`: close the connection, unannounced, after the answer. `pieces`: the answer comes in so many pieces.
    `chunked`: with a chunked transfer encoding.
    `edit`: what is done to the results of a normal answer.
    """

    share: float = 1.0
    status: int = 200
    code: str = ""
    text: bytes | None = None
    content_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    wait: float = 0.0
    hold: float = 0.0
    ending: Literal["close", "reset"] | None = None
    cut: Literal["length", "chunked"] | None = None
    leave: bool = False
    pieces: int = 1
    chunked: bool = False
    edit: Callable[[list[Result]], list[Result]] | None = None

    @property
    def honest(self) -> bool:
        """Whether the answer is whole and in the service's own words."""
        return self.ending is None and self.cut is None and self.text is None and self.hold != math.inf


NORMAL = Act()


def fail(
    status: int, code: str = "InternalError", *, share: float = 0.0, headers: Mapping[str, str] | None = None
) -> Act:
    """A refusal of the whole request with the service's error body; `share`: what is processed all the same."""
    return Act(status=status, code=code, share=share, headers=headers or {})


def drop(share: float = 0.0, *, reset: bool = False) -> Act:
    """No answer: the connection ends after `share` of the tasks was processed."""
    return Act(share=share, ending="reset" if reset else "close")


def hang(share: float = 0.0) -> Act:
    """No answer, and the connection stays open: the client's timeout must end it."""
    return Act(share=share, hold=math.inf)


def truncate(*, chunked: bool = False, share: float = 1.0) -> Act:
    """Half of a good answer, then the end of the connection."""
    return Act(share=share, cut="chunked" if chunked else "length")


def html(status: int, *, share: float = 0.0) -> Act:
    """A page of a proxy."""
    return Act(status=status, share=share, text=PAGE, content_type="text/html; charset=utf-8")


def unreadable(text: bytes = b'{"value":[{"status":"succ', *, share: float = 1.0) -> Act:
    """200 with a body of the right length that cannot be read."""
    return Act(share=share, text=text)


def results(edit: Callable[[list[Result]], list[Result]]) -> Act:
    """A normal answer whose results are changed on their way."""
    return Act(edit=edit)


def reverse(items: list[Result]) -> list[Result]:
    return items[::-1]


def shuffle(seed: int) -> Callable[[list[Result]], list[Result]]:
    def edit(items: list[Result]) -> list[Result]:
        return random.Random(seed).sample(items, len(items))  # noqa: S311 -- a seed that can be repeated

    return edit


def omit(count: int) -> Callable[[list[Result]], list[Result]]:
    """Leave out `count` results from the middle."""

    def edit(items: list[Result]) -> list[Result]:
        start = max(0, len(items) // 2 - count // 2)
        return items[:start] + items[start + count :]

    return edit


def twice(items: list[Result]) -> list[Result]:
    """Every result two times, the second one as an error."""
    error = {"code": "InternalError", "message": {"lang": "en-US", "value": "second result"}}
    seconds = [{"status": "servererror", "taskId": item["taskId"], "error": error} for item in items]
    return items + seconds


def recase(items: list[Result]) -> list[Result]:
    """Task ids in the other letter case."""
    return [{**item, "taskId": str(item["taskId"]).swapcase()} for item in items]


def strangers(items: list[Result]) -> list[Result]:
    """Results for tasks that are not in the request, before and after the others."""
    return [
        {"status": "success", "taskId": "stranger-1", "eTag": "0x1"},
        *items,
        {"status": "clienterror", "taskId": "stranger-2", "error": {"code": "InvalidPropertyValue"}},
        {"status": "servererror", "taskId": "stranger-3"},
    ]


def item_error(code: str = "InvalidPropertyValue", *, server: bool = False, message: str = "scripted") -> ItemError:
    """What the service says of one task: a client error, or a server error."""
    return ItemError("servererror" if server else "clienterror", code, message)
