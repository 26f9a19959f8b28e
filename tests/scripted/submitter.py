"""`python -m scripted.submitter ENDPOINT JOURNAL TASKS`: a client that is there to be killed.

Law: it says what it was told before it asks for more: a line for each range of outcomes that are alike, state, first
and last index, in one write. At its end it prints the report.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby

import msgspec

from batchio import BatchClient, SharedKeyCredential, TaskOutcome

from .service import ACCOUNT, JOB, KEY


def lines_of(outcomes: Sequence[TaskOutcome]) -> Iterator[str]:
    """Outcomes as lines."""
    listed = sorted(outcomes, key=lambda outcome: outcome.index)
    for (state, _), group in groupby(enumerate(listed), key=lambda each: (each[1].state, each[1].index - each[0])):
        indexes = [outcome.index for _, outcome in group]
        yield f"{state} {indexes[0]} {indexes[-1]}\n"


async def main(endpoint: str, journal: str, count: int) -> None:
    """Submit, or go on."""
    tasks = ({"id": f"task-{number}", "commandLine": "run"} for number in range(count))
    async with (
        BatchClient(endpoint, SharedKeyCredential(ACCOUNT, KEY)) as client,
        client.tasks.submitting(JOB, tasks, journal=journal, max_requests=16) as run,
    ):
        os.write(1, b"begun\n")
        async for outcomes in run:
            os.write(1, "".join(lines_of(outcomes)).encode())
    report = msgspec.structs.replace(run.report, failures=())
    os.write(1, b"report " + msgspec.json.encode(report) + b"\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
