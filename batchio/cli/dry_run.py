"""`batchio submit --dry-run`: everything is read and checked in full, nothing is sent.

Law: what it says of a task is what a single call of the client would say before sending it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ..hiding import shown
from .checking import full_judge
from .codes import Exit
from .inputs import Input
from .options import MAX_BODY, SubmitOptions
from .output import write_data
from .progress import many
from .report import as_json
from .screen import Screen
from .survey import Packing, Survey
from .telling import Teller
from .versions import version_of


def dry_run(source: Input, options: SubmitOptions, screen: Screen) -> int:
    """Check the input in full, print what was found, and give the exit code."""
    from ..bulk.packer import MAX_TASKS  # noqa: PLC0415 - keeps `--help` fast
    from ..bulk.tasks import FRAME  # noqa: PLC0415 - as above

    found = Survey()
    teller = Teller(source.name, screen)
    packing = Packing(max_tasks=MAX_TASKS, max_body=MAX_BODY, frame=FRAME)
    ends: list[bytes] = []
    for portion in source.portions(full_judge(version_of(options.api_version))):
        found.add(portion)
        if portion.tasks:
            ends = [ends[0] if ends else portion.tasks[0], portion.tasks[-1]]
        packing.add(portion.tasks)
        screen.note_now_and_then(lambda: f"checking {source.name}: {found.tasks:,} good tasks so far")
        if portion.bad is not None:
            teller.tell(portion.bad)
    teller.end()
    if not found.bad:
        source.check_ids()
    counts = {
        "tasks": found.tasks,
        "bytes": found.size,
        "requests": packing.requests,
        "bad": found.bad,
        "blank": found.blank,
    }
    found_ends = _shown(ends) if source.is_made else {}
    if options.json:
        write_data(as_json({**counts, **found_ends}))
    else:
        for name, task in found_ends.items():
            write_data(f"{name:5} {as_json(task)}")
        write_data(
            f"{many(found.tasks, 'good task')}, {many(found.size, 'byte')}, {many(packing.requests, 'request')}; "
            f"{many(found.bad, 'bad place')}, {many(found.blank, 'blank line')}; nothing was sent"
        )
    return Exit.USAGE if found.bad else Exit.OK


def _shown(ends: list[bytes]) -> dict[str, Any]:
    """The first and the last task, without what can be told to be a secret: what was filled in can be seen in them."""
    return dict(zip(("first", "last"), (shown(msgspec.json.decode(task)) for task in ends), strict=False))
