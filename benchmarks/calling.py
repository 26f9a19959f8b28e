"""One small call, get job, again and again on one connection: CPU a call, beside a bare loop and azure-batch.

Each run is a process of its own, in interleaved rounds, against a fixed answer of another process.

    python -m benchmarks call                # about 2 minutes
    python -m benchmarks call --pin --repeat 9 --json call.json
"""

from __future__ import annotations

import argparse

from . import frame
from .reading import Peer
from .reading.contest import Contest

_CALLS = 5_000
_WARM = 100
_BARE, _AZURE = 1.6, 5

PEERS = {
    "bare": Peer(
        function="bare.call", about="aiohttp and one msgspec decoder of batchio's struct, fixed headers, unsigned"
    ),
    "bare-signed": Peer(function="bare.call_signed", about="the same with a fresh id, date and signature; no goal"),
    "batchio": Peer(function="ours.call", about="`await client.jobs.get(job)`, signed"),
    "azure-batch": Peer(function="azure.call", about="asyncio, `await client.get_job(job)`, signed"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    frame.add_options(parser, PEERS, repeat=7)
    frame.add_quick(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure and print; 1 when something could not be measured."""
    return frame.run(arguments, "Small calls", "one call at a time", _measure)


def _measure(arguments: argparse.Namespace) -> frame.Found:
    contest = Contest(
        unit="call",
        count=50 if arguments.quick else _CALLS,
        warm=_WARM,
        requests=lambda count: count,
        peers={client: PEERS[client] for client in arguments.clients},
    )
    rounds = contest.hold(arguments)
    print(f"\n{contest.table(rounds)}")
    return {"call": rounds}, contest.goals(rounds, bare=_BARE, azure=_AZURE)
