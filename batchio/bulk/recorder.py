"""A run's side of its journal: what is settled is written before anybody is told, what is sent was reserved before.

Law: an outcome is written before anybody is told. Until somebody asks, what is settled waits some milliseconds, so that
many answers share one write. Whatever goes wrong with the file stops the run; what the journal then lacks is sent again
by the next one.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..errors import JournalError
from .blocks import Block, Digest, Sieve
from .intake import ids_of
from .journal import RESERVE_STEP, Ending, Kind, Settled, State, ranges_record
from .journal_file import JournalFile
from .ranges import Range, Ranges, runs_of
from .report import OutcomeState, TaskOutcome
from .tasks import Tasks

if TYPE_CHECKING:
    from .engine import Engine
    from .feeder import Feeder

_SYNC_SECONDS = 1.0
_WRITE_SECONDS = 0.025
"""Settled tasks wait so long to be written together, where nobody asks for them. What a kill catches there is sent
again, as is what it catches on its way, which is more.
"""
_AHEAD = RESERVE_STEP // 4
"""So many ordinals before the end of what is reserved the next ones are."""
_KINDS = {
    OutcomeState.ADDED: Kind.ADDED,
    OutcomeState.EXISTED: Kind.EXISTED,
    OutcomeState.UNKNOWN: Kind.MAYBE,
}


class Recorder:
    """Keeps the journal of one run. `settled`: what earlier runs have done; `maybe`: what they may have done."""

    def __init__(
        self, file: JournalFile, on_failure: Callable[[BaseException], None], on_reserved: Callable[[], None]
    ) -> None:
        state = file.state
        self.settled = state.settled() if state else Settled(Ranges(), {}, {})
        self.maybe = state.maybe if state else Ranges()
        self.sieve = _sieve_of(state, self.settled.done) if state and state.known else None
        self.failure: JournalError | None = None
        self._file = file
        self._on_failure = on_failure
        self._on_reserved = on_reserved
        self._digest = self.sieve.digest if self.sieve else Digest()
        self._hashed = state.known if state else 0
        self.ample = 0
        """Tasks below this ordinal may be sent without asking for room."""
        self._reserved = 0
        self._target = 0
        self._blocks: list[Block] = []
        self._ranges: dict[Kind, list[Range]] = {kind: [] for kind in _KINDS.values()}
        self._added = self._ranges[Kind.ADDED]
        self._rejected: dict[str, list[Range]] = {}
        self._is_due = False
        self._timer: asyncio.TimerHandle | None = None
        self._is_dirty = True
        self._wanted = asyncio.Event()
        self._thread: asyncio.Future[None] | None = None
        self._loop = asyncio.get_running_loop()

    # What may be sent

    def room(self, first: int) -> int:
        """How many tasks from this ordinal on may be sent; asks for more in time."""
        if first + _AHEAD >= self._reserved == self._target:
            self._target = ((first + _AHEAD) // RESERVE_STEP + 1) * RESERVE_STEP
            self._wanted.set()
        return max(0, self._reserved - first)

    def read(self, first: int, ids: Sequence[str | None], joined: str | None = None) -> None:
        """These ids stand in the input from this ordinal on. `joined`: the same as lines, where somebody has them."""
        if first == self._digest.position and (whole := self._digest.add(ids, joined)):
            self._blocks += whole

    # What was settled

    def added(self, tasks: Tasks) -> None:
        """All of these were added."""
        ordinals = tasks.ordinals
        if tasks.packed is not None:
            # Encoded as one piece, and so in the order of the input.
            self._added.append((ordinals[0], ordinals[-1] + 1))
        else:
            self._added += runs_of(ordinals)
        if not self._is_due:
            self._due()

    def take(self, outcomes: Sequence[TaskOutcome]) -> None:
        """These were settled, each in its way. What was given up or not sent is not written: it is sent again."""
        places: dict[Kind, list[int]] = {}
        for outcome in outcomes:
            kind = _KINDS.get(outcome.state)
            if kind is not None:
                if kind is not Kind.MAYBE or outcome.index not in self.maybe:
                    places.setdefault(kind, []).append(outcome.index)
                    self._due()
            elif outcome.state is OutcomeState.REJECTED:
                code = (outcome.error.code if outcome.error else None) or "Rejected"
                self._rejected.setdefault(code, []).append((outcome.index, outcome.index + 1))
                self._due()
        for kind, ordinals in places.items():
            self._ranges[kind] += runs_of(ordinals)

    def _due(self) -> None:
        self._is_due = True
        if self._timer is None:
            self._timer = self._loop.call_later(_WRITE_SECONDS, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self.flush()

    def flush(self) -> None:
        """Write what was settled. Nobody is told an outcome before."""
        if self._is_due:
            self._is_due = False
            records = self._take_records()
            if self.failure is None:
                self._write(records)

    def _take_records(self, end: int = 0) -> bytes:
        """What there is to write, and the hash of what stands before it, or before `end`."""
        chain = self._file.chain
        blocks, self._blocks = self._blocks, []
        ranges = {kind: Ranges(places) for kind, places in self._ranges.items() if places}
        rejected = {code: Ranges(places) for code, places in self._rejected.items()}
        for pending in self._ranges.values():
            pending.clear()
        self._rejected.clear()
        if blocks:
            self._hashed = blocks[-1].end
        end = max([end, *(each.end for each in (*ranges.values(), *rejected.values()))])
        if end > self._hashed and (part := self._digest.part()) is not None:
            # No outcome without its hash: whatever is skipped later can be told from another input.
            blocks.append(part)
            self._hashed = part.end
        records = [chain.block(block) for block in blocks]
        for code, places in rejected.items():
            records += [chain.rejected(*each, code) for each in places]
        records.append(ranges_record(chain, ranges))
        return b"".join(records)

    def _write(self, data: bytes) -> None:
        try:
            self._file.write(data)
        except OSError as error:
            self._fail(error)
        else:
            self._is_dirty = True

    def _fail(self, error: BaseException) -> None:
        if self.failure is None:
            reason = (isinstance(error, OSError) and error.strerror) or str(error)
            self.failure = JournalError(f"journal {self._file.path}: {reason.lower()}")
            self.failure.__cause__ = error
            self._on_failure(self.failure)

    # The disk

    async def keep(self) -> None:
        """Bring to disk what was written, once a second, and reservations at once, until cancelled."""
        while self.failure is None:
            try:
                async with asyncio.timeout(_SYNC_SECONDS):
                    await self._wanted.wait()
            except TimeoutError:
                pass
            self._wanted.clear()
            target = self._target
            if target > self._reserved:
                self._write(self._file.chain.reserve(target))
            if self._is_dirty:
                await self._sync()
            if self.failure is None and target > self._reserved:
                self._reserved, self.ample = target, target - _AHEAD
                self._on_reserved()

    async def _sync(self) -> None:
        self._is_dirty = False
        try:
            self._thread = self._loop.run_in_executor(None, self._file.sync)
            # A thread cannot be cancelled; `close` waits for it.
            await asyncio.shield(self._thread)
        except Exception as error:  # noqa: BLE001 - the disk, or no thread is to be had: without this, no run goes on
            self._fail(error)

    async def close(self, feeder: Feeder, *, in_order: bool) -> None:
        """Write the last records and let go of the file.

        `in_order`: it is certain of every task that is not settled whether it may have been added.
        """
        if self._thread is not None:
            await asyncio.wait([self._thread])
            if error := self._thread.exception():
                self._fail(error)
        self.flush()
        if self._timer is not None:
            self._timer.cancel()
        if self.failure is None:
            data = self._take_records(self._digest.position)
            if in_order:
                data += self._file.chain.end(feeder.position, Ending.WHOLE if feeder.is_whole else Ending.STOPPED)
            self._write(data)
        if self.failure is None:
            await self._sync()
        self._file.close()


def _sieve_of(state: State, done: Ranges) -> Sieve:
    return Sieve(done, state.blocks, ids_of)


async def open_recorder(engine: Engine) -> Recorder:
    """Open or make the journal of an engine's run, in a thread; raises `ConfigurationError`."""
    loop = asyncio.get_running_loop()
    path, endpoint = os.fspath(engine.options.journal), engine.session.endpoint.url
    shard = str(engine.options.part or "")
    opening = loop.run_in_executor(None, JournalFile.open, path, endpoint, engine.job_id, datetime.now(UTC), shard)
    try:
        return Recorder(await asyncio.shield(opening), engine.stop, engine.wake)
    except asyncio.CancelledError:
        opening.add_done_callback(_close)
        raise


def _close(opening: asyncio.Future[JournalFile]) -> None:
    """Nobody wants it any more."""
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
