"""Input items become ids, keys and bytes.

Law: pure. Per task only what must be: that it encodes, that its id is a string, that bytes are one JSON
object. A group of one kind is handled with list operations; anything else is walked.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, cast

import msgspec

from ..models import BatchError, ErrorMessage, TaskAddParameter
from ..session.reading import as_dict, kind_of
from .lacks import Lacks
from .tasks import Group, Tasks

if TYPE_CHECKING:
    from .blocks import Sieve

Task = TaskAddParameter | Mapping[str, Any] | bytes
"""One task: a model, a mapping in wire shape, or its JSON."""


class _Identity(msgspec.Struct):
    id: str


class RawQueue:
    """Items as they were taken from the input, lists of them opened, in order.

    `sieve`: takes out what earlier runs have done. `taken` and `given` count what is left; `position`: the ordinal
    that comes next, `next`: that of the item that is given next.
    """

    def __init__(self, sieve: Sieve | None = None) -> None:
        self.taken = 0
        self.given = 0
        self.position = 0
        self.sieve = sieve
        self._of_lists: bool | None = None
        self._lists: deque[tuple[int, Sequence[Any] | Tasks]] = deque()
        self._at = 0

    def __len__(self) -> int:
        return self.taken - self.given

    @property
    def next(self) -> int:
        """Where there is one."""
        return self._lists[0][0] + self._at

    @property
    def is_encoded(self) -> bool:
        """Whether the next items are, as far as that goes."""
        return isinstance(self._lists[0][1], Tasks)

    def add(self, items: Sequence[Any]) -> None:
        """Take items. Groups and what is encoded stand for their items; so do lists and tuples where the very first
        item of the input is one, and not where they come later, however the input is cut.
        """
        if not items:
            return
        is_taken_together = isinstance(items[0], Tasks | Group)
        if self._of_lists is None:
            self._of_lists = not is_taken_together and isinstance(items[0], list | tuple)
        if not self._of_lists and not is_taken_together:
            self._add(items)
            return
        for item in items:
            self._add(item if isinstance(item, _MANY) else (item,))

    def cut(self, most: int) -> tuple[int, Sequence[Any] | Tasks]:
        """The next items, all from one list, and the ordinal of the first."""
        first, head = self._lists[0]
        first += self._at
        items = _part(head, self._at, self._at + most)
        self._at += len(items)
        self.given += len(items)
        if self._at >= len(head):
            self._lists.popleft()
            self._at = 0
        return first, items

    def _add(self, items: Sequence[Any] | Tasks) -> None:
        if not len(items):
            return
        if self.sieve is None:
            self.put(self.position, items)
        else:
            # Item by item: nothing is encoded ahead as long as there is a sieve.
            for first, some in self.sieve.sift(cast("Sequence[Any]", items)):
                self.put(first, some)
            if self.sieve.is_through:
                self.sieve = None
        self.position += len(items)

    def put(self, first: int, items: Sequence[Any] | Tasks) -> None:
        """Queue items whose ordinals begin with `first`."""
        self._lists.append((first, items))
        self.taken += len(items)


def _part(items: Sequence[Any] | Tasks, start: int, stop: int) -> Sequence[Any] | Tasks:
    if isinstance(items, Tasks):
        return items if start == 0 and stop >= len(items) else items.pick(range(start, min(stop, len(items))))
    return items[start:stop]


class BadTask(msgspec.Struct, frozen=True):
    """An item of the input that cannot be sent."""

    ordinal: int
    task_id: str | None
    error: BatchError
    body: bytes | None = None


Prepared = tuple[Tasks, list[BadTask]]

_id_field, _id_key = attrgetter("id"), itemgetter("id")
_MANY = (list, tuple, Tasks)
_encoder = msgspec.json.Encoder(enc_hook=as_dict)
_identify = msgspec.json.Decoder(_Identity).decode


def prepare(items: Sequence[Any] | Tasks, first: int, lacks: Lacks | None = None) -> Prepared:
    """Encode `items`, whose ordinals begin with `first`; `lacks`: what the api-version does not have."""
    tasks = items if isinstance(items, Tasks) else encode(items, lacks)
    if tasks is None:
        return _walk(cast("Sequence[Any]", items), first, lacks)
    tasks.ordinals = range(first, first + len(tasks))
    return tasks, []


def encode(items: Sequence[Any], lacks: Lacks | None = None) -> Tasks | None:
    """Items of one kind as tasks, whose ordinals begin with 0; None where each has to be looked at."""
    kinds = set(map(type, items))
    fast = _FAST.get(kinds.pop()) if len(kinds) == 1 else None
    if fast is None:
        return None
    try:
        ids, bodies, packed = fast(items)
        # An id that is no string raises here.
        joined = "\n".join(ids)
        keys = fold(ids, joined)
    except Exception:  # noqa: BLE001 - an object of the caller's may raise anything when it is looked at
        return None
    if lacks and lacks.may_stand_in(packed or b"".join(bodies or ())):
        return None
    return Tasks(range(len(items)), ids, keys, bodies, packed=packed, joined=joined)


def fold(ids: list[str], joined: str | None = None) -> list[str]:
    """The ids as the service compares them: without regard to letter case, which only ASCII letters have.

    `joined`: the ids as lines, where somebody has them.
    """
    if joined is None:
        joined = "\n".join(ids)
    if joined.isascii():
        lower = joined.lower()
        if lower == joined:
            return ids.copy()
        keys = lower.split("\n")
        if len(keys) == len(ids):
            return keys
    return [each.lower() if each.isascii() else each for each in ids]


def ids_of(items: Sequence[Any]) -> list[str | None]:
    """The ids alone, the same that `prepare` finds; None where it finds none."""
    kinds = set(map(type, items))
    if len(kinds) == 1:
        try:
            ids = _IDS[kinds.pop()](items)
            # An id that is no string raises here.
            "".join(ids)
        except Exception:  # noqa: BLE001, S110 - as above; then they are looked at one by one
            pass
        else:
            return list(ids)
    return [_id_or_none(item) for item in items]


def local_error(code: str, text: str) -> BatchError:
    """An error of ours in the service's shape."""
    return BatchError(code=code, message=ErrorMessage(lang="en-us", value=text))


_Group = tuple[list[str], list[bytes] | None, bytes | None]
"""Ids, and either the bodies or the request that carries them all."""


def _models(items: Sequence[TaskAddParameter]) -> _Group:
    return list(map(_id_field, items)), None, _encoder.encode({"value": items})


def _mappings(items: Sequence[dict[str, Any]]) -> _Group:
    return list(map(_id_key, items)), None, _encoder.encode({"value": items})


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
        task_id = given = None
        try:
            given = _bytes_of(item)
            task_id = _id_of(item)
            task_id, body = _one(item)
            if lacks:
                lacks.check(body)
        except Exception as error:  # noqa: BLE001 - as above: it is one bad task
            bad.append(BadTask(ordinal, task_id, local_error("InvalidTask", _reason(error)), given))
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
        item = _plain(item)
        task_id = item["id"]
    else:
        raise TypeError(f"a task is a TaskAddParameter, a mapping in wire shape or bytes, not {kind_of(item)}")
    if not isinstance(task_id, str):
        raise TypeError(f"the id is a string, not {type(task_id).__name__}")
    return task_id, _one_line(_encoder.encode(item))


def _plain(item: Mapping[str, Any]) -> dict[str, Any]:
    """What is encoded of a mapping: whatever a class of its own makes of a name, the id is the one that is sent."""
    return item if type(item) is dict else dict(item)


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return "the task has no id" if error.args == ("id",) else f"no such key: {error}"
    return f"the task cannot be sent: {str(error) or type(error).__name__}"


def _id_of(item: Any) -> str | None:
    found = _plain(item).get("id") if isinstance(item, Mapping) else getattr(item, "id", None)
    return found if isinstance(found, str) else None


def _id_or_none(item: Any) -> str | None:
    try:
        return _identify(item).id if isinstance(item, bytes | bytearray | memoryview) else _id_of(item)
    except Exception:  # noqa: BLE001 - as above
        return None


_IDS: dict[type, Callable[[Any], list[str]]] = {
    TaskAddParameter: lambda items: list(map(_id_field, items)),
    dict: lambda items: list(map(_id_key, items)),
    bytes: lambda items: [found.id for found in map(_identify, items)],
}


def _bytes_of(item: Any) -> bytes | None:
    return bytes(item) if isinstance(item, bytes | bytearray | memoryview) else None
