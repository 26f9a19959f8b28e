"""The checker: outcomes, report, truth and history of one run must agree (engine.md, "How it is tested").

Law: it asks only what is promised, and every complaint names the task and what is known of it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from batchio import TaskOutcome

    from .driving import Told
    from .service import ScriptedService
    from .truth import Record

STATES = ("added", "existed", "rejected", "gave_up", "unknown", "not_sent")
_SLOW = 0.1
"""Seconds after which an answer may come too late for its client."""
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
    max_requests: int = 256,
    max_body: int = 950_000,
    max_pending_bytes: int = 64 * 1024 * 1024,
) -> None:
    """Assert all that holds after a run; `ids` are those of the input, in order.

    `interrupted`: the run was cancelled or left, so what was in flight is unknown, whether the service saw it or not.
    """
    assert not service.violations, f"the service saw: {service.violations[:5]}"
    _one_outcome_each(told, ids, complete=complete)
    _report_adds_up(told, existed_ok=existed_ok)
    given_up = _Groups(told, service, interrupted=interrupted).check()
    assert given_up <= 100 * max_requests, f"{given_up} tasks given up in flight"
    _bounds(service.history, max_requests, max_body, max_pending_bytes)
    sent = sum(record.size for record in service.history)
    report = told.report
    if exact:
        assert report.requests == len(service.history), f"{report.requests} requests, saw {len(service.history)}"
        assert report.bytes_sent == sent, f"{report.bytes_sent} bytes sent, saw {sent}"
        refused = sum(record.refused for record in service.history)
        assert report.refused == refused, f"{report.refused} refused, in truth {refused}"
    else:
        assert report.requests >= len(service.history), f"{report.requests} requests, saw {len(service.history)}"


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
    """(2) to (5): what was told of each id, against the service's truth and history. Ids count without letter case."""

    def __init__(self, told: Told, service: ScriptedService, *, interrupted: bool) -> None:
        self._told = told
        self._truth = service.truth
        self._interrupted = interrupted
        self._given_up = 0
        # A request on a connection that the service has just closed never arrives, and its client cannot know that.
        left = any(record.act is not None and record.act.leave for record in service.history)
        self._unseen = left or service.starved
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
        assert not strangers, f"sent and not told of: {sorted(strangers)[:10]}"
        for folded, members in groups.items():
            states = Counter(str(outcome.state) for outcome in members)
            self._group(folded, members, states)
            for outcome in members:
                self._one(folded, outcome, states)
        return self._given_up

    def _group(self, folded: str, members: list[TaskOutcome], states: Counter[str]) -> None:
        adds = self._truth.adds.get(folded, 0)
        assert adds <= 1, f"{folded} was added {adds} times"
        sure = [outcome for outcome in members if outcome.state == "added" and outcome.confirmed]
        assert len(sure) <= 1, f"told as added more than once: {members}"
        if adds and not (states["added"] or states["unknown"]):
            lost = f"the service added {folded} through us, told: {members}"
            assert states["rejected"], lost
            assert any(self._open(folded, record) for record in self._sent[folded]), lost
        if adds and folded in self._truth.before:
            raise AssertionError(f"{folded} is both ours and another's")

    def _one(self, folded: str, outcome: TaskOutcome, states: Counter[str]) -> None:
        at = self._told.times.get(outcome.index, float("inf"))
        state = str(outcome.state)
        sent = [record for record in self._sent[folded] if record.at <= at]
        theirs = folded in self._truth.before
        what = f"{outcome}; sent {[self._line(record, folded) for record in self._sent[folded]]}"
        if state == "added":
            self._added(folded, outcome, sent, what)
        elif state == "existed":
            assert self._truth.has(folded), f"existed, and is not there: {what}"
            assert sent, f"existed, and was never sent: {what}"
            assert theirs or states["added"] or states["unknown"], f"existed, and only we sent it: {what}"
        elif state == "unknown":
            is_open = self._unseen or any(self._open(folded, record) for record in sent)
            assert is_open or self._interrupted, f"unknown, and nothing is open: {what}"
            self._given_up += not is_open
        elif state in {"gave_up", "not_sent"}:
            others = theirs or states["added"] or states["existed"] or states["unknown"]
            assert others or not self._truth.has(folded), f"certainly not there, and it is there: {what}"
            assert state == "not_sent" or sent, f"gave up, and was never sent: {what}"
        else:
            assert outcome.error is not None, f"rejected without a reason: {what}"

    def _added(self, folded: str, outcome: TaskOutcome, sent: list[Record], what: str) -> None:
        assert self._truth.has(folded), f"added, and is not there: {what}"
        said = [(record, record.told[folded]) for record in sent if folded in record.told]
        if outcome.confirmed:
            assert folded not in self._truth.before, f"added, and it is another's: {what}"
            assert any(status == "success" for _, (status, _) in said), f"added, and nobody said so: {what}"
            return
        exists = [record.number for record, (_, code) in said if code == "TaskExists"]
        assert exists, f"added without a word of the service: {what}"
        before = [record for record in sent if record.number < exists[-1] and self._open(folded, record)]
        assert before or self._unseen, f"added by inference, and no attempt was open: {what}"

    @staticmethod
    def _open(folded: str, record: Record) -> bool:
        """Whether the client may have been left without an answer about this id."""
        slow = record.ended is None or record.ended - record.at > _SLOW
        return slow or record.gone or not record.settles(folded)

    @staticmethod
    def _line(record: Record, folded: str) -> str:
        took = None if record.ended is None else round(record.ended - record.at, 3)
        told = record.told.get(folded, "")
        return f"#{record.number} {record.status} {told} whole={record.whole} gone={record.gone} {took} s {record.act}"


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
