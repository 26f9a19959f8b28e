"""`batchio journal show`: what a journal says, for people and for programs.

Law: it reads, and never waits for who writes; the words and the mapping say the same.
"""

from __future__ import annotations

import sys
from typing import Any

from ..bulk.journal import FINAL, Ending, State
from ..bulk.journal_file import read
from ..bulk.ranges import Ranges
from .output import write_data
from .progress import many
from .report import as_json

SHOWN = 10
"""Ranges of open tasks that are named one by one."""

_ENDED = {
    None: "goes on, or did not end in order: its process was killed, or could not write any more",
    Ending.STOPPED: "was stopped before the end of its input",
    Ending.WHOLE: "has read all of its input",
    Ending.BROKEN: "did not end in order",
}


def show(file: str, *, json: bool) -> int:
    """Run the command; gives its exit code."""
    state = read(file)
    found = as_mapping(state)
    write_data(as_json(found) if json else in_words(file, state, found))
    return 0


def as_mapping(state: State) -> dict[str, Any]:
    """What a journal says. Ordinals count from 0; a range is its first and its last ordinal."""
    settled = state.settled()
    known = max(state.known, state.position, settled.done.end)
    gaps = settled.done.gaps(0, known)
    # Added up once: for each gap anew, a journal of a megabyte would take minutes.
    maybe = state.maybe
    maybe_added = sum(stop - start - _missing(maybe, start, stop) for start, stop in gaps)
    return {
        "endpoint": state.header.endpoint,
        "job": state.header.job,
        "shard": state.header.shard or None,
        "created": state.header.created,
        **{kind.name.lower(): settled.counts[kind] for kind in FINAL},
        "settled": settled.done.count,
        "read": known,
        "open": known - settled.done.count,
        "open_ranges": [[start, stop - 1] for start, stop in gaps],
        "maybe_added": maybe_added,
        "reserved": state.reserved,
        "errors": settled.errors,
        "last_run": state.ended.name.lower() if state.ended is not None else "open",
        "runs_ended": state.endings[Ending.STOPPED] + state.endings[Ending.WHOLE],
        "runs_broken": state.endings[Ending.BROKEN],
        "complete": state.ended is Ending.WHOLE and known == settled.done.count,
        "bytes": state.end + state.lost,
        "bytes_lost": state.lost,
    }


def _missing(found: Ranges, start: int, stop: int) -> int:
    return sum(end - first for first, end in found.gaps(start, min(stop, sys.maxsize)))


def in_words(file: str, state: State, found: dict[str, Any]) -> str:
    """The same for people."""
    whose = f"shard {found['shard']} of job {found['job']}" if found["shard"] else f"job {found['job']}"
    lines = [f"{file}: the journal of {whose} at {found['endpoint']}, begun {found['created']:%Y-%m-%d %H:%M} UTC"]
    if found["complete"]:
        lines.append(f"complete: all {many(found['read'], 'task')} of the input are settled")
    else:
        lines.append(f"{many(found['settled'], 'task')} settled of {found['read']:,} that were read so far")
    lines += [f"  {name:9} {found[name]:,}" for name in ("added", "existed", "rejected") if found[name]]
    if found["errors"]:
        lines.append("errors    " + ", ".join(f"{code} {count:,}" for code, count in sorted(found["errors"].items())))
    lines += _open(found)
    lines.append(f"the last run {_ENDED[state.ended]}")
    if found["runs_broken"]:
        lines.append(f"{many(found['runs_broken'], 'run')} before it did not end in order")
    if found["bytes_lost"]:
        lines.append(
            f"damaged: the last {found['bytes_lost']:,} of {found['bytes']:,} bytes cannot be believed; a resumed run "
            "cuts them off and sends again what they told of"
        )
    return "\n".join(lines)


def _open(found: dict[str, Any]) -> list[str]:
    if not found["open"]:
        return []
    left, maybe = many(found["open"], "task"), found["maybe_added"]
    lines = [f"{left} open, for a resumed run to send; {maybe:,} of them may be in the job already"]
    ranges = found["open_ranges"]
    lines += [
        f"  task {first:,}" if first == last else f"  tasks {first:,} to {last:,}" for first, last in ranges[:SHOWN]
    ]
    if len(ranges) > SHOWN:
        lines.append(f"  and {many(len(ranges) - SHOWN, 'range')} more")
    return lines
