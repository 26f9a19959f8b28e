"""What a variable of the service answers about its samples.

Law: a sample counts where its time lies after the begin and not after the end of what was asked, never after now.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from .failures import INSUFFICIENT, MistakeError
from .history import PERIOD, History
from .values import Interval, Timestamp, Value, type_name, vector


class Source(msgspec.Struct, frozen=True):
    """A variable with its history at a time."""

    name: str
    history: History
    now: Timestamp


class Method(msgspec.Struct, frozen=True):
    """How many arguments a method takes, and what it does."""

    least: int
    most: int
    call: Callable[[Source, Sequence[Value]], Value]


def _moment(method: str, value: Value, source: Source) -> int:
    """A time, or an interval back from now."""
    if isinstance(value, Timestamp):
        return value.ticks
    if isinstance(value, Interval):
        return source.now.ticks - value.ticks
    raise MistakeError(f"{method} takes a timestamp or a timeinterval, not a {type_name(value)}")


def _within(method: str, source: Source, bounds: Sequence[Value]) -> tuple[list[float], float]:
    """The values between two times, or since one, and how many percent of those that could be there they are."""
    first, last = sorted([*(_moment(method, bound, source) for bound in bounds), source.now.ticks][:2])
    values = [value for at, value in source.history.samples(source.name, source.now.ticks) if first < at <= last]
    return values, min(100 * len(values) / max((last - first) // PERIOD, 1), 100.0)


def _get_sample(source: Source, arguments: Sequence[Value]) -> Value:
    first, *rest = arguments
    if isinstance(first, float):
        if rest:
            raise MistakeError("GetSample takes nothing after a number of samples")
        if first < 0:
            raise MistakeError(f"GetSample takes a number of samples from 0 on, not {first:g}")
        samples = source.history.samples(source.name, source.now.ticks)
        return vector(value for _, value in samples[max(len(samples) - int(first), 0) :])
    bounds, wanted = list(arguments), 0.0
    if rest and isinstance(rest[-1], float):
        wanted = rest[-1]
        bounds.pop()
    if len(bounds) > 2:
        raise MistakeError(f"GetSample takes a double as its third argument, not a {type_name(bounds[2])}")
    values, received = _within("GetSample", source, bounds)
    if received < wanted:
        message = f"Insufficient data from data set: {source.name} wanted {wanted:g}%, received {int(received)}%"
        raise MistakeError(message, INSUFFICIENT)
    return vector(values)


def _get_sample_percent(source: Source, arguments: Sequence[Value]) -> Value:
    return _within("GetSamplePercent", source, arguments)[1]


def _get_sample_period(_source: Source, _: Sequence[Value]) -> Value:
    return Interval(PERIOD)


def _count(source: Source, _: Sequence[Value]) -> Value:
    return float(len(source.history.samples(source.name, source.now.ticks)))


def _history_begin_time(source: Source, _: Sequence[Value]) -> Value:
    samples = source.history.samples(source.name, source.now.ticks)
    if not samples:
        raise no_samples(source.name)
    return Timestamp(samples[0][0])


def no_samples(name: str) -> MistakeError:
    """The mistake of reading a variable that has no sample yet."""
    return MistakeError(f"Insufficient data from data set: {name} has no samples", INSUFFICIENT)


METHODS: dict[str, Method] = {
    "Count": Method(0, 0, _count),
    "GetSample": Method(1, 3, _get_sample),
    "GetSamplePercent": Method(1, 2, _get_sample_percent),
    "GetSamplePeriod": Method(0, 0, _get_sample_period),
    "HistoryBeginTime": Method(0, 0, _history_begin_time),
}
