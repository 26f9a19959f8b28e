"""A fault rule as a value.

Law: a rule that cannot do what it says is refused when it is made, with the name of the field.
"""

from __future__ import annotations

import math
from fnmatch import fnmatchcase
from typing import Any, Literal

import msgspec

from ..errors import ConfigurationError
from ..service.operations import CREATE_TASK_COLLECTION, OPERATIONS

HTML = "html"

_DROPS = ("before", "after", "body")
_ITEMS = ("servererror", "clienterror", "omit", "reorder", "duplicate", "recase")
_REFUSALS = (429, 503)


class FaultRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One way in which the service misbehaves.

    Which requests: `operation` is an operation id, `path` a glob over the path (`/jobs/a*/tasks`); without either
    it is every request of the API. `first` is the number, from 1, of the first matching request that is meant,
    `count` how many matching requests from there on; `rate` is the probability (drawn from `seed`) with which each
    of those is hit, and `seconds` ends the rule that long after the first request that it could hit.

    What happens, in this order:
    `capacity`: a token bucket of so many tasks a second, `burst` deep (one second's worth by default), where a
    request without a collection counts as one; what goes beyond is refused soon with `refuse_with`, 429
    TooManyRequests or 503 ServerBusy, and `retry_after`;
    `latency`: seconds of waiting;
    `drop="before"`: the connection closes, nothing was done;
    `status` with `code`: this answer and nothing else; `code` is a code of the service, or "html" for the page
    of a proxy, which may even come with status 200; `retry_after` goes into its header, in seconds;
    `items`: in the answer for a task collection, with `rate` for each task: "servererror" or "clienterror" (`code`
    says which; the task is not added), "omit" (added, its result is missing), "duplicate" (its result comes
    twice), "recase" (its id comes back in another letter case), "reorder" (results change places; the rate is
    that of the request);
    `drop="after"`: the request is done and the connection closes without an answer;
    `drop="body"`: the request is done and the answer breaks off in the middle; one without a body does not come.

    Raises `ConfigurationError` that names the field.

    >>> FaultRule(operation="Tasks_CreateTaskCollection", status=503, code="ServerBusy", count=3, retry_after=1)
    FaultRule(operation='Tasks_CreateTaskCollection', count=3, status=503, code='ServerBusy', retry_after=1)
    """

    operation: str | None = None
    path: str | None = None
    rate: float = 1.0
    first: int | None = None
    count: int | None = None
    seed: int = 0
    status: int | None = None
    code: str | None = None
    retry_after: float | None = None
    latency: float | None = None
    drop: Literal["before", "after", "body"] | None = None
    items: Literal["servererror", "clienterror", "omit", "reorder", "duplicate", "recase"] | None = None
    capacity: float | None = None
    burst: float | None = None
    refuse_with: int = 429
    seconds: float | None = None

    def __post_init__(self) -> None:
        _check_values(self)
        _check_together(self)

    def matches(self, operation: str | None, path: str) -> bool:
        """Whether a request is one of those that the rule is about, numbers and chance aside."""
        if self.operation is not None and self.operation != operation:
            return False
        if self.items is not None and operation != CREATE_TASK_COLLECTION.id:
            return False
        return self.path is None or fnmatchcase(path, self.path)

    def __repr__(self) -> str:
        said = (
            f"{field.name}={value!r}"
            for field in msgspec.structs.fields(self)
            if (value := getattr(self, field.name)) != field.default
        )
        return f"FaultRule({', '.join(said)})"


def read_rules(body: bytes) -> list[FaultRule]:
    """Rules from a JSON list, as fault files and the control endpoint have them. Raises `ConfigurationError`."""
    try:
        return msgspec.json.decode(body, type=list[FaultRule])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigurationError(f"faults: {error}") from error


def _refuse(field: str, reason: str) -> None:
    raise ConfigurationError(f"FaultRule: {field} {reason}")


def _check_number(rule: FaultRule, field: str, least: float, *, above: bool = False) -> None:
    value: Any = getattr(rule, field)
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        _refuse(field, f"is a number, not {value!r}")
    if value < least or (above and value == least):
        _refuse(field, f"is {'above' if above else 'at least'} {least:g}, not {value!r}")


def _check_whole(rule: FaultRule, field: str, least: int | None) -> None:
    value: Any = getattr(rule, field)
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int) or (least is not None and value < least):
        _refuse(field, f"is a whole number{'' if least is None else f' from {least}'}, not {value!r}")


def _check_choice(rule: FaultRule, field: str, choices: tuple[object, ...]) -> None:
    value = getattr(rule, field)
    if value is not None and value not in choices:
        _refuse(field, f"is one of {', '.join(map(str, choices))}, not {value!r}")


def _check_values(rule: FaultRule) -> None:
    for field in ("operation", "path", "code"):
        value: Any = getattr(rule, field)
        if value is not None and (not isinstance(value, str) or not value):
            _refuse(field, f"is text, not {value!r}")
    if rule.operation is not None and rule.operation not in OPERATIONS:
        _refuse("operation", f"{rule.operation!r} is not an operation id")
    for field in ("rate", "latency", "retry_after"):
        _check_number(rule, field, 0)
    for field in ("capacity", "burst", "seconds"):
        _check_number(rule, field, 0, above=True)
    if rule.rate > 1:
        _refuse("rate", f"is a probability, at most 1, not {rule.rate!r}")
    for field in ("first", "count"):
        _check_whole(rule, field, 1)
    _check_whole(rule, "seed", None)
    _check_whole(rule, "status", 200)
    if rule.status is not None and rule.status > 599:
        _refuse("status", f"is at most 599, not {rule.status}")
    _check_choice(rule, "drop", _DROPS)
    _check_choice(rule, "items", _ITEMS)
    _check_choice(rule, "refuse_with", _REFUSALS)


def _check_together(rule: FaultRule) -> None:
    effects = [field for field in ("status", "drop", "items", "capacity") if getattr(rule, field) is not None]
    if not effects and rule.latency is None:
        _refuse("status", "or drop, items, capacity or latency is needed: the rule does nothing")
    if len(effects) > 1:
        _refuse(effects[1], f"does not go together with {effects[0]}: make two rules")
    if rule.status is not None and rule.status < 400 and rule.code != HTML:
        _refuse("status", f'{rule.status} is no error: it goes with code="html" only')
    if rule.code is not None and rule.status is None and rule.items not in ("servererror", "clienterror"):
        _refuse("code", 'needs status, or items="servererror" or "clienterror"')
    if rule.code == HTML and rule.items is not None:
        _refuse("code", '"html" is a page, not the code of a task')
    if rule.retry_after is not None and rule.status is None and rule.capacity is None:
        _refuse("retry_after", "needs status or capacity")
    if rule.capacity is None and rule.burst is not None:
        _refuse("burst", "needs capacity")
    if rule.capacity is None and rule.refuse_with != 429:
        _refuse("refuse_with", "needs capacity")
    if rule.items is not None and rule.operation not in (None, CREATE_TASK_COLLECTION.id):
        _refuse("items", f"is about {CREATE_TASK_COLLECTION.id}, not {rule.operation}")
