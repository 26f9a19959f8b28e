"""`batchio demo`: a rendering job against a local service that throttles and fails, counted by the service itself.

Law: nothing is staged. The tasks go through the code that `submit` uses, and the command succeeds only if what was
sent, what was reported and what the service counts agree.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from .codes import CommandError, Exit
from .inputs import Input, TaskFile
from .interrupt import Interrupt, run
from .job_body import body_in
from .options import DemoOptions, SubmitOptions
from .output import write_data
from .progress import many
from .report import amount, as_json, as_mapping, in_words
from .screen import Screen

if TYPE_CHECKING:
    from ..bulk.report import SubmissionReport
    from ..client import BatchClient
    from ..emulator import FaultRule
    from .submission import Ended

JOB, POOL = "render", "farm"
CAPACITY = 20_000
"""Tasks a second that the service takes; above that it refuses with 429."""

_BLOCK = 1_000


class Tally(msgspec.Struct, frozen=True):
    """What was sent, what the report says was added, and what the service counts."""

    sent: int
    added: int
    present: int

    @property
    def agree(self) -> bool:
        """Whether all three are the same."""
        return self.sent == self.added == self.present


def demo(options: DemoOptions) -> int:
    """Run the command; gives its exit code."""
    if options.tasks < 1:
        raise CommandError(f"--tasks: at least 1, not {options.tasks}")
    screen = Screen(quiet=options.quiet)
    return run(lambda interrupt: _demo(options, screen, interrupt))


def frames(count: int) -> Iterator[bytes]:
    """The tasks of a rendering job as JSON Lines, one task a frame, some hundred at a time."""
    encoder = msgspec.json.Encoder()
    for first in range(1, count + 1, _BLOCK):
        yield encoder.encode_lines([_frame(number) for number in range(first, min(first + _BLOCK, count + 1))])


def faults() -> list[FaultRule]:
    """What the service does to the demo."""
    from ..emulator import FaultRule  # noqa: PLC0415 - keeps `--help` fast

    adding = "Tasks_CreateTaskCollection"
    return [
        FaultRule(operation=adding, capacity=CAPACITY, burst=CAPACITY // 2, refuse_with=429),
        FaultRule(operation=adding, rate=0.005, drop="before", seed=1),
        FaultRule(operation=adding, rate=0.01, drop="after", seed=2),
        FaultRule(operation=adding, rate=0.005, status=500, code="InternalError", seed=3),
        FaultRule(operation=adding, rate=0.002, items="servererror", seed=4),
        FaultRule(operation=adding, rate=0.001, items="omit", seed=5),
        FaultRule(operation=adding, rate=0.05, items="reorder", seed=6),
        FaultRule(operation=adding, rate=0.01, items="recase", seed=7),
    ]


def _write(folder: str, count: int) -> tuple[str, int]:
    """Write the frames; gives the file's path and size."""
    path = Path(folder, "frames.jsonl")
    with path.open("wb") as file:
        file.writelines(frames(count))
        return str(path), file.tell()


async def _demo(options: DemoOptions, screen: Screen, interrupt: Interrupt) -> int:
    with tempfile.TemporaryDirectory(prefix="batchio-demo-") as folder:
        path, size = _write(folder, options.tasks)
        screen.note(f"{many(options.tasks, 'frame')} to render: {amount(size)} of tasks in {path}")
        ended, tally = await _render(TaskFile(path), screen, interrupt, quiet=options.quiet)
    return _report(ended, tally, options, screen, interrupt)


async def _render(source: Input, screen: Screen, interrupt: Interrupt, *, quiet: bool) -> tuple[Ended, Tally]:
    """Submit the frames to a service that misbehaves, and let it count them."""
    from ..client import BatchClient  # noqa: PLC0415 - keeps `--help` fast
    from ..emulator import Emulator  # noqa: PLC0415 - as above
    from .preparing import ensure_job, ensure_pool  # noqa: PLC0415 - as above
    from .submission import Submission  # noqa: PLC0415 - as above

    first = source.survey(screen, skip=False)
    assert first is not None  # noqa: S101 - a file can be read again; this is for the type checkers
    async with AsyncExitStack() as stack:
        emulator = await stack.enter_async_context(Emulator(faults=faults()))
        client = await stack.enter_async_context(BatchClient(emulator.endpoint, emulator.credential))
        screen.note(
            f"the service at {emulator.endpoint} takes {CAPACITY:,} tasks/s, refuses above that, drops connections, "
            "fails, forgets and reorders results"
        )
        await ensure_pool(client, POOL)
        await ensure_job(client, JOB, screen, body_in(JOB, POOL))
        ended = await Submission(source, first, SubmitOptions(quiet=quiet), screen).run(client, JOB, interrupt)
        return ended, Tally(sent=first.tasks, added=ended.report.added, present=await _present(client))


async def _present(client: BatchClient) -> int:
    """Tasks in the job, as the service counts them."""
    counts = (await client.jobs.get_task_counts(JOB)).task_counts
    if counts is None:
        return 0
    return sum(count or 0 for count in (counts.active, counts.running, counts.completed))


def _report(ended: Ended, tally: Tally, options: DemoOptions, screen: Screen, interrupt: Interrupt) -> int:
    words = _in_words(ended.report, tally)
    if options.json:
        more = {"sent": tally.sent, "present": tally.present, "agree": tally.agree}
        write_data(as_json(as_mapping(ended.report, **more)))
        screen.note(words)
    else:
        write_data(words)
    if ended.stopped is not None:
        screen.warn(f"batchio: {ended.stopped}")
    if ended.interrupted:
        return interrupt.code
    return Exit.OK if tally.agree and ended.stopped is None else Exit.NOT_ALL


def _in_words(report: SubmissionReport, tally: Tally) -> str:
    verdict = "they agree: every frame is there, and there once" if tally.agree else "THEY DO NOT AGREE"
    return (
        f"{in_words(report)}\n"
        f"sent {tally.sent:,}, reported as added {tally.added:,}, counted by the service {tally.present:,}: {verdict}"
    )


def _frame(number: int) -> dict[str, object]:
    return {
        "id": f"frame-{number:06d}",
        "displayName": f"Frame {number}",
        "commandLine": f"/bin/sh -c 'blender -b scene.blend -o frame-###### -f {number}'",
        "resourceFiles": [
            {"httpUrl": "https://studio.blob.core.windows.net/shot-42/scene.blend", "filePath": "scene.blend"},
            {"httpUrl": "https://studio.blob.core.windows.net/shot-42/textures.zip", "filePath": "textures.zip"},
        ],
        "environmentSettings": [
            {"name": "FRAME", "value": str(number)},
            {"name": "OCIO", "value": "/opt/aces/config.ocio"},
        ],
        "constraints": {"maxWallClockTime": "PT1H", "retentionTime": "P1D", "maxTaskRetryCount": 3},
    }
