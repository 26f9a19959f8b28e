"""A feed through everything at once, by chance: every caller has the right outcome of its own task.

A failure prints its seed; the same seed is the same script.
"""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from scripted import (
    Act,
    ItemError,
    ScriptedService,
    add,
    add_together,
    chance,
    connect,
    drop,
    fail,
    hang,
    item_error,
    judge_feed,
    leaves_nothing,
    omit,
    recase,
    refuse,
    results,
    reverse,
    settled,
    strangers,
    truncate,
    twice,
    unreadable,
)

from batchio import TaskOutcome

TIMEOUT = 0.4
ACTS = [
    refuse(429),
    refuse(503, retry_after="0"),
    fail(500, share=1.0),
    fail(502, share=0.5),
    drop(0.0),
    drop(1.0, reset=True),
    hang(1.0),
    truncate(),
    unreadable(),
    Act(share=0.7),
    Act(hold=2 * TIMEOUT),
    Act(leave=True),
    results(omit(7)),
    results(reverse),
    results(recase),
    results(twice),
    results(strangers),
]


@pytest.mark.parametrize("seed", range(12))
async def test_callers_of_all_kinds(service: ScriptedService, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 -- a seed that can be repeated
    ids = [f"task-{number}" for number in range(800)]
    for place in dice.sample(range(800), 20):
        other = ids[dice.randrange(800)]
        ids[place] = dice.choice([other, other.upper()])
    folded = sorted({task_id.lower() for task_id in ids})
    service.truth.preload(dice.sample(folded, 15))
    rejected, shaky = set(dice.sample(folded, 10)), set(dice.sample(folded, 20))

    def item(task_id: str, seen: int) -> ItemError | None:
        if task_id in shaky and seen < 2:
            return ItemError()
        return item_error() if task_id in rejected else None

    service.items = item
    service.latency = dice.choice([0.0, 0.01])
    chosen = dice.sample(ACTS, 6)
    service.fault = chance(seed, [(dice.choice([0.02, 0.05]), act) for act in chosen], until=60)
    options: dict[str, Any] = {
        "linger": dice.choice([0.0, 0.01, 0.05]),
        "max_pending": dice.choice([30, 250, 10_000]),
        "max_requests": dice.choice([1, 4, 256]),
        "max_body": dice.choice([2_000, 950_000]),
    }

    async def caller(mine: list[str]) -> list[TaskOutcome]:
        await asyncio.sleep(dice.random() * 0.2)
        tasks = [{"id": task_id, "commandLine": "run"} for task_id in mine]
        if len(mine) > 10:
            return await add_together(feed, tasks)
        return [await add(feed, task) for task in tasks]

    parts: list[list[str]] = []
    rest = list(ids)
    while rest:
        count = dice.choice([1, 1, 1, 3, 120])
        parts.append(rest[:count])
        del rest[:count]
    with leaves_nothing():
        async with (
            asyncio.timeout(60),
            connect(service, timeout=TIMEOUT) as client,
            client.tasks.feed(service.job, **options) as feed,
        ):
            told = await asyncio.gather(*map(caller, parts))
        await settled()
    outcomes = [outcome for some in told for outcome in some]
    limits = {name: options[name] for name in ("max_requests", "max_body")}
    judged = judge_feed(service, feed, outcomes, **limits)
    assert judged.report.taken == 800
    assert judged.report.not_sent == 0
