"""One submission from its first task to its last outcome.

Law: the engine waits and sends; what to do is decided by packer, verdict and pacing. Every task taken from the
input is settled exactly once, whatever happens to the run.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any

from ..errors import BatchioError
from ..models import BatchError
from ..session.session import Session
from ..session.telemetry import Run
from .backlog import Backlog
from .carrier import Carrier
from .feeder import Feeder
from .finishing import finish
from .gate import Gate
from .intake import local_error
from .lacks import lacks_of
from .ledger import Ledger
from .meter import Meter
from .options import Options
from .recorder import Recorder, open_recorder
from .report import OutcomeState, TaskOutcome
from .requests import blank_request, error_of
from .source import Source
from .tasks import Tasks
from .watch import watch


class Engine:
    """Runs one submission; `run` returns when every task taken is settled."""

    def __init__(
        self,
        session: Session,
        gate: Gate,
        job_id: str,
        source: Source,
        options: Options,
        *,
        reading: bool = False,
        sink: Callable[[list[TaskOutcome]], None] | None = None,
    ) -> None:
        self.session = session
        self.gate = gate
        self.options = options
        self.job_id = job_id
        self.clock = gate.clock
        self.blank = blank_request(session, job_id, options)
        self.ledger = Ledger(keep=options.keep, existed_is_ok=options.on_exists == "ok", reading=reading, sink=sink)
        self.backlog = Backlog(options.max_body)
        self.requests = self.retries = self.refused = self.bytes_sent = 0
        self.seen: Run | None = None
        self.failure: BaseException | None = None
        self.last_failure: BatchioError | None = None
        self.has_accepted = False
        self.is_over = self.leaves_open = False
        self.job_terminates: bool | None = False if options.terminate_when_complete else None
        self._is_broken = False
        self._recorder: Recorder | None = None
        self.meter = Meter(self.clock())
        self.feeder = Feeder(source, options, self.backlog, self.ledger, self.wake, lacks_of(session.api_version))
        self.waiting_since = 0.0
        self._entering = 0
        self._linger_until: float | None = None
        self._carriers: set[asyncio.Task[None]] = set()
        self._dispatcher: asyncio.Task[None] | None = None
        self.stopping = asyncio.Event()
        self._wake = asyncio.Event()

    async def open(self) -> None:
        """Open the journal, where there is one, and go on where it ends; raises `ConfigurationError`."""
        if self.options.journal is None:
            return
        recorder = self._recorder = await open_recorder(self)
        self.ledger.resume(recorder)
        self.feeder.resume(recorder)
        self.meter.resume(self.ledger.settled)

    async def run(self) -> None:
        """Carry every task to its outcome. Cancelled, it still settles every task before it ends."""
        parts = {"dispatcher": self._dispatch(), "reader": self.feeder.read(), "ticker": watch(self)}
        if self._recorder is not None:
            parts["journal"] = self._recorder.keep()
        helpers = [asyncio.create_task(part, name=f"batchio {name}") for name, part in parts.items()]
        self._dispatcher = helpers[0]
        for helper in helpers:
            helper.add_done_callback(self._has_failed)
        try:
            await asyncio.wait([self._dispatcher])
            while self._carriers:
                await asyncio.wait(self._carriers)
        finally:
            await finish(self._end(helpers))

    def stop(self, failure: BaseException | None = None) -> None:
        """Take no more and try nothing again; what is on its way may still arrive."""
        self.failure = self.failure or failure
        self.stopping.set()
        self.feeder.is_stopping = True
        # Where tasks begin eagerly, the dispatcher may sleep before anybody knows it.
        self._wake.set()
        if self._dispatcher is not None:
            self._dispatcher.cancel()

    def abort(self, failure: BaseException) -> None:
        """Stop, and do not wait for what is on its way."""
        self.stop(failure)
        for carrier in self._carriers:
            carrier.cancel()

    def wake(self) -> None:
        """Something has changed that the dispatcher may wait for."""
        self._wake.set()
        self.feeder.make_room()

    async def close(self) -> None:
        """End a run that was opened and did not begin; nothing where it has ended."""
        if not self.is_over:
            await finish(self._end([]))

    def _has_failed(self, task: asyncio.Task[None]) -> bool:
        """Whether a task of the run has raised; that ends the run, which would wait for it for ever."""
        if task.cancelled() or task.exception() is None:
            return False
        self.stop(task.exception())
        return True

    async def _end(self, helpers: list[asyncio.Task[None]]) -> None:
        try:
            await self._surely(self._end_all([*helpers, *self._carriers]))
            if self._recorder is not None:
                await self._surely(self._recorder.close(self.feeder, in_order=not self._is_broken))
                self.failure = self.failure or self._recorder.failure
        finally:
            self.is_over = True
            self.meter.end(self.clock())
            self.ledger.ready.set()

    async def _surely(self, step: Coroutine[Any, Any, None]) -> None:
        try:
            await step
        except Exception as error:  # noqa: BLE001 - what is broken in us is told, and the next step is taken
            self._is_broken = True
            self.failure = self.failure or error

    async def _end_all(self, everyone: list[asyncio.Task[None]]) -> None:
        for each in everyone:
            each.cancel()
        if everyone:
            await asyncio.wait(everyone)
        await self.feeder.stop()
        self.failure = self.failure or self.feeder.error
        self._settle_rest()

    def _settle_rest(self) -> None:
        reason = error_of(self.failure) if self.failure else local_error("NotSent", "the run was stopped")
        tasks, bad = self.feeder.rest()
        self.ledger.settle_bad(bad)
        self.ledger.stop(tasks, reason)
        self.ledger.stop(self.backlog.drain(), reason)

    async def _dispatch(self) -> None:
        while not self.stopping.is_set():
            if len(self._carriers) >= self.options.max_requests:
                # Whatever is due meanwhile is due then: only a place brings it on. And what is encoded when it leaves,
                # and not before, is still in the core's cache.
                self.meter.waits_for = "service"
                self._wake.clear()
                await self._wake.wait()
                continue
            self._prepare()
            now = self.clock()
            self.backlog.wake_retries(now)
            held_back = self.feeder.is_held and self.ledger.unread > 0
            self.meter.waits_for = "service" if self._carriers else "consumer" if held_back else "input"
            if not self.backlog.has_request(flush=self._is_flushing(now)):
                if self.feeder.is_empty and self.backlog.is_empty and not self._carriers:
                    return
                await self._sleep(now)
            else:
                self._entering = 1
                await self.gate.enter()
                self._entering = 0
                self.meter.waits_for = None
                # More may have come meanwhile; or a carrier that kept its place has taken it all.
                tasks = self._take_request()
                if tasks is None:
                    self.gate.leave(unused=True)
                else:
                    self._launch(tasks)

    def next_tasks(self) -> Tasks | None:
        """More for a carrier that is through, if its place in the window still holds."""
        if self.stopping.is_set() or not self.gate.may_stay(self._entering):
            return None
        tasks = self._take_request()
        if tasks is not None:
            self.gate.depart()
        return tasks

    def _take_request(self) -> Tasks | None:
        """The next request's tasks, if there is one that should leave now."""
        self._prepare()
        now = self.clock()
        self.backlog.wake_retries(now)
        if self.stopping.is_set() or not self.backlog.has_request(flush=self._is_flushing(now)):
            return None
        self._linger_until = None
        return self.backlog.take()

    def _launch(self, tasks: Tasks) -> None:
        if not self._carriers:
            self.waiting_since = self.clock()
        carrier = Carrier(self, tasks)
        task = asyncio.create_task(carrier.carry(), name="batchio request")
        self._carriers.add(task)
        task.add_done_callback(partial(self._landed, carrier))

    def _landed(self, carrier: Carrier, task: asyncio.Task[None]) -> None:
        carrier.give_back()
        self._carriers.discard(task)
        self.gate.leave()
        self._is_broken |= self._has_failed(task)
        self.wake()

    async def _sleep(self, now: float) -> None:
        """Until something changes, a retry is due, or a part of a request has waited long enough."""
        times = [at for at in (self.backlog.next_retry, self._linger_until) if at is not None]
        self._wake.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, min(times) - now) if times else None):
                await self._wake.wait()

    def _is_flushing(self, now: float) -> bool:
        """Whether a request that is not full should leave: nothing more comes, or not soon."""
        if not len(self.backlog.packer):
            return False
        if self.feeder.is_empty or self.feeder.is_full:
            return True
        if self._linger_until is None:
            self._linger_until = now + self.options.linger
        return now >= self._linger_until

    # What carriers report

    def accepted(self, now: float) -> None:
        """The service has answered a request with results."""
        self.waiting_since = now
        self.has_accepted = True

    def settled(self, tasks: Tasks, outcomes: list[TaskOutcome] | None) -> None:
        """These tasks have their outcome (None: all were added); their twins may go on."""
        self.feeder.pending_bytes -= tasks.size
        waiting = self.backlog.release(tasks)
        if waiting:
            states = {tasks.keys[at]: each.state for at, each in enumerate(outcomes or ())}
            for key, twins in waiting:
                state = states.get(key, OutcomeState.ADDED)
                if state in (OutcomeState.ADDED, OutcomeState.EXISTED):
                    self._existed(twins, is_ours=state is OutcomeState.ADDED)
                else:
                    self.backlog.wait_again(key, twins)
        for each in outcomes or ():
            if each.state is OutcomeState.REJECTED:
                self._check_rejected(each.task_id, each.error)

    def _existed(self, twins: Iterable[Tasks], *, is_ours: bool) -> None:
        for twin in twins:
            self.feeder.pending_bytes -= twin.size
            if not is_ours and self.ledger.may_be_added(twin.ordinals[0]):
                # The first of them found the task there because this one, in an earlier run, had added it.
                is_ours = True
                outcome = self.ledger.settle(twin, 0, OutcomeState.ADDED, confirmed=False)
            else:
                error = local_error("TaskExists", "the id stands earlier in the input")
                outcome = self.ledger.settle(twin, 0, OutcomeState.EXISTED, error=error)
            self.ledger.deliver([outcome])

    def _prepare(self) -> None:
        while bad := self.feeder.prepare():
            self.ledger.settle_bad(bad)
            self._check_rejected(bad[0].task_id, bad[0].error)

    def _check_rejected(self, task_id: str | None, error: BatchError | None) -> None:
        if self.options.on_rejected == "stop":
            self.stop(BatchioError(f"task {task_id!r} was rejected: {error.code if error else 'no reason given'}"))

    @property
    def in_flight(self) -> int:
        """Requests on their way, or held in backoff."""
        return len(self._carriers)
