"""`batchio submit --dry-run`: everything is read and checked in full, nothing is sent.

Law: what it says of a task is what a single call of the client would say before sending it.
"""

from __future__ import annotations

from .checking import full_judge
from .codes import Exit
from .options import MAX_BODY, SubmitOptions
from .output import write_data
from .progress import many
from .reading import read_tasks
from .report import as_json
from .screen import Screen
from .source import Source
from .survey import Packing, Survey
from .telling import Teller


def dry_run(source: Source, options: SubmitOptions, screen: Screen) -> int:
    """Check the input in full, print what was found, and give the exit code."""
    from ..bulk.packer import MAX_TASKS  # noqa: PLC0415 - keeps `--help` fast
    from ..bulk.tasks import FRAME  # noqa: PLC0415 - as above

    found = Survey()
    teller = Teller(source.name, screen)
    packing = Packing(max_tasks=MAX_TASKS, max_body=MAX_BODY, frame=FRAME)
    for portion in read_tasks(source.chunks(), full_judge()):
        found.add(portion)
        packing.add(portion.tasks)
        screen.note_now_and_then(lambda: f"checking {source.name}: {found.tasks:,} good tasks so far")
        if portion.bad is not None:
            teller.tell(portion.bad)
    teller.end()
    counts = {
        "tasks": found.tasks,
        "bytes": found.size,
        "requests": packing.requests,
        "bad": found.bad,
        "blank": found.blank,
    }
    if options.json:
        write_data(as_json(counts))
    else:
        write_data(
            f"{many(found.tasks, 'good task')}, {many(found.size, 'byte')}, {many(packing.requests, 'request')}; "
            f"{many(found.bad, 'bad place')}, {many(found.blank, 'blank line')}; nothing was sent"
        )
    return Exit.USAGE if found.bad else Exit.OK
