"""One request from its first try to the outcome of its tasks.

Law: does what `verdict` says, and counts. A request keeps its client-request-id over all its tries; tasks that
it cannot settle go back to the backlog, never away.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from ..errors import BatchioError, CredentialError, HttpResponseError
from ..models import BatchError
from ..service.operations import CREATE_TASK_COLLECTION
from ..session.log import log_failure
from ..session.request import Request
from ..session.request_id import new_request_id
from ..session.retry import backoff
from ..session.telemetry import UNSEEN
from ..session.tries import rest
from .intake import local_error
from .packer import MAX_TASKS, body_of, halve
from .report import OutcomeState, TaskOutcome
from .requests import error_of
from .tasks import Narrowing, Tasks
from .verdict import Action, Kind, Result, Told, is_all_added, judge, read_results, tell

if TYPE_CHECKING:
    from ..session.telemetry import Call
    from .engine import Engine


class Carrier:
    """Carries one request's tasks for an engine."""

    def __init__(self, engine: Engine, tasks: Tasks) -> None:
        self._engine = engine
        self._ledger = engine.ledger
        self._seen: Call | None = None
        self._begin(tasks)

    def _begin(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self._request = self._make_request()
        self._number = 0
        self._failures = 0
        self._closed_once = False
        self._renewed = False

    async def carry(self) -> None:
        """Try until the tasks are settled or given back, then go on with the next ones while there are any.

        Cancelled, it still holds what it carries (`give_back`).
        """
        while True:
            run = self._engine.seen
            self._seen = None if run is None else run.call(self._request)
            with self._seen or UNSEEN:
                while len(self._tasks) and not await self._is_through():
                    pass
            tasks = self._engine.next_tasks()
            if tasks is None:
                return
            self._begin(tasks)

    async def _is_through(self) -> bool:
        """One try and what follows from it; false means that the same request goes out again."""
        engine, sent_at = self._engine, self._engine.clock()
        engine.requests += 1
        engine.bytes_sent += len(self._request.body or b"")
        try:
            results = await self._exchange()
        except BatchioError as failure:
            # Without the frames that hold the signature and the body: it may stay as the reason of the run's end.
            return await self._react(failure.with_traceback(None), sent_at)
        except BaseException:
            # Cancelled, or broken by what ends the run or what a session has around it: it may have been sent.
            self._mark_all(maybe=True, attempts=1)
            raise
        now = engine.clock()
        engine.accepted(now)
        engine.gate.answered(now, sent_at)
        engine.backlog.packer.size_limit.accept(len(self._request.body or b""))
        self._settle(results)
        return True

    async def _exchange(self) -> Sequence[Result] | None:
        """The results; None where every task was added and nobody asks for more."""
        session = self._engine.session
        self._number += 1
        answer = await session.send(self._request, self._number, self._seen)
        if answer.status not in CREATE_TASK_COLLECTION.success:
            raise session.error(self._request, answer)
        details = self._engine.options.details
        if not details and not self._ledger.is_marked(self._tasks) and is_all_added(self._tasks, answer.body):
            return None
        return read_results(answer.body, details=details)

    # What follows from a try without results

    async def _react(self, failure: BatchioError, sent_at: float) -> bool:
        engine, now = self._engine, self._engine.clock()
        action = self._action(failure)
        engine.last_failure = failure
        if action is Action.STOP:
            engine.stop(failure)
            self.give_back()
            return True
        if action is Action.HALVE:
            self._halve(failure)
            return True
        if action is Action.NARROW:
            self._narrow(failure)
            return True
        self._retried()
        engine.refused += action is Action.REFUSED
        retry_after = failure.retry_after if isinstance(failure, HttpResponseError) else None
        if action is Action.REFUSED or retry_after is not None:
            engine.gate.refused(now, sent_at, retry_after)
        elif action in (Action.UNREACHED, Action.AGAIN):
            engine.gate.noise(now, sent_at)
        if action in (Action.AGAIN, Action.AT_ONCE):
            self._unanswered(failure, counts=action is Action.AGAIN)
        if action in (Action.AT_ONCE, Action.RENEW):
            engine.gate.depart()
            return not len(self._tasks)
        return await self._back_off(failure, retry_after)

    def _action(self, failure: BatchioError) -> Action:
        action = judge(failure)
        if isinstance(failure, CredentialError) and self._engine.has_accepted:
            # It gave tokens before: a run of hours must not end with one bad minute of the token service.
            return Action.UNREACHED
        if action is Action.AT_ONCE:
            if self._closed_once:
                return Action.AGAIN
            self._closed_once = True
        if action is Action.RENEW:
            if self._renewed:
                return Action.STOP
            self._renewed = True
        return action

    async def _back_off(self, failure: BatchioError, retry_after: float | None) -> bool:
        engine = self._engine
        if not len(self._tasks):
            return True
        wait = backoff(engine.session.rng, self._failures)
        if retry_after is not None:
            # A little more than asked, so that those who were told the same do not come back together.
            wait = retry_after * engine.session.rng.uniform(1.0, 1.1)
        self._failures += 1
        log_failure(self._request, failure, wait, self._number)
        await rest(wait, engine.stopping)
        if engine.stopping.is_set() or not await engine.gate.may_return(engine.stopping):
            self.give_back()
            return True
        return False

    def _unanswered(self, failure: BatchioError, *, counts: bool) -> None:
        """The tasks may have been added; those that were tried often enough end here."""
        self._mark_all(maybe=True, attempts=int(counts), error=error_of(failure))
        limit, tasks = self._engine.options.attempts, self._tasks
        spent = [at for at, ordinal in enumerate(tasks.ordinals) if self._ledger.marks[ordinal].attempts >= limit]
        if not spent:
            return
        outcomes = [self._ledger.settle(tasks, at, OutcomeState.UNKNOWN, confirmed=False) for at in spent]
        self._deliver(tasks.pick(spent), outcomes)
        # What is left is another request: it gets an id of its own.
        self._tasks = tasks.pick(sorted(set(range(len(tasks))) - set(spent)))
        self._request = self._make_request()

    def _halve(self, failure: BatchioError) -> None:
        if len(self._tasks) == 1:
            self._reject(failure)
            return
        self._engine.backlog.packer.size_limit.refuse(len(self._request.body or b""))
        self._send_halves()

    def _narrow(self, failure: BatchioError) -> None:
        tasks = self._tasks
        narrowing = tasks.narrowing
        if len(tasks) > 1:
            tasks.narrowing = narrowing or Narrowing(len(tasks))
            self._send_halves()
            return
        self._reject(failure)
        if narrowing is not None:
            narrowing.bad += 1
            if narrowing.bad == narrowing.total and self._says_all_is_bad(narrowing.total):
                self._engine.stop(failure)

    def _says_all_is_bad(self, total: int) -> bool:
        """Whether not a task is bad here and there but the service refuses whatever this run sends."""
        # The tasks of a feed are of different callers, and each is told of its own.
        is_feed = self._engine.options.max_pending is not None
        return not is_feed and (total == MAX_TASKS or not self._engine.has_accepted)

    def _send_halves(self) -> None:
        self._retried(2)
        for half in halve(self._tasks):
            self._engine.backlog.send_whole(half)
        self._tasks = Tasks.none()
        self._engine.wake()

    def _reject(self, failure: BatchioError) -> None:
        self._mark_all(attempts=1)
        tasks, self._tasks = self._tasks, Tasks.none()
        outcome = self._ledger.settle(tasks, 0, OutcomeState.REJECTED, error=error_of(failure))
        self._deliver(tasks, [outcome])

    # What follows from results

    def _settle(self, results: Sequence[Result] | None) -> None:
        tasks, self._tasks = self._tasks, Tasks.none()
        tasks.narrowing = None
        if results is None:
            self._ledger.add_all(tasks)
            self._engine.settled(tasks, None)
            return
        told = tell(tasks, results)
        outcomes: list[TaskOutcome] = []
        done: list[int] = []
        again: list[int] = []
        for at in range(len(tasks)):
            outcome = self._outcome(tasks, at, told[at])
            if outcome is None:
                again.append(at)
            else:
                outcomes.append(outcome)
                done.append(at)
        if again:
            self._retry(tasks.pick(again))
        self._deliver(tasks.pick(done), outcomes)

    def _outcome(self, tasks: Tasks, at: int, told: Told) -> TaskOutcome | None:
        kind, result = told
        ledger, ordinal = self._ledger, tasks.ordinals[at]
        error = result.error if result is not None else None
        if kind is Kind.ADDED:
            return ledger.settle(tasks, at, OutcomeState.ADDED, result=result)
        if kind is Kind.REJECTED:
            return ledger.settle(tasks, at, OutcomeState.REJECTED, result=result, error=error)
        if kind is Kind.EXISTS:
            if ledger.may_be_added(ordinal):
                return ledger.settle(tasks, at, OutcomeState.ADDED, result=result, confirmed=False)
            return ledger.settle(tasks, at, OutcomeState.EXISTED, result=result, error=error)
        mark = ledger.mark(ordinal)
        mark.attempts += 1
        mark.error = error or local_error("NoResult", "the service's answer left this task out")
        mark.maybe_added |= kind is Kind.MISSING
        if mark.attempts < self._engine.options.attempts:
            return None
        state = OutcomeState.UNKNOWN if mark.maybe_added else OutcomeState.GAVE_UP
        return ledger.settle(tasks, at, state, confirmed=not mark.maybe_added)

    def _retry(self, tasks: Tasks) -> None:
        engine = self._engine
        attempts = max(self._ledger.marks[ordinal].attempts for ordinal in tasks.ordinals)
        self._retried()
        engine.backlog.retry(tasks, engine.clock() + backoff(engine.session.rng, attempts - 1))

    # Shared by both

    def _retried(self, requests: int = 1) -> None:
        self._engine.retries += requests
        self._engine.session.retried(requests)

    def _deliver(self, tasks: Tasks, outcomes: list[TaskOutcome]) -> None:
        self._ledger.deliver(outcomes)
        self._engine.settled(tasks, outcomes)

    def _mark_all(self, *, maybe: bool = False, attempts: int = 0, error: BatchError | None = None) -> None:
        for ordinal in self._tasks.ordinals:
            mark = self._ledger.mark(ordinal)
            mark.attempts += attempts
            mark.maybe_added |= maybe
            mark.error = error or mark.error

    def give_back(self) -> None:
        """Put what is not settled back into the backlog."""
        tasks, self._tasks = self._tasks, Tasks.none()
        if len(tasks):
            self._engine.backlog.send_whole(tasks)

    def _make_request(self) -> Request:
        engine = self._engine
        blank = engine.blank
        return msgspec.structs.replace(
            blank,
            headers={**blank.headers, "client-request-id": new_request_id()},
            body=body_of(self._tasks),
        )
