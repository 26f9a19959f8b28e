"""The newest failures of a job.

Law: a few small requests, whatever the job's size, and none while the number of failures stays as it is. Tasks cannot
be asked for in the order of time: a stretch of it is asked for that grows until there is enough in it, and is halved
where there is more in it than one request tells.
"""

from __future__ import annotations

from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ..models import CloudTask
from ..odata import field
from .sight import Failure

if TYPE_CHECKING:
    from ..client import BatchClient

SHOWN = 5
_ASKED = 100
_PAGES = 3
_STRETCHES = (timedelta(minutes=1), timedelta(hours=1), None)
_HALVINGS = 6
_CLOCKS_DIFFER = timedelta(minutes=15)
"""More than that, and no signature would count."""
_SELECT = "id,stateTransitionTime,executionInfo"
HAS_FAILED = field("executionInfo/result") == "failure"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class NewestFailures:
    """`found`: the newest first."""

    def __init__(self, client: BatchClient, job_id: str) -> None:
        self._client = client
        self._job_id = job_id
        self._count = 0
        self.found: tuple[Failure, ...] = ()

    async def look(self, count: int) -> None:
        """Look for those that are not known yet, where `count` says that there are any."""
        if count == self._count:
            return
        if self.found and count > self._count:
            more = await self._look_since(self.found[0].at)
        else:
            self.found, more = (), False
            for stretch in _STRETCHES:
                more = await self._look_since(None if stretch is None else datetime.now(UTC) - stretch)
                if len(self.found) >= min(count, SHOWN):
                    break
        if more and self.found:
            await self._halve()
        self._count = count

    async def any(self) -> bool:
        """Whether any task has failed; exact, where counts lag behind."""
        listing = self._client.tasks.list(self._job_id, filter=HAS_FAILED, select="id", limit=1, prefetch=False)
        return bool([task async for task in listing])

    async def _halve(self) -> None:
        """Ask for what is newer than anything that was told, in halves of the time that is left."""
        begin = self.found[0].at or _LONG_AGO
        # The clock of a local service may have been moved on, by more than that.
        end = max(begin, datetime.now(UTC)) + _CLOCKS_DIFFER
        for _ in range(_HALVINGS):
            middle = begin + (end - begin) / 2
            newest = self.found[0]
            more = await self._look_since(middle)
            if self.found[0] == newest:
                end = middle
            elif more:
                begin = middle
            else:
                return

    async def _look_since(self, since: datetime | None) -> bool:
        """Ask once; whether there are more than were told."""
        condition = HAS_FAILED if since is None else HAS_FAILED & (field("stateTransitionTime") >= since)
        listing = self._client.tasks.list(
            self._job_id, filter=condition, select=_SELECT, page_size=_ASKED, prefetch=False
        )
        token, items = None, list[CloudTask]()
        async with aclosing(listing.by_page()) as pages:
            for _ in range(_PAGES):
                # A page that is empty and goes on says that the service was still looking.
                page = await anext(pages)
                token, items = page.continuation_token, page.items
                if items or token is None:
                    break
        found = {failure.id: failure for failure in (*self.found, *map(_failure, items))}
        newest = sorted(found.values(), key=lambda failure: failure.at or _LONG_AGO, reverse=True)
        self.found = tuple(newest[:SHOWN])
        return token is not None


def _failure(task: CloudTask) -> Failure:
    info = task.execution_info
    why = info.failure_info if info else None
    return Failure(
        id=task.id or "?",
        exit_code=info.exit_code if info else None,
        category=why.category if why else None,
        code=why.code if why else None,
        at=task.state_transition_time,
    )
