"""The goals of the bulk benchmark, and whether a measurement meets them.

Law: a goal is said in numbers here and nowhere else. `limit` is what has to be kept (None: nothing yet);
`aim` is the stricter one of the engine's design.
"""

from __future__ import annotations

from benchmarks.goals import Goal
from benchmarks.rounds import Run

from .rounds import ratio

_FLOOR = {"small": (1.15, 1.15), "medium": (1.15, 1.15), "large": (1.25, 1.25)}
_AZURE = {"small": (25, 25), "medium": (23, 23), "large": (13, 13)}
_GROWTH = (20, 10)
_FLAT = (2, 2)
_OPEN = 200_000
"""With so many tasks and more even the widest window opens in full; before, memory still follows the window."""
_SHARE = (60, 60)
_FULL = (90, 90)
_JOURNAL = (2, 2)
_JOURNAL_BYTES = (300_000, 200_000)
RATE = 200_000
"""Tasks/s of one process with the client's default, at 100 ms."""
_REACHED = 97
_SIGNING = 0.15


def cpu(rounds: list[list[Run]], names: list[str], sizes: list[str]) -> list[Goal]:
    """CPU of batchio against the floor and azure-batch."""
    goals: list[Goal] = []
    for size in sizes:
        for name in (each for each in ("batchio", "batchio-mappings") if each in names):
            floor, azure = ratio(rounds, size, name, "floor"), ratio(rounds, size, "azure-batch", name)
            if floor is not None:
                limit, aim = _FLOOR[size]
                goals.append(Goal(what=f"{size}: {name} / floor", measured=floor, limit=limit, aim=aim))
            if azure is not None:
                limit, aim = _AZURE[size]
                what = f"{size}: azure-batch / {name}"
                goals.append(Goal(what=what, measured=azure, limit=limit, aim=aim, above=True))
    return goals


def memory(growths: dict[int, float], who: str) -> list[Goal]:
    """Growth above the imports, by number of tasks: small, and the same for all."""
    fewest = min((tasks for tasks in growths if tasks >= _OPEN), default=min(growths))
    most = max(growths)
    (limit, aim), (flat, flat_aim) = _GROWTH, _FLAT
    worst = max(growths.values())
    goals = [Goal(what=f"{who}: most growth", measured=worst, limit=limit, aim=aim, unit=" MB")]
    if fewest != most:
        more = growths[most] - growths[fewest]
        what = f"{who}: growth at {most:,} above that at {fewest:,}"
        goals.append(Goal(what=what, measured=more, limit=flat, aim=flat_aim, unit=" MB"))
    return goals


def command_line(share: float) -> list[Goal]:
    """The command line's tasks/s in percent of the library's."""
    limit, aim = _SHARE
    return [Goal(what="command line / library", measured=share * 100, limit=limit, aim=aim, above=True, unit=" %")]


def feed(fullness: dict[str, float]) -> list[Goal]:
    """Full requests of a feed in percent, by latency."""
    limit, aim = _FULL
    return [
        Goal(what=f"feed, {latency}: full requests", measured=full, limit=limit, aim=aim, above=True, unit=" %")
        for latency, full in fullness.items()
    ]


def journal(cost: float, size: float, who: str) -> list[Goal]:
    """CPU of a journal in percent of the run without, and its bytes for a million tasks."""
    (limit, aim), (most, most_aim) = _JOURNAL, _JOURNAL_BYTES
    return [
        Goal(what=f"journal, {who}: CPU more", measured=cost, limit=limit, aim=aim, unit=" %"),
        Goal(what=f"journal, {who}: bytes a million tasks", measured=size, limit=most, aim=most_aim),
    ]


def rates(reached: float, rate: float, in_flight: int) -> list[Goal]:
    """The share of the possible tasks/s with so many requests in flight, and the tasks/s with the client's default."""
    what = f"rates, {in_flight} in flight: tasks/s of the possible"
    return [
        Goal(what=what, measured=reached * 100, limit=_REACHED, aim=_REACHED, above=True, unit=" %"),
        Goal(what="rates, default in flight: tasks/s", measured=rate, limit=RATE, aim=RATE, above=True),
    ]


def signing(cost: float, size: str) -> list[Goal]:
    """Microseconds of CPU that a signature costs a task."""
    return [Goal(what=f"signing, {size}: CPU more a task", measured=cost, limit=_SIGNING, aim=_SIGNING, unit=" us")]


def tls(cost: float | None, size: str, client: str) -> list[Goal]:
    """CPU over TLS against that of the floor over TLS."""
    if cost is None:
        return []
    return [Goal(what=f"tls, {size}: {client} / floor, both over TLS", measured=cost, limit=None)]


def others(cost: float | None, size: str, client: str) -> list[Goal]:
    """CPU of another client against batchio's."""
    if cost is None:
        return []
    return [Goal(what=f"others, {size}: {client} / batchio-mappings", measured=cost, limit=None, above=True)]
