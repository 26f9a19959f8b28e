"""A scripted Batch service over a real socket, and a checker over the history of each run.

Law: the service keeps the truth of what it did and decides nothing; a test's script decides, the checker judges.
"""

from __future__ import annotations

from .acts import (
    NORMAL,
    Act,
    drop,
    fail,
    hang,
    html,
    item_error,
    omit,
    recase,
    results,
    reverse,
    shuffle,
    strangers,
    truncate,
    twice,
    unreadable,
)
from .checker import check
from .driving import (
    Told,
    by_index,
    connect,
    drive,
    follow,
    judge,
    leaves_nothing,
    make_ids,
    make_mappings,
    make_models,
    settled,
    submit,
)
from .faults import Fault, Items, chance, each, for_requests, poisoned, refuse, too_large, when
from .feeding import add, add_each, add_together, judge_feed, start, told_by
from .service import ACCOUNT, JOB, KEY, OTHER_KEY, ScriptedService
from .truth import ItemError, Record, Result

__all__ = [
    "ACCOUNT",
    "JOB",
    "KEY",
    "NORMAL",
    "OTHER_KEY",
    "Act",
    "Fault",
    "ItemError",
    "Items",
    "Record",
    "Result",
    "ScriptedService",
    "Told",
    "add",
    "add_each",
    "add_together",
    "by_index",
    "chance",
    "check",
    "connect",
    "drive",
    "drop",
    "each",
    "fail",
    "follow",
    "for_requests",
    "hang",
    "html",
    "item_error",
    "judge",
    "judge_feed",
    "leaves_nothing",
    "make_ids",
    "make_mappings",
    "make_models",
    "omit",
    "poisoned",
    "recase",
    "refuse",
    "results",
    "reverse",
    "settled",
    "shuffle",
    "start",
    "strangers",
    "submit",
    "told_by",
    "too_large",
    "truncate",
    "twice",
    "unreadable",
    "when",
]
