"""`batchio watch`: a job's tasks, nodes and newest failures, until it ends.

Law: a look is a few small requests: the job, its task counts, its pool's node counts, and failures only where their
number has changed. Whatever ends the watch, the last state is printed.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from ..errors import BatchioError, ClientAuthenticationError, ResourceNotFoundError
from ..models import JobState, NodeCounts, OnAllTasksComplete, TaskState
from ..odata import field
from .asking import Asking, check_seconds, patient_client
from .codes import Exit
from .interrupt import Interrupt, run
from .newest import NewestFailures
from .output import write_bytes, write_data
from .progress import span
from .report import as_json
from .screen import Screen
from .sight import Counts, Failure, Sight, as_mapping, failure_line, line_of, picture_of
from .tempo import Tempo

if TYPE_CHECKING:
    from ..client import BatchClient
    from .looking import WatchOptions

_SILENCE = 60.0
"""Seconds after which a line is written though nothing has changed."""
_OF_JOB = "id,state,poolInfo,executionInfo,onAllTasksComplete"


def watch(job_id: str, options: WatchOptions) -> int:
    """Run the command; gives its exit code."""
    check_seconds("--interval", options.interval)
    check_seconds("--timeout", options.timeout)
    return run(lambda interrupt: _watch(job_id, options, interrupt))


async def _watch(job_id: str, options: WatchOptions, interrupt: Interrupt) -> int:
    screen = Screen(quiet=options.quiet or options.json)
    async with patient_client(options.api_version) as client:
        watching = _Watch(client, job_id, options, screen)
        limit = asyncio.timeout(options.timeout)
        try:
            async with limit:
                ended = await interrupt.unless_signalled(watching.run())
        except TimeoutError:
            if not limit.expired():
                raise
            watching.tell_end("timeout")
            screen.warn(f"batchio: --timeout: job {job_id} has not ended within {options.timeout:g} s")
            return Exit.TIMED_OUT
        except BatchioError:
            watching.tell_end("error")
            raise
    watching.tell_end(ended or "interrupted")
    if ended is None:
        return interrupt.code
    return Exit.NOT_ALL if options.exit_status and not watching.succeeded else Exit.OK


class _Watch:
    """`succeeded`: whether all tasks of the job that has ended did, where that is asked for."""

    def __init__(self, client: BatchClient, job_id: str, options: WatchOptions, screen: Screen) -> None:
        self._client = client
        self._job_id = job_id
        self._options = options
        self._screen = screen
        self._sight: Sight | None = None
        self._tempo = Tempo()
        self._newest = NewestFailures(client, job_id)
        self._asking = Asking(screen, options.interval)
        self._looked_at = 0.0
        self._told: tuple[object, float] = None, 0.0
        self._told_failures: set[Failure] = set()
        self._told_idle = False
        self._may_see_nodes = True
        self.succeeded = False

    async def run(self) -> str:
        """Look until the end; gives why it is one."""
        async with self._showing():
            while True:
                try:
                    ended = await self._look()
                    if ended and self._options.exit_status:
                        # Counts lag behind: they are believed where they tell of a failure.
                        self.succeeded = not self._newest.found and not await self._newest.any()
                except ResourceNotFoundError as error:
                    # Without a code it is something on the way that says so.
                    if self._sight is None or error.code is None:
                        raise
                    self._sight = msgspec.structs.replace(self._sight, state="deleted")
                    return "deleted"
                except BatchioError as error:
                    self._asking.failed(error)
                else:
                    self._asking.went_well()
                    if ended:
                        return ended
                    self._tell()
                await self._asking.pause()

    def tell_end(self, ended: str) -> None:
        """Print the last state; `ended`: why it is the last."""
        if self._sight is None:
            return
        if self._options.json:
            write_data(as_json(as_mapping(self._sight, ended)))
        else:
            write_data(picture_of(self._sight))

    def _showing(self) -> AbstractAsyncContextManager[None]:
        return self._screen.showing(self._picture) if self._screen.is_live else nullcontext()

    def _picture(self) -> str:
        if self._sight is None:
            return f"asking {self._client.endpoint} for job {self._job_id}"
        return f"{picture_of(self._sight)}\nlooked {span(time.monotonic() - self._looked_at)} ago"

    def _tell(self) -> None:
        sight = self._sight
        if sight is None:
            return
        if self._options.json:
            # Where nobody reads any more, there is nothing to watch for.
            write_bytes(f"{as_json(as_mapping(sight, None))}\n".encode())
        elif not self._screen.is_live:
            self._tell_line(sight)
            for failure in reversed(sight.failures):
                if failure not in self._told_failures:
                    self._screen.note(f"  failed: {failure_line(failure)}")
            self._told_failures = set(sight.failures)

    def _tell_line(self, sight: Sight) -> None:
        """Where there is news, and now and then where there is none, as a sign of life."""
        news = sight.state, sight.tasks, sight.nodes
        before, at = self._told
        if news != before or self._looked_at - at >= _SILENCE:
            self._told = news, self._looked_at
            self._screen.note(line_of(sight))

    async def _look(self) -> str | None:
        """Look once; gives why there is nothing more to see, or None."""
        job = await self._client.jobs.get(self._job_id, select=_OF_JOB)
        info = job.execution_info
        pool = (info.pool_id if info else None) or (job.pool_info.pool_id if job.pool_info else None)
        # After the job itself: what is counted of a job that has ended does not change any more.
        counts = await self._counts()
        nodes = await self._nodes(pool)
        await self._newest.look(counts.failed)
        self._looked_at = time.monotonic()
        self._tempo.add(self._looked_at, counts.completed)
        self._sight = Sight(
            time=datetime.now(UTC),
            job=job.id or self._job_id,
            state=job.state,
            reason=info.terminate_reason if info else None,
            pool=pool,
            tasks=counts,
            nodes=nodes,
            rate=self._tempo.rate,
            failures=self._newest.found,
        )
        if job.state == JobState.COMPLETED:
            return "completed"
        if counts.active or counts.running:
            return None
        if self._options.until == "tasks" and await self._none_is_left():
            return "tasks completed"
        self._tell_idle(ends=job.on_all_tasks_complete == OnAllTasksComplete.TERMINATE_JOB)
        return None

    def _tell_idle(self, *, ends: bool) -> None:
        if not (ends or self._told_idle or self._options.until == "tasks"):
            self._screen.note(
                f"no task of {self._job_id} is left to run, and the job is not set to end by itself: "
                "--until tasks ends here, Ctrl-C now"
            )
            self._told_idle = True

    async def _none_is_left(self) -> bool:
        """Whether that is really so: counts lag behind."""
        unfinished = field("state") != TaskState.COMPLETED
        listing = self._client.tasks.list(self._job_id, filter=unfinished, select="id", limit=1, prefetch=False)
        return not [task async for task in listing]

    async def _counts(self) -> Counts:
        found = (await self._client.jobs.get_task_counts(self._job_id)).task_counts
        return Counts(**{name: getattr(found, name, None) or 0 for name in Counts.__struct_fields__})

    async def _nodes(self, pool: str | None) -> dict[str, int] | None:
        if pool is None or not self._may_see_nodes:
            return None
        listing = self._client.pools.list_node_counts(filter=field("poolId") == pool, prefetch=False)
        try:
            found = [counts async for counts in listing]
        except ClientAuthenticationError:
            # The token of a node is for its job alone; where it is the credential, the next look tells.
            self._may_see_nodes = False
            return None
        return _by_state(found[0].dedicated, found[0].low_priority) if found else None


def _by_state(*kinds: NodeCounts | None) -> dict[str, int]:
    """Nodes in each state, dedicated and other ones together, the most first."""
    names = [name for name in NodeCounts.__struct_fields__ if name != "total"]
    numbers = {name.replace("_", ""): sum(getattr(kind, name, None) or 0 for kind in kinds) for name in names}
    return {name: number for name, number in sorted(numbers.items(), key=lambda pair: -pair[1]) if number}
