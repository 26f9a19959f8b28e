"""The input side of a run: from the source into the backlog, no faster than there is room.

Law: what is held is bounded three ways: by tasks without an outcome (and outcomes not yet read), by bytes, and
by what waits to be sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, cast

from ..errors import InputChangedError
from .backlog import Backlog
from .intake import BadTask, Prepared, RawQueue, encode, ids_of, local_error, prepare
from .lacks import Lacks
from .ledger import Ledger
from .options import Options
from .packer import MAX_TASKS, fits_alone
from .recorder import Recorder
from .source import CHUNK, Ready, Source
from .tasks import Group, Tasks

_GUESSED_BYTES = 65_536


class Feeder:
    """Reads the input, prepares tasks, and knows how much is held."""

    def __init__(
        self,
        source: Source,
        options: Options,
        backlog: Backlog,
        ledger: Ledger,
        on_change: Callable[[], None],
        lacks: Lacks,
    ) -> None:
        self.ended = False
        self.error: Exception | None = None
        self.pending_bytes = 0
        self.is_held = self.is_stopping = False
        self._source = source
        self._raw = RawQueue()
        self._recorder: Recorder | None = None
        self._resumed = 0
        self._options = options
        self._lacks = lacks
        self._backlog = backlog
        self._ledger = ledger
        self._on_change = on_change
        self._each = 0
        self._room = asyncio.Event()

    @property
    def taken(self) -> int:
        """Tasks taken from the input, those included that earlier runs have settled.

        What a resumed run still compares with what the journal knows is not taken yet.
        """
        return self._resumed + self._raw.taken

    @property
    def position(self) -> int:
        """How far the input was read."""
        return self._raw.position

    @property
    def is_whole(self) -> bool:
        """Whether all of the input was read, as far as anybody knows."""
        return self.ended and self.error is None and not self.is_stopping

    @property
    def is_empty(self) -> bool:
        """Whether the input has ended and all of it is prepared."""
        return self.ended and not len(self._raw)

    @property
    def is_full(self) -> bool:
        """Whether the bytes held, also by outcomes that nobody has read, leave no room for another task."""
        return self.pending_bytes + self._ledger.unread_bytes >= self._options.max_pending_bytes

    def resume(self, recorder: Recorder) -> None:
        """Take only what earlier runs have not settled."""
        self._recorder = recorder
        self._raw.sieve = recorder.sieve
        self._resumed = recorder.settled.done.count

    def make_room(self) -> None:
        """Something was settled or read: look again whether more can be taken."""
        self._room.set()

    async def read(self) -> None:
        """Take the input to its end; what it raises is kept in `error`."""
        try:
            while items := await self._source.read(await self._wait_for_room(), self._ready):
                self._raw.add(items)
                self._on_change()
            if self._raw.sieve is not None and not self.is_stopping:
                self._raw.sieve.end()
        except asyncio.CancelledError:
            self.is_stopping = True
            raise
        except Exception as error:  # noqa: BLE001 - whatever the caller's iterator raises
            self.error = error
        finally:
            self.ended = True
            self._on_change()

    async def stop(self) -> None:
        """Take no more, and count what was taken already."""
        items = await self._source.stop()
        if not isinstance(self.error, InputChangedError):
            # What cannot be compared any more is not taken.
            with suppress(InputChangedError):
                self._raw.add(items)

    def prepare(self) -> list[BadTask]:
        """Fill the backlog up to a full request, or up to the first items that cannot be sent, and give these."""
        packer, bad = self._backlog.packer, list[BadTask]()
        while not (packer.full or bad or self.is_full) and len(self._raw):
            most = min(MAX_TASKS if self._raw.is_encoded else packer.room, self._affordable())
            if self._recorder is not None and (first := self._raw.next) + most > self._recorder.ample:
                most = min(most, self._recorder.room(first))
                if not most:
                    break
            tasks, bad = self._prepare(most)
            size = tasks.size
            self._each = max(size // max(1, len(tasks)), self._each * 7 // 8)
            if not fits_alone(size, self._options.max_body):
                tasks = self._without_giants(tasks, bad)
                size = tasks.size
            self.pending_bytes += size
            self._backlog.admit(tasks)
        self._room.set()
        return bad

    def rest(self) -> tuple[Tasks, list[BadTask]]:
        """What was taken and not prepared, when the run is over."""
        tasks, bad = Tasks.none(), list[BadTask]()
        while len(self._raw):
            more, unsendable = self._prepare(CHUNK)
            tasks.extend(more)
            bad += unsendable
        return tasks, bad

    def _prepare(self, most: int) -> Prepared:
        first, items = self._raw.cut(most)
        tasks, bad = prepare(items, first, self._lacks)
        joined, tasks.joined = tasks.joined, None
        if self._recorder is not None:
            ids = ids_of(cast("Sequence[Any]", items)) if bad else tasks.ids
            self._recorder.read(first, ids, joined)
        return tasks, bad

    @property
    def _ready(self) -> Ready | None:
        """What the source's thread may do: not while a resumed run still compares item by item."""
        return self._encode if self._raw.sieve is None else None

    def _encode(self, items: list[Any]) -> Tasks | Group:
        return encode(items, self._lacks) or Group(items)

    async def _wait_for_room(self) -> int:
        """How many items may be read now."""
        window = self._options.window
        # Few at a time are not worth the way, unless somebody waits for each.
        least = max(1, min(MAX_TASKS, window // 10) if self._options.max_pending else min(window, CHUNK) // 2)
        while True:
            waiting = len(self._raw) + len(self._backlog.packer)
            held = self.taken - self._ledger.settled + self._ledger.unread
            room = min(window - held, 2 * CHUNK - waiting)
            if not self.is_full and room >= least:
                # An item may be a list of tasks.
                each = max(1, self._raw.position // max(1, self._source.pulled))
                room = min(room, CHUNK, self._affordable()) // each
                return max(1, room - (room % MAX_TASKS if room > MAX_TASKS else 0))
            self._room.clear()
            self.is_held = True
            await self._room.wait()
            self.is_held = False

    def _affordable(self) -> int:
        """Items that the bytes leave room for, if they are as large as those just before; few at first."""
        held = self.pending_bytes + self._ledger.unread_bytes
        return max(1, (self._options.max_pending_bytes - held) // (self._each or _GUESSED_BYTES))

    def _without_giants(self, tasks: Tasks, bad: list[BadTask]) -> Tasks:
        limit = self._options.max_body
        fitting = [at for at, body in enumerate(tasks.bodies) if fits_alone(len(body), limit)]
        for at in sorted(set(range(len(tasks))) - set(fitting)):
            text = f"{len(tasks.bodies[at])} bytes do not fit into a request of {limit}"
            bad.append(
                BadTask(tasks.ordinals[at], tasks.ids[at], local_error("RequestBodyTooLarge", text), tasks.bodies[at])
            )
        return tasks.pick(fitting)
