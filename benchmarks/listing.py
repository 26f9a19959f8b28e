"""Listing the tasks of a job by pages of a thousand: CPU a task and memory, beside a bare loop and azure-batch.

Each run is a process of its own, in interleaved rounds, against pages that another process has made before. A task
has every property that the service commonly returns. azure-batch lists fewer tasks, because it is slow and what
counts is CPU a task.

    python -m benchmarks list                # about 2 minutes
    python -m benchmarks list --pin --repeat 9 --json list.json
"""

from __future__ import annotations

import argparse

from . import frame
from .markdown import digits
from .reading import Peer
from .reading.contest import Contest
from .responder.listing import PAGE, Listing

_TASKS = 200_000
_AZURE_TASKS = 20_000
_FEW_TASKS = 10_000
_BARE, _AZURE = 1.3, 20

PEERS = {
    "bare": Peer(function="bare.list_tasks", about="aiohttp and one msgspec decoder of batchio's struct, unsigned"),
    "batchio": Peer(function="ours.list_tasks", about="`async for task in client.tasks.list(job)`"),
    "batchio-pages": Peer(function="ours.list_pages", about="`async for page in client.tasks.list(job).by_page()`"),
    "batchio-few": Peer(function="ours.list_tasks", about="batchio with fewer tasks, for its memory", most=_FEW_TASKS),
    "azure-batch": Peer(
        function="azure.list_tasks", about="asyncio, `async for task in client.list_tasks(job)`", most=_AZURE_TASKS
    ),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    frame.add_options(parser, PEERS, repeat=5)
    frame.add_quick(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure and print; 1 when something could not be measured."""
    return frame.run(arguments, "Listing tasks", f"pages of {PAGE:,} tasks, one request at a time", _measure)


def _measure(arguments: argparse.Namespace) -> frame.Found:
    contest = Contest(
        unit="task",
        count=2 * PAGE if arguments.quick else _TASKS,
        warm=PAGE,
        requests=lambda count: count // PAGE,
        peers={client: PEERS[client] for client in arguments.clients},
    )
    rounds = contest.hold(arguments)
    page = len(Listing("http://127.0.0.1:65535", "reading-200000", _TASKS).page(0))
    print(f"\nA task has {page // PAGE:,} bytes, a page {digits(page / 1e6)} MB.\n\n{contest.table(rounds)}")
    return {"list": rounds}, contest.goals(rounds, bare=_BARE, azure=_AZURE)
