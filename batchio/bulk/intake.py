"""Input items become ids, keys and bytes.

Law: pure. Per task only what must be: that it encodes, that its id is a string, that bytes are one JSON
object. A group of one kind is handled with list operations; anything else is walked.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from ..errors import VersionError
from ..models import BatchError, ErrorMessage, TaskAddParameter
from .lacks import Lacks
from .tasks import Tasks

Task = TaskAddParameter | Mapping[str, Any] | bytes
"""One task: a model, a mapping in wire shape, or its JSON."""


class _Identity(msgspec.Struct):
    id: str


class RawQueue:
    """Items as they were taken from the input, lists of them opened, in order."""

    def __init__(self) -> None:
        self.taken = 0
        self._lists: deque[Sequence[Any]] = deque()
        self._at = 0
        self.given = 0

    def __len__(self) -> int:
        return self.taken - self.given

    def add(self, items: Sequence[Any]) -> None:
        """Take items; where the first is a list or tuple, such items stand for their own items."""
        if items and not isinstance(items[0], list | tuple):
            self._add(items)
            return
        for item in items:
            self._add(item if isinstance(item, list | tuple) else (item,))

    def cut(self, most: int) -> tuple[int, Sequence[Any]]:
        """The next items, all from one list, and the ordinal of the first."""
        first, head = self.given, self._lists[0]
        items = head[self._at : self._at + most]
        self._at += len(items)
        self.given += len(items)
        if self._at >= len(head):
            self._lists.popleft()
            self._at = 0
        return first, items

    def _add(self, items: Sequence[Any]) -> None:
        if items:
            self._lists.append(items)
            self.taken += len(items)


class BadTask(msgspec.Struct, frozen=True):
    """An item of the input that cannot be sent."""

    ordinal: int
    task_id: str | None
    error: BatchError
    body: bytes | None = None


Prepared = tuple[Tasks, list[BadTask]]

_encoder = msgspec.json.Encoder()
_identify = msgspec.json.Decoder(_Identity).decode
_UNREADABLE = (
    msgspec.MsgspecError,
    TypeError,
    ValueError,
    KeyError,
    UnicodeError,
    RecursionError,
    OverflowError,
    VersionError,
)


def prepare(items: Sequence[Any], first: int, lacks: Lacks | None = None) -> Prepared:
    """Encode `items`, whose ordinals begin with `first`; `lacks`: what the api-version does not have."""
    kinds = set(map(type, items))
    if len(kinds) == 1:
        fast = _FAST.get(kinds.pop())
        if fast is not None:
            try:
                ids, bodies, packed = fast(items)
                # An id that is no string raises here.
                keys = fold(ids)
            except _UNREADABLE:
                return _walk(items, first, lacks)
            if lacks and lacks.may_stand_in(packed or b"".join(bodies or ())):
                return _walk(items, first, lacks)
            return Tasks(list(range(first, first + len(items))), ids, keys, bodies, packed=packed), []
    return _walk(items, first, lacks)


def fold(ids: list[str]) -> list[str]:
    """The ids as the service compares them: without regard to letter case, which only ASCII letters have."""
    joined = "\n".join(ids)
    if joined.isascii():
        lower = joined.lower()
        if lower == joined:
            return ids.copy()
        keys = lower.split("\n")
        if len(keys) == len(ids):
            return keys
    return [each.lower() if each.isascii() else each for each in ids]


def local_error(code: str, text: str) -> BatchError:
    """An error of ours in the service's shape."""
    return BatchError(code=code, message=ErrorMessage(lang="en-us", value=text))


_Group = tuple[list[str], list[bytes] | None, bytes | None]
"""Ids, and either the bodies or the request that carries them all."""


def _models(items: Sequence[TaskAddParameter]) -> _Group:
    return [item.id for item in items], None, _encoder.encode({"value": items})


def _mappings(items: Sequence[dict[str, Any]]) -> _Group:
    return [item["id"] for item in items], None, _encoder.encode({"value": items})


def _encoded(items: Sequence[bytes]) -> _Group:
    bodies = list(items)
    if b"\n" in b"".join(bodies):
        bodies = [_one_line(body) for body in bodies]
    return [found.id for found in map(_identify, bodies)], bodies, None


def _one_line(body: bytes) -> bytes:
    return msgspec.json.format(body, indent=-1) if b"\n" in body else body


_FAST: dict[type, Callable[[Any], _Group]] = {
    TaskAddParameter: _models,
    dict: _mappings,
    bytes: _encoded,
}


def _walk(items: Sequence[Any], first: int, lacks: Lacks | None) -> Prepared:
    tasks = Tasks.none()
    bad: list[BadTask] = []
    for ordinal, item in enumerate(items, first):
        task_id = _id_of(item)
        try:
            task_id, body = _one(item)
            if lacks:
                lacks.check(body)
        except _UNREADABLE as error:
            bad.append(BadTask(ordinal, task_id, local_error("InvalidTask", _reason(item, error)), _bytes_of(item)))
        else:
            tasks.append(ordinal, task_id, fold([task_id])[0], body)
    return tasks, bad


def _one(item: Any) -> tuple[str, bytes]:
    if isinstance(item, bytes | bytearray | memoryview):
        body = _one_line(bytes(item))
        return _identify(body).id, body
    if isinstance(item, TaskAddParameter):
        task_id: Any = item.id
    elif isinstance(item, Mapping):
        item = item if isinstance(item, dict) else dict(item)
        task_id = item["id"]
    else:
        raise TypeError(f"a task is a TaskAddParameter, a mapping in wire shape or bytes, not {type(item).__name__}")
    if not isinstance(task_id, str):
        raise TypeError(f"the id is a string, not {type(task_id).__name__}")
    return task_id, _one_line(_encoder.encode(item))


def _reason(item: Any, error: Exception) -> str:
    if isinstance(error, KeyError):
        return "the task has no id" if isinstance(item, Mapping) and "id" not in item else f"no such key: {error}"
    return f"the task cannot be sent: {error}"


def _id_of(item: Any) -> str | None:
    found = item.get("id") if isinstance(item, Mapping) else getattr(item, "id", None)
    return found if isinstance(found, str) else None


def _bytes_of(item: Any) -> bytes | None:
    return bytes(item) if isinstance(item, bytes | bytearray | memoryview) else None
