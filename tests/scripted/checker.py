"""The checker: outcomes, report, truth and history of one run must agree (engine.md, "How it is tested").

Law: it asks only what is promised, and every complaint names the task and what is known of it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from .laws import NONE, TOLD, Fact, complaints, complaints_of_all

if TYPE_CHECKING:
    from batchio import TaskOutcome

    from .driving import Told
    from .service import ScriptedService
    from .truth import Record

STATES = ("added", "existed", "rejected", "gave_up", "unknown", "not_sent")
_SLOW = 0.1
"""Seconds after which an answer may come too late for its client."""
_NOT_DONE = frozenset({*range(300, 400), 501, 505})
"""Statuses that no service gives to what it has done; whoever else gives them has not passed it on."""
_LEAVING = 0.05
"""Seconds until the service sees that a client has left."""


def check(
    told: Told,
    service: ScriptedService,
    ids: Sequence[str | None],
    *,
    complete: bool = True,
    exact: bool = False,
    existed_ok: bool = False,
    interrupted: bool = False,
    killed: bool = False,
    max_requests: int = 256,
    max_body: int = 950_000,
    max_pending_bytes: int = 64 * 1024 * 1024,
) -> None:
    """Assert all that holds after a run; `ids` are those of the input, in order.

    Points 1 to 6 and 9 for one run. Point 7 is asked of runs that share a journal (`resuming.py`), point 8 where time
    is virtual (`in_time`); over sockets every run has a limit (`driving.py`).

    `interrupted`: the run was cancelled or left, so what was in flight is unknown, whether the service saw it or not.
    `killed`: it is the last of several runs with one journal, some of which were killed, so not all was told.
    """
    assert not service.violations, f"the service saw: {service.violations[:5]}"
    if not killed:
        _one_outcome_each(told, ids, complete=complete)
        _report_adds_up(told, existed_ok=existed_ok)
    given_up = _Groups(told, service, ids, interrupted=interrupted, killed=killed).check()
    assert given_up <= 100 * max_requests, f"{given_up} tasks given up in flight"
    _bounds(service.history, max_requests, max_body, max_pending_bytes)
    assert told.most_open <= told.window, f"{told.most_open} tasks taken and not told, the window is {told.window}"
    sent = sum(record.size for record in service.history)
    report = told.report
    if exact:
        assert report.requests == len(service.history), f"{report.requests} requests, saw {len(service.history)}"
        assert report.bytes_sent == sent, f"{report.bytes_sent} bytes sent, saw {sent}"
        refused = sum(record.refused for record in service.history)
        assert report.refused == refused, f"{report.refused} refused, in truth {refused}"
    elif not killed:
        assert report.requests >= len(service.history), f"{report.requests} requests, saw {len(service.history)}"


def in_time(ended: float, *, healthy: float, rest: int, rate: float, slack: float) -> None:
    """(8) Once the service is healthy, the run ends within a bound.

    `healthy`: since when; `rest`: tasks that were open then, of which the service takes `rate` a second; `slack`: the
    longest that a request may be held back, and the search for the rate.
    """
    bound = healthy + slack + 2 * rest / rate
    assert ended <= bound, (
        f"healthy since {healthy:.1f} s with {rest} tasks open, ended at {ended:.1f} s > {bound:.1f} s"
    )


def _one_outcome_each(told: Told, ids: Sequence[str | None], *, complete: bool) -> None:
    """(1) One outcome for every task taken; the tasks taken are the first ones of the input."""
    taken = told.report.taken
    missing = sorted(set(range(taken)) - set(told.outcomes))
    assert not missing, f"taken, no outcome: {len(missing)} tasks, {[(n, ids[n]) for n in missing[:10]]}"
    extra = sorted(set(told.outcomes) - set(range(taken)))
    assert not extra, f"outcomes for tasks not taken: {extra[:10]}"
    if complete:
        assert taken == len(ids), f"{taken} taken of {len(ids)}"
    for index, outcome in told.outcomes.items():
        assert outcome.index == index
        assert outcome.task_id == ids[index], f"{outcome} should be of {ids[index]!r}"


def _report_adds_up(told: Told, *, existed_ok: bool) -> None:
    report = told.report
    tally = Counter(str(outcome.state) for outcome in told.outcomes.values())
    counts = {state: int(getattr(report, state)) for state in STATES}
    assert counts == {state: tally[state] for state in STATES}, f"report {counts}, outcomes {dict(tally)}"
    assert sum(counts.values()) == report.taken, f"{counts} of {report.taken}"
    good = {"added", "existed"} if existed_ok else {"added"}
    failed = {outcome.index for outcome in told.outcomes.values() if outcome.state not in good}
    kept = [outcome.index for outcome in report.failures]
    assert len(kept) == len(set(kept)), "a failure stands twice"
    assert set(kept) <= failed, f"no failures: {sorted(set(kept) - failed)[:10]}"
    if kept:
        assert len(kept) == min(len(failed), 10_000), f"{len(kept)} failures of {len(failed)}"
        assert report.failures_truncated == (len(failed) > 10_000)
    codes = Counter(
        outcome.error.code for outcome in told.outcomes.values() if outcome.error and outcome.state == "rejected"
    )
    for code, count in codes.items():
        assert code is not None, "a rejection without a code"
        assert report.errors.get(code, 0) >= count, f"{count} times {code}, report says {report.errors}"


class _Groups:
    """(2) to (5), (9): what was told of each id, against truth and history. Letter case does not count."""

    def __init__(
        self, told: Told, service: ScriptedService, ids: Sequence[str | None], *, interrupted: bool, killed: bool
    ) -> None:
        self._told = told
        self._truth = service.truth
        # A request on a connection that the service has just closed never arrives, and its client cannot know that.
        left = any(record.act is not None and record.act.leave for record in service.history)
        unseen = Fact.UNSEEN if left or service.starved else NONE
        self._always = unseen | (Fact.INTERRUPTED if interrupted else NONE) | (Fact.KILLED if killed else NONE)
        self._given_up = 0
        times = Counter(task_id.lower() for task_id in ids if task_id is not None)
        self._twins = {folded for folded, count in times.items() if count > 1}
        self._sent: defaultdict[str, list[Record]] = defaultdict(list)
        for record in service.history:
            for folded in record.folded:
                self._sent[folded].append(record)

    def check(self) -> int:
        """Gives how many tasks are unknown only because the run was interrupted."""
        groups: defaultdict[str, list[TaskOutcome]] = defaultdict(list)
        for outcome in self._told.outcomes.values():
            if outcome.task_id is None:
                assert outcome.state in {"rejected", "not_sent"}, f"{outcome} has no id"
            else:
                groups[outcome.task_id.lower()].append(outcome)
        strangers = set(self._sent) - set(groups)
        assert not strangers or self._always & Fact.KILLED, f"sent and not told of: {sorted(strangers)[:10]}"
        for folded, members in groups.items():
            self._group(folded, members)
        return self._given_up

    def _group(self, folded: str, members: list[TaskOutcome]) -> None:
        records = self._sent[folded]
        states = frozenset(str(outcome.state) for outcome in members)
        always = reduce(or_, (TOLD.get(state, NONE) for state in states), self._always | self._there(folded))
        sure = [outcome for outcome in members if outcome.state == "added" and outcome.confirmed]
        assert len(sure) <= 1, f"told as added more than once: {members}"
        for complaint in complaints_of_all(states, always | _facts_of(records, folded)):
            raise AssertionError(f"{folded}: {complaint} {members}; sent {_lines(records, folded)}")
        for outcome in members:
            self._one(outcome, folded, records, always)

    def _one(self, outcome: TaskOutcome, folded: str, records: list[Record], always: Fact) -> None:
        at = self._told.times.get(outcome.index, float("inf"))
        facts = always | _facts_of([record for record in records if record.at <= at], folded)
        for complaint in complaints(outcome.state, facts, confirmed=outcome.confirmed):
            raise AssertionError(f"{complaint}: {outcome}; sent {_lines(records, folded)}")
        assert outcome.state != "rejected" or outcome.error is not None, f"rejected without a reason: {outcome}"
        self._given_up += outcome.state == "unknown" and not facts & (Fact.OPEN | Fact.MAYBE_OPEN | Fact.UNSEEN)

    def _there(self, folded: str) -> Fact:
        adds = self._truth.adds.get(folded, 0)
        assert adds <= 1, f"{folded} was added {adds} times"
        theirs = Fact.THEIRS if folded in self._truth.before else NONE
        return (Fact.OURS if adds else NONE) | theirs | (Fact.TWIN if folded in self._twins else NONE)


def _facts_of(records: Iterable[Record], folded: str) -> Fact:
    """What these requests say of an id."""
    facts = NONE
    for record in records:
        facts |= Fact.SENT
        status, code = record.told.get(folded, ("", ""))
        if status == "success":
            facts |= Fact.SUCCESS
        elif code == "TaskExists":
            facts |= Fact.EXISTS | (Fact.INFERRED if facts & (Fact.OPEN | Fact.MAYBE_OPEN) else NONE)
        elif status == "clienterror":
            facts |= Fact.DENIED
        if record.ended is None or record.ended - record.at > _SLOW or record.gone:
            facts |= Fact.MAYBE_OPEN
        if not record.settles(folded):
            facts |= Fact.MAYBE_OPEN if record.certain or record.status in _NOT_DONE else Fact.OPEN
    return facts


def _lines(records: Iterable[Record], folded: str) -> list[str]:
    """The requests with an id, for whoever reads a complaint."""
    lines: list[str] = []
    for record in records:
        took = None if record.ended is None else round(record.ended - record.at, 3)
        said = record.told.get(folded, "")
        lines.append(f"#{record.number} {record.status} {said} {record.whole=} {record.gone=} {took} s {record.act}")
    return lines


def _bounds(history: Sequence[Record], max_requests: int, max_body: int, max_pending_bytes: int) -> None:
    """(6) Requests and bytes in flight, at the arrival of every request."""
    open_now: list[Record] = []
    for record in history:
        assert record.size <= max_body, f"#{record.number} has {record.size} bytes, the limit is {max_body}"
        open_now = [*_still_open(open_now, record.at), record]
        assert len(open_now) <= max_requests, f"{len(open_now)} requests in flight at #{record.number}"
        pending = sum(other.size for other in open_now)
        assert pending <= max_pending_bytes + max_body, f"{pending} bytes in flight at #{record.number}"


def _still_open(records: list[Record], now: float) -> Iterator[Record]:
    for record in records:
        # A client that left is seen a little later.
        end = float("inf") if record.ended is None else record.ended - (_LEAVING if record.gone else 0.0)
        if end > now:
            yield record
