"""What is measured of a running emulator.

Law: each part gives figures; nothing is judged here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from statistics import median
from urllib.parse import parse_qsl, urlsplit

import msgspec

from batchio.service.operations import LIST_TASKS
from benchmarks.bulk import shapes
from benchmarks.processes import RunFailed
from benchmarks.rounds import Run

from .measured import JOB, POOL, Measured

SPARSE = 1000
"""One task in so many is completed: what a filter looks for that matches little."""

_WARM = 1000
_REQUESTS = 32
"""In flight: enough for many answers to wait for one write."""
_CALLS = 500
_TASKS = LIST_TASKS.path.format(jobId=JOB)


class _Page(msgspec.Struct):
    value: list[msgspec.Raw]
    next: str | None = msgspec.field(name="odata.nextLink", default=None)


_page = msgspec.json.Decoder(_Page)


async def add(emulator: Measured, count: int) -> Run:
    """Add so many small tasks: how many a CPU second and a second, and the memory of each."""
    # The first requests bring what is made once.
    await _submit(emulator, 0, _WARM)
    before = emulator.gauge()
    await _submit(emulator, _WARM, count)
    after = emulator.gauge()
    return {
        "tasks": count,
        "per_cpu_second": count / (after.cpu - before.cpu),
        "per_second": count / (after.wall - before.wall),
        "bytes": (after.resident - before.resident) * 2**20 / count,
    }


async def _submit(emulator: Measured, first: int, count: int) -> None:
    tasks = ({"id": f"task-{n:08d}", "commandLine": shapes.command("small", n)} for n in range(first, first + count))
    report = await emulator.client.tasks.submit(JOB, tasks, max_requests=_REQUESTS)
    if report.added != count:
        raise RunFailed(f"{report.added} of {count} tasks were added")


async def run(emulator: Measured, count: int) -> Run:
    """Add so many small tasks and have all of them run for a simulated second: CPU and memory a task."""
    pool = {"id": POOL, "vmSize": "small", "targetDedicatedNodes": 100, "taskSlotsPerNode": 4}
    await emulator.client.pools.create(pool)
    added = await add(emulator, count)
    before = emulator.gauge()
    while (counted := (await emulator.client.jobs.get_task_counts(JOB)).task_counts) and counted.active:
        await emulator.client.request("POST", "/_emulator/clock", json={"advance": 10})
    after = emulator.gauge()
    return {
        "tasks": count,
        "cpu_us": (after.cpu - before.cpu) / count * 1e6,
        "bytes": added["bytes"] + (after.resident - before.resident) * 2**20 / count,
    }


async def listing(emulator: Measured, state: str) -> Run:
    """Go through all tasks in a state, by pages of a thousand: CPU milliseconds of the pages."""
    found = 0
    pages: list[float] = []
    before = emulator.gauge().cpu
    async for page in _pages(emulator, {"$filter": f"state eq '{state}'"}):
        after = emulator.gauge().cpu
        pages.append((after - before) * 1e3)
        found += len(page.value)
        # What is asked of the emulator is not the page's.
        before = emulator.gauge().cpu
    pages.sort()
    return {
        "found": found,
        "pages": len(pages),
        "median": median(pages),
        "p99": pages[len(pages) * 99 // 100],
        "most": pages[-1],
    }


async def _pages(emulator: Measured, query: dict[str, str]) -> AsyncIterator[_Page]:
    asked: dict[str, str] | None = query
    while asked is not None:
        page = _page.decode((await emulator.client.request("GET", _TASKS, query=asked)).body)
        yield page
        asked = None if page.next is None else dict(parse_qsl(urlsplit(page.next).query))
        if asked is not None:
            asked.pop("api-version")


async def complete_some(emulator: Measured, count: int) -> None:
    """Complete one task in `SPARSE`."""
    for number in range(0, count, SPARSE):
        await emulator.client.tasks.terminate(JOB, f"task-{number:08d}")


async def counts(emulator: Measured) -> float:
    """CPU microseconds of counting the tasks of the job."""
    before = emulator.gauge().cpu
    for _ in range(_CALLS):
        await emulator.client.jobs.get_task_counts(JOB)
    return (emulator.gauge().cpu - before) / _CALLS * 1e6
