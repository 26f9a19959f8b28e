"""A service for millions of tasks: all that is known of a task is one byte.

Law: the service keeps facts (`scripted.laws`), exact at every moment, because it sees what its client sees; the weather
decides. Whatever happens goes into one digest, so that two runs can be told apart.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections.abc import Callable, Sequence
from functools import partial
from random import Random

import msgspec
from scripted import JOB, Act, Result
from scripted.laws import THERE, Fact
from scripted.link import Link
from scripted.service import ACCOUNT, KEY
from scripted.shape import unsigned
from scripted.wire import Head, answer, chunked_answer, error_body, half_answer

from .weather import EPOCH, Weather

PREFIX = "task-"
_SENT, _SUCCESS, _EXISTS, _OPEN = int(Fact.SENT), int(Fact.SUCCESS), int(Fact.EXISTS), int(Fact.OPEN)
_INFERRED, _DENIED, _OURS, _THEIRS, _THERE = map(int, (Fact.INFERRED, Fact.DENIED, Fact.OURS, Fact.THEIRS, THERE))


class _Task(msgspec.Struct, gc=False):
    id: str


class _Body(msgspec.Struct):
    value: list[_Task]


class Exchange:
    """One request. `heard`: the client has the answer in its hands."""

    __slots__ = ("act", "heard", "ids", "number", "numbers", "said", "size")

    def __init__(self, number: int, ids: list[str], size: int, act: Act) -> None:
        self.number = number
        self.ids = ids
        self.numbers = [number_of(task_id) for task_id in ids]
        self.size = size
        self.act = act
        self.heard = False
        self.said: list[Result] = []


def number_of(task_id: str) -> int:
    """Tasks are numbered, and their ids say the number, in either letter case."""
    return int(task_id[len(PREFIX) :])


class Crowd:
    """The tasks of one job. `facts`: what is known of each number. `theirs`, `denied`: tasks that are no success.

    `most_open`, `most_bytes`: requests and bytes in flight at the worst moment. `violations`: what no client may do.
    """

    def __init__(self, count: int, weather: Weather, dice: Random) -> None:
        self.job = JOB
        self.facts = bytearray(count)
        self.weather = weather
        self.digest = hashlib.blake2b()
        self.requests = self.most_open = self.most_bytes = 0
        self.largest = 0
        self.violations: list[str] = []
        numbers = range(count)
        self._denied = frozenset(dice.sample(numbers, count // 500))
        for number in dice.sample(numbers, count // 500):
            self.facts[number] = _THEIRS
        self._open: set[Exchange] = set()
        self._loop = asyncio.get_running_loop()
        self._decode = msgspec.json.Decoder(_Body).decode
        self._encode = msgspec.json.Encoder().encode

    @property
    def is_listening(self) -> bool:
        return not self.weather.spell(self._loop.time()).is_away

    def wall(self) -> float:
        """The time on every wall."""
        return EPOCH + self._loop.time()

    # The connection's side

    def opened(self, link: Link) -> int:
        del link
        return self.requests + 1

    def early(self, head: Head) -> bytes | None:
        del head
        return None

    def serve(self, link: Link, head: Head, body: bytes) -> Exchange:
        now = self._loop.time()
        self.requests += 1
        ids = [task.id for task in self._decode(body).value]
        act = self.weather.act(now, len(body))
        exchange = Exchange(self.requests, ids, len(body), act)
        self._look(exchange, head)
        for number in exchange.numbers:
            self.facts[number] |= _SENT
        self._open.add(exchange)
        self.most_open = max(self.most_open, len(self._open))
        self.most_bytes = max(self.most_bytes, sum(each.size for each in self._open))
        self.largest = max(self.largest, len(body))
        self.digest.update(b"%r %d " % (now, act.status) + body)
        self._later(act.wait, partial(self._process, link, exchange))
        return exchange

    def closed(self, link: Link, exchange: Exchange) -> None:
        """The client has its answer, or has gone without."""
        del link
        self._open.discard(exchange)
        if not exchange.heard:
            self._leave_open(exchange.numbers)

    def _look(self, exchange: Exchange, head: Head) -> None:
        if not 1 <= len(exchange.numbers) <= 100 or len(set(exchange.numbers)) != len(exchange.numbers):
            self.violations.append(f"#{exchange.number}: {len(exchange.numbers)} tasks, or one twice")
        if unsigned(head, ACCOUNT, [KEY], (), self.wall()) is not None:
            self.violations.append(f"#{exchange.number}: not signed as it must be")

    # What becomes of a request

    def _process(self, link: Link, exchange: Exchange) -> None:
        act = exchange.act
        now = self._loop.time()
        done = math.ceil(act.share * len(exchange.ids)) if act.status == 200 or act.share else 0
        exchange.said = [self._task(task_id, now) for task_id in exchange.ids[:done]]
        if act.hold != math.inf:
            self._later(act.hold, partial(self._finish, link, exchange))

    def _task(self, task_id: str, now: float) -> Result:
        number = number_of(task_id)
        if number in self._denied:
            return _failed(task_id, "clienterror", "InvalidPropertyValue")
        if self.weather.fails(now):
            return _failed(task_id, "servererror", "InternalError")
        if self.facts[number] & _THERE:
            return _failed(task_id, "clienterror", "TaskExists")
        self.facts[number] |= _OURS
        return {"status": "success", "taskId": task_id}

    def _finish(self, link: Link, exchange: Exchange) -> None:
        act = exchange.act
        if act.edit is not None:
            exchange.said = act.edit(exchange.said)
        if act.ending is not None:
            link.abort()
        else:
            link.send(self._answer(exchange), done=partial(self._heard, exchange))

    def _heard(self, exchange: Exchange) -> None:
        """The client knows now what the answer says, and nothing of the tasks that it does not name."""
        act, facts = exchange.act, self.facts
        if act.cut is not None:
            return
        exchange.heard = True
        if act.status != 200 or act.text is not None:
            is_certain = act.text is None and (act.status < 500 or act.code == "ServerBusy")
            if not is_certain:
                self._leave_open(exchange.numbers)
            return
        left = set(exchange.numbers)
        for item in exchange.said:
            task_id: str = item["taskId"]
            number = number_of(task_id) if task_id[: len(PREFIX)].lower() == PREFIX else -1
            if number in left:
                left.remove(number)
                facts[number] |= _meaning(item, facts[number])
        self._leave_open(left)

    def _leave_open(self, numbers: Sequence[int] | set[int]) -> None:
        for number in numbers:
            self.facts[number] |= _OPEN

    def _answer(self, exchange: Exchange) -> bytes:
        act = exchange.act
        if act.text is not None:
            return answer(act.status, act.text, act.headers, content_type=act.content_type or "application/json")
        if act.status != 200:
            return answer(act.status, error_body(act.code, "The weather."), act.headers)
        body = self._encode({"value": exchange.said})
        if act.cut is not None:
            return half_answer(200, body, chunked=act.cut == "chunked")
        return chunked_answer(body, {}) if act.chunked else answer(200, body)

    def _later(self, seconds: float, call: Callable[[], None]) -> None:
        if seconds > 0:
            self._loop.call_later(seconds, call)
        else:
            call()


def _failed(task_id: str, status: str, code: str) -> Result:
    return {"status": status, "taskId": task_id, "error": {"code": code}}


def _meaning(item: Result, before: int) -> int:
    """The fact that a result stands for."""
    if item["status"] == "success":
        return _SUCCESS
    if item["status"] != "clienterror":
        return 0
    if item["error"]["code"] != "TaskExists":
        return _DENIED
    return _EXISTS | (_INFERRED if before & _OPEN else 0)
