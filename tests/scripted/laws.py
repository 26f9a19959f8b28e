"""What may be told of a task, given what is true of it (engine.md, "How it is tested", points 2 to 5 and 9).

Law: pure, and the only place where these points are written: the checker of a recorded history and the checker of a
soak collect facts, each in its way, and ask here.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator


class Fact(enum.IntFlag):
    """What is known of one id. The first eight fit into a byte."""

    SENT = 1
    """A request with it has arrived before it was told."""
    SUCCESS = 2
    """An answer that the client could read said success."""
    EXISTS = 4
    """An answer that the client could read said TaskExists."""
    OPEN = 8
    """An attempt was certainly left without an answer: its client must not be certain of anything else."""
    INFERRED = 16
    """TaskExists was said after an attempt that may have been left without an answer."""
    DENIED = 32
    """An answer that the client could read said another client error."""
    OURS = 64
    """The service has added it through us."""
    THEIRS = 128
    """The service has it from somebody else."""
    MAYBE_OPEN = 256
    """An attempt may have been left without an answer; the service cannot know."""
    INTERRUPTED = 512
    """The run was cancelled or left: a request that never arrived may have been on its way."""
    UNSEEN = 1024
    """Requests may have been on their way that the service never saw."""
    TOLD_ADDED = 2048
    """It was told as added, as a twin perhaps."""
    TOLD_EXISTED = 4096
    TOLD_UNKNOWN = 8192
    TOLD_REJECTED = 65536
    """In the same way."""
    KILLED = 16384
    """An earlier run was killed: nobody knows what it would have told, nor what it had reserved and not sent."""
    TWIN = 32768
    """The input holds it more than once."""


NONE = Fact(0)
THERE = Fact.OURS | Fact.THEIRS
_ANY_OPEN = Fact.OPEN | Fact.MAYBE_OPEN | Fact.UNSEEN
TOLD = {
    "added": Fact.TOLD_ADDED,
    "existed": Fact.TOLD_EXISTED,
    "unknown": Fact.TOLD_UNKNOWN,
    "rejected": Fact.TOLD_REJECTED,
}
"""The fact that it was told so."""
_TOLD_THERE = Fact.THEIRS | Fact.TOLD_ADDED | Fact.TOLD_EXISTED | Fact.TOLD_UNKNOWN


def complaints(state: str, facts: Fact, *, confirmed: bool) -> Iterator[str]:
    """What is wrong with telling a task in this state."""
    if state == "added":
        yield from _of_added(facts, confirmed=confirmed)
    elif state == "existed":
        if not facts & THERE:
            yield "existed, and is not there"
        if not facts & Fact.SENT:
            yield "existed, and was never sent"
        if not _may_exist(facts):
            yield "existed, and only we sent it"
    elif state == "unknown":
        if not facts & (_ANY_OPEN | Fact.INTERRUPTED):
            yield "unknown, and nothing is open"
    elif state in {"gave_up", "not_sent"}:
        yield from _of_absent(state, facts)


def _may_exist(facts: Fact) -> bool:
    """Whether it was there before: somebody else's, or its twin's."""
    # A twin that was rejected may have been added by a try before that, which nobody answered.
    is_after_rejected = Fact.TOLD_REJECTED in facts and bool(facts & _ANY_OPEN)
    is_after_killed = Fact.KILLED | Fact.TWIN in facts
    is_told = bool(facts & (Fact.THEIRS | Fact.TOLD_ADDED | Fact.TOLD_UNKNOWN))
    return is_told or is_after_rejected or is_after_killed


def _of_added(facts: Fact, *, confirmed: bool) -> Iterator[str]:
    if not facts & THERE:
        yield "added, and is not there"
    if confirmed:
        if facts & Fact.THEIRS:
            yield "added, and it is another's"
        if not facts & Fact.SUCCESS:
            yield "added, and nobody said so"
        return
    if not facts & Fact.EXISTS:
        yield "added without a word of the service"
    if not facts & (Fact.INFERRED | Fact.UNSEEN | Fact.KILLED):
        yield "added by inference, and no attempt was open"


def _of_absent(state: str, facts: Fact) -> Iterator[str]:
    if state == "gave_up" and not facts & Fact.SENT:
        yield "gave up, and was never sent"
    if facts & _TOLD_THERE or _may_exist(facts):
        # Somebody else's, or its twin's: that one is asked.
        return
    if facts & THERE:
        yield "certainly not there, and it is there"
    if facts & Fact.OPEN:
        yield f"{state}, and an attempt had no answer"


def complaints_of_all(states: frozenset[str], facts: Fact) -> Iterator[str]:
    """What is wrong with telling all tasks of one id, twins included, in these states."""
    if facts & THERE == THERE:
        yield "both ours and another's"
    if facts & Fact.OURS and not states & {"added", "unknown"} and not facts & Fact.KILLED:
        if "rejected" not in states:
            yield "the service added it through us, told:"
        elif not facts & _ANY_OPEN:
            yield "the service added it through us, and nothing was open, told:"
