"""The life of tasks that really run: begun on a machine, and ended there or by the service.

Law: the machine only carries out; what an outcome means is put into the resource that gave the order, and from there
on the rows of `transitions` decide, as they do for what is simulated. Limits of time run on the emulator's clock.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import ticks
from .causes import FAR
from .processes.machine import Machine
from .processes.orders import KILLED, Order, Outcome
from .processes.real_files import RealTree
from .refusals import Refusal
from .resources import Job, Living, Node, Run, Special, StartRun, StoredTask
from .restart import boot_again
from .specials import undo_preparation
from .task_orders import (
    SHARED,
    STARTUP,
    Site,
    folder_of,
    folder_of_task,
    order_of_run,
    order_of_special,
    order_of_start,
)
from .task_reading import read_parts

if TYPE_CHECKING:
    from .store import Store

LOGGER = logging.getLogger("batchio.emulator")

PULSE = 0.05
"""The longest pause, in seconds, between two looks at what is due: the clock may have been moved."""
_SHORTEST = 0.0005
_KEEP_AGAIN = 1.0
_FOLDERS = (("applications",), (SHARED,), (STARTUP,), ("workitems",))


class Processes:
    """The store's processes. It keeps the store going, too: things end here while nobody asks."""

    def __init__(self, store: Store, account: str) -> None:
        self.machine = Machine(self._reported)
        self._store = store
        self._account = account
        self._url = ""
        self._news = asyncio.Event()
        self._heart: asyncio.Task[None] | None = None
        self._kept: Callable[[], Awaitable[None]] | None = None
        self._next_keep = 0.0

    async def start(self, db: str | os.PathLike[str] | None) -> None:
        """Take a folder for the nodes and make ready. Raises `ConfigurationError`."""
        self._news = asyncio.Event()
        await self.machine.start(db)

    def open(self, url: str, kept: Callable[[], Awaitable[None]] | None) -> None:
        """The service can be reached: nodes boot and tasks run from here on.

        `kept` returns as soon as everything that has changed is kept, and raises `Refusal` where it cannot be.
        """
        self._url, self._kept = url, kept
        self._sweep()
        boot_again(self._store)
        self._heart = asyncio.create_task(self._beat())

    async def stop(self) -> None:
        """End all processes. What ran is still on its node, and is queued again at the next start."""
        heart, self._heart = self._heart, None
        if heart is not None:
            heart.cancel()
            await asyncio.gather(heart, return_exceptions=True)
        await self.machine.stop()

    def reset(self) -> None:
        """End all processes and remove all files: the resources are forgotten."""
        if self.machine.runs:
            for pool in self.machine.path().iterdir():
                self.machine.discard(pool.name)

    async def _beat(self) -> None:
        seen = 0
        while True:
            try:
                self._store.settle()
                await self._keep()
            except Exception:
                LOGGER.exception("a change that was due failed")
            now, due = self._store.clock.ticks(), self._store.next_due
            # A clock that stands still must not be asked again and again.
            still, seen = now == seen, now
            pause = PULSE if due is None or still else min(max((due - now) / ticks.SECOND, _SHORTEST), PULSE)
            try:
                async with asyncio.timeout(pause):
                    await self._news.wait()
            except TimeoutError:
                pass
            self._news.clear()

    async def _keep(self) -> None:
        """What happened while nobody asked is kept, too: no task that has run runs again after a start."""
        now = asyncio.get_running_loop().time()
        if self._kept is not None and now >= self._next_keep:
            try:
                await self._kept()
            except Refusal:
                # It is in the log; a disk that is full is not asked twenty times a second.
                self._next_keep = now + _KEEP_AGAIN

    def _sweep(self) -> None:
        """Remove the folders of what is no longer there: it may have gone while no processes ran."""
        for folder in _folders(self.machine.path()):
            pool = self._store.pools.get(folder.name)
            if pool is None or pool.id != folder.name:
                self.machine.discard(folder.name)
                continue
            for below in _folders(folder):
                if below.name not in {node.id for node in pool.nodes.all()}:
                    self.machine.discard(folder.name, below.name)
                else:
                    self._sweep_node(folder.name, below)

    def _sweep_node(self, pool: str, node: Path) -> None:
        for folder in _folders(node / "workitems"):
            job = self._store.jobs.get(folder.name)
            if job is None or job.id != folder.name:
                self.machine.discard(pool, node.name, "workitems", folder.name)

    def _site(self) -> Site:
        return Site(self.machine.path(), self._account, self._url)

    def begin_run(self, run: Run, when: int) -> None:
        """A task runs on its first node until its process ends, or until its limit."""
        limit = read_parts(run.task).limit
        run.ends, run.exit_code, run.failure = _limit(when, limit), KILLED, "TaskEnded"
        self._begin(run, order_of_run(self._store, self._site(), run))

    def begin_special(self, special: Special, limit: int) -> None:
        """A preparation or release task runs."""
        special.ends, special.exit_code, special.failure = _limit(special.start, limit), KILLED, "TaskEnded"
        self._begin(special, order_of_special(self._store, self._site(), special))

    def begin_start_task(self, node: Node, when: int) -> None:
        """The start task of a node runs, where it has one and has not run since the boot."""
        if node.start is None and "startTask" in node.pool.spec:
            node.start = StartRun(when, None, None, 0)
            self._begin(node, order_of_start(self._store, self._site(), node))

    def _begin(self, owner: Living, order: Order) -> None:
        if self.machine.runs:
            self.machine.begin(owner, order)

    def end(self, owner: Living) -> None:
        """Whatever its process does, it is of no interest any more."""
        self.machine.end(owner)

    def node_boots(self, node: Node) -> None:
        """A node has the folders that every node has; preparation tasks run there once more."""
        for names in _FOLDERS:
            self.machine.provide(*folder_of(node, *names))
        for job in node.pool.jobs.values():
            status = job.statuses.get(node.key)
            task = job.spec.get("jobPreparationTask")
            if status is None or status.preparation is None or task is None:
                continue
            if task.get("rerunOnNodeRebootAfterSuccess", True) or status.preparation.done is None:
                status.preparation = None
                self._store.note(status, job)

    def node_goes_down(self, node: Node) -> None:
        """Everything on a node ends."""
        self.machine.end(node)
        for job in node.pool.jobs.values():
            status = job.statuses.get(node.key)
            special = None if status is None else undo_preparation(self._store, job, status)
            if special is not None:
                self.machine.end(special)
        self.machine.interrupt(*folder_of(node))

    def node_is_wiped(self, node: Node) -> None:
        """The files of a node go."""
        self.machine.discard(*folder_of(node))

    def task_is_gone(self, job: Job, task: StoredTask) -> None:
        """The files of a task go."""
        for node in _nodes_of(self._store, task):
            self.machine.discard(*folder_of_task(node, job, task.id))

    def job_is_gone(self, job: Job) -> None:
        """The files of a job go."""
        for pool in self._store.pools.all():
            for node in pool.nodes.all():
                self.machine.discard(*folder_of(node, "workitems", job.id))

    def files_of_task(self, node: Node, job: Job, task: StoredTask) -> RealTree:
        """The files of a task."""
        return RealTree(self.machine.path(), folder_of_task(node, job, task.id))

    def files_of_node(self, node: Node) -> RealTree:
        """The files of a node."""
        return RealTree(self.machine.path(), folder_of(node))

    def _reported(self, owner: Any, outcome: Outcome) -> None:
        """The outcome of an order: the resource that gave it goes on from here."""
        if owner.gone:
            return
        if isinstance(owner, Node):
            self._start_task_ended(owner, outcome)
        elif isinstance(owner, Special) and self._tried_again(owner, outcome):
            return
        else:
            owner.ends, owner.exit_code, owner.failure = self._store.now(), outcome.exit_code, outcome.failure
        self._store.enter(owner)
        self._news.set()

    def _tried_again(self, special: Special, outcome: Outcome) -> bool:
        """Whether a preparation task that has failed has another try."""
        if special.kind != "preparation" or outcome.exit_code in (0, None) or special.job.end_time is not None:
            return False
        most = special.job.spec["jobPreparationTask"].get("constraints", {}).get("maxTaskRetryCount", 0)
        if 0 <= most <= special.retries:
            return False
        special.retries += 1
        self._store.note(special)
        self._begin(special, order_of_special(self._store, self._site(), special))
        return True

    def _start_task_ended(self, node: Node, outcome: Outcome) -> None:
        run = node.start
        if run is None:
            return
        most = node.pool.spec.get("startTask", {}).get("maxTaskRetryCount", 0)
        if outcome.exit_code not in (0, None) and not 0 <= most <= run.retries:
            node.start = StartRun(run.start, None, None, run.retries + 1)
            self._begin(node, order_of_start(self._store, self._site(), node))
        else:
            node.start = StartRun(run.start, self._store.now(), outcome.exit_code, run.retries, outcome.failure)


def _limit(begin: int, limit: int | None) -> int | None:
    return None if limit is None or begin + limit > FAR else begin + limit


def _nodes_of(store: Store, task: StoredTask) -> list[Node]:
    run = task.run
    pool = None if run is None or run.pool is None else store.pools.get(run.pool)
    node = None if run is None or run.node is None or pool is None else pool.nodes.get(run.node)
    return [] if node is None else [node]


def _folders(path: Path) -> list[Path]:
    # A task may have forbidden its folder to everybody.
    with suppress(OSError):
        return [below for below in path.iterdir() if below.is_dir()]
    return []
