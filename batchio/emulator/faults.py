"""Fault rules at work.

Law: what a rule does follows from its values, the requests that came before and its seed; time is the machine's
own, given as an argument.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, MutableSequence
from functools import cached_property
from random import Random
from typing import Any, overload

import msgspec

from ..errors import ConfigurationError
from .fault_rules import HTML, FaultRule
from .refusals import Refusal

_REFUSAL_CODES = {429: "TooManyRequests", 503: "ServerBusy"}
_STATUS_CODES = {429: "TooManyRequests", 503: "ServerBusy", 408: "OperationTimedOut", 413: "RequestBodyTooLarge"}

_ROUNDING = 1e-6
"""Of a token: sums of fractions come out a little short."""

_PAGE = """<!DOCTYPE html>
<html><head><title>{status} {reason}</title></head>
<body><center><h1>{status} {reason}</h1></center><hr><center>proxy</center></body></html>
"""


class ActiveRule:
    """A rule and what it has seen so far."""

    def __init__(self, rule: FaultRule) -> None:
        self.rule = rule
        self.random = Random(rule.seed)  # noqa: S311  # faults are to be repeatable, not secret
        self._seen = 0
        self._begun: float | None = None
        self._burst = rule.burst if rule.burst is not None else rule.capacity or 0.0
        self._tokens = self._burst
        self._filled = -math.inf

    @cached_property
    def name(self) -> str:
        """The rule as the log has it; msgspec takes longer for that than for a whole request."""
        return repr(self.rule)

    def hits(self, operation: str | None, path: str, now: float) -> bool:
        """Whether the rule applies to this request; counts it where it matches."""
        rule = self.rule
        if not rule.matches(operation, path):
            return False
        self._seen += 1
        first = rule.first or 1
        if self._seen < first or (rule.count is not None and self._seen >= first + rule.count):
            return False
        if self._begun is None:
            self._begun = now
        if rule.seconds is not None and now >= self._begun + rule.seconds:
            return False
        # For items the rate is that of each task.
        return rule.items not in (None, "reorder") or rule.rate >= 1 or self.random.random() < rule.rate

    def admits(self, tasks: int, now: float) -> bool:
        """Take so many tokens out of the bucket, or refuse; a request above the whole burst leaves a debt."""
        elapsed = now - self._filled
        self._filled = now
        self._tokens = min(self._burst, self._tokens + elapsed * (self.rule.capacity or 0.0))
        if self._tokens < min(tasks, self._burst) - _ROUNDING:
            return False
        self._tokens -= tasks
        return True


class ItemFaults:
    """What the rules with `items` do to the tasks of one collection."""

    def __init__(self, active: list[ActiveRule]) -> None:
        self._active = active

    def problem(self) -> Refusal | None:
        """The error that the next task gets, if it gets one."""
        for active in self._active:
            rule = active.rule
            if rule.items in ("servererror", "clienterror") and active.random.random() < rule.rate:
                server = rule.items == "servererror"
                code = rule.code or ("InternalError" if server else "InvalidPropertyValue")
                # The kind of the error is what the rule says, whatever the code stands for elsewhere.
                return Refusal(code, status=500 if server else 400)
        return None

    def spoil(self, lines: list[str]) -> list[str]:
        """The results as they leave."""
        for active in self._active:
            lines = _SPOILERS.get(active.rule.items or "", _keep)(lines, active)
        return lines


def _keep(lines: list[str], _: ActiveRule) -> list[str]:
    return lines


def _omit(lines: list[str], active: ActiveRule) -> list[str]:
    return [line for line in lines if active.random.random() >= active.rule.rate]


def _duplicate(lines: list[str], active: ActiveRule) -> list[str]:
    return [copy for line in lines for copy in [line] * (2 if active.random.random() < active.rule.rate else 1)]


def _reorder(lines: list[str], active: ActiveRule) -> list[str]:
    return active.random.sample(lines, len(lines))


def _recase(lines: list[str], active: ActiveRule) -> list[str]:
    return [_recased(line) if active.random.random() < active.rule.rate else line for line in lines]


def _recased(line: str) -> str:
    result: dict[str, Any] = msgspec.json.decode(line)
    result["taskId"] = result["taskId"].swapcase()
    return msgspec.json.encode(result).decode()


_SPOILERS = {"omit": _omit, "duplicate": _duplicate, "reorder": _reorder, "recase": _recase}


class FaultPlan:
    """What the rules have in store for one request."""

    def __init__(self) -> None:
        self.latency = 0.0
        self.drop: str | None = None
        self.status: FaultRule | None = None
        self.buckets: list[ActiveRule] = []
        self.items: list[ActiveRule] = []
        self.named: list[str] = []

    def add(self, active: ActiveRule) -> None:
        """Take in a rule that hit; of two that contradict each other the earlier one in the list goes first."""
        rule = active.rule
        self.latency += rule.latency or 0.0
        self.drop = self.drop or rule.drop
        if rule.status is not None:
            self.status = self.status or rule
        if rule.capacity is not None:
            self.buckets.append(active)
        if rule.items is not None:
            self.items.append(active)
        self.named.append(active.name)

    def item_faults(self) -> ItemFaults | None:
        """What happens to the tasks of a collection, if anything does."""
        return ItemFaults(self.items) if self.items else None

    def overload(self, tasks: int, now: float) -> Refusal | None:
        """The refusal of a request with so many tasks, where a bucket has not enough tokens."""
        for active in self.buckets:
            if not active.admits(tasks, now):
                status = active.rule.refuse_with
                return Refusal(_REFUSAL_CODES[status], headers=_retry_after(active.rule))
        return None


NO_FAULT = FaultPlan()
"""For requests that no rule hits; never changed."""


def status_refusal(rule: FaultRule) -> Refusal:
    """The answer of a rule with `status`."""
    status = rule.status or 500
    code = rule.code or _STATUS_CODES.get(status, "InternalError" if status >= 500 else "InvalidInput")
    return Refusal(code, status=status, headers=_retry_after(rule))


def page(rule: FaultRule) -> bytes:
    """The HTML of a proxy that answers in the service's place; empty where the rule wants no page."""
    if rule.code != HTML:
        return b""
    return _PAGE.format(status=rule.status, reason="Proxy Error").encode()


def _retry_after(rule: FaultRule) -> dict[str, str]:
    # A fraction is against the letter of HTTP, but it is what the rule asks for, and tests need not wait.
    return {} if rule.retry_after is None else {"Retry-After": f"{rule.retry_after:g}"}


class Faults(MutableSequence[FaultRule]):
    """The rules in force; change it like a list while the emulator runs. A rule starts to count when it is put in."""

    def __init__(self, rules: Iterable[FaultRule] = ()) -> None:
        self._active: list[ActiveRule] = []
        self.extend(rules)

    def plan(self, operation: str | None, path: str) -> FaultPlan:
        """What happens to a request; every rule that matches counts it."""
        if not self._active:
            return NO_FAULT
        now = time.monotonic()
        hitting = [active for active in self._active if active.hits(operation, path, now)]
        if not hitting:
            return NO_FAULT
        plan = FaultPlan()
        for active in hitting:
            plan.add(active)
        return plan

    def replace(self, rules: Iterable[FaultRule]) -> None:
        """Put other rules in place of all."""
        self._active = [_activate(rule) for rule in rules]

    @overload
    def __getitem__(self, index: int) -> FaultRule: ...
    @overload
    def __getitem__(self, index: slice) -> list[FaultRule]: ...
    def __getitem__(self, index: int | slice) -> FaultRule | list[FaultRule]:
        if isinstance(index, slice):
            return [active.rule for active in self._active[index]]
        return self._active[index].rule

    @overload
    def __setitem__(self, index: int, value: FaultRule) -> None: ...
    @overload
    def __setitem__(self, index: slice, value: Iterable[FaultRule]) -> None: ...
    def __setitem__(self, index: int | slice, value: FaultRule | Iterable[FaultRule]) -> None:
        if isinstance(index, slice):
            self._active[index] = [_activate(rule) for rule in _many(value)]
        else:
            self._active[index] = _activate(value)

    def __delitem__(self, index: int | slice) -> None:
        del self._active[index]

    def __len__(self) -> int:
        return len(self._active)

    def insert(self, index: int, value: FaultRule) -> None:
        """Put a rule in before the one at `index`."""
        self._active.insert(index, _activate(value))

    def __repr__(self) -> str:
        return f"Faults({list(self)!r})"


def _many(value: object) -> Iterable[Any]:
    if isinstance(value, Iterable):
        return value
    raise ConfigurationError(f"faults: rules are needed, not {value!r}")


def _activate(rule: object) -> ActiveRule:
    if not isinstance(rule, FaultRule):
        raise ConfigurationError(f"faults: a FaultRule is needed, not {rule!r}")
    return ActiveRule(rule)
