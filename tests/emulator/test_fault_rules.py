from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchio.emulator import FaultRule, Faults, read_rules
from batchio.emulator.faults import ActiveRule
from batchio.errors import ConfigurationError

ADD = "Tasks_CreateTaskCollection"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({}, "status"),
        ({"rate": 0.5}, "status"),
        ({"operation": "Jobs_Explode", "status": 500}, "operation"),
        ({"operation": "", "status": 500}, "operation"),
        ({"path": 5, "status": 500}, "path"),
        ({"rate": 1.1, "status": 500}, "rate"),
        ({"rate": -0.1, "status": 500}, "rate"),
        ({"rate": float("nan"), "status": 500}, "rate"),
        ({"first": 0, "status": 500}, "first"),
        ({"first": 1.5, "status": 500}, "first"),
        ({"count": 0, "status": 500}, "count"),
        ({"seed": "x", "status": 500}, "seed"),
        ({"status": 100}, "status"),
        ({"status": 600}, "status"),
        ({"status": True}, "status"),
        ({"status": 200}, "status"),
        ({"status": 302, "code": "ServerBusy"}, "status"),
        ({"code": "ServerBusy"}, "status"),
        ({"code": "ServerBusy", "latency": 1}, "code"),
        ({"code": "html", "items": "servererror"}, "code"),
        ({"code": "TaskExists", "items": "omit"}, "code"),
        ({"retry_after": 1, "drop": "after"}, "retry_after"),
        ({"retry_after": -1, "status": 503}, "retry_after"),
        ({"latency": -1}, "latency"),
        ({"latency": "1"}, "latency"),
        ({"drop": "sometimes"}, "drop"),
        ({"items": "shuffle"}, "items"),
        ({"items": "omit", "operation": "Jobs_GetJob"}, "items"),
        ({"status": 500, "drop": "before"}, "drop"),
        ({"items": "omit", "capacity": 5}, "capacity"),
        ({"capacity": 0}, "capacity"),
        ({"burst": 5, "status": 500}, "burst"),
        ({"capacity": 5, "burst": -5}, "burst"),
        ({"capacity": 5, "refuse_with": 500}, "refuse_with"),
        ({"status": 500, "refuse_with": 503}, "refuse_with"),
        ({"seconds": 0, "status": 500}, "seconds"),
    ],
)
def test_a_rule_that_cannot_be_says_which_field(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"^FaultRule: {named} "):
        FaultRule(**fields)


def test_a_rule_is_a_value() -> None:
    rule = FaultRule(status=503, code="ServerBusy", count=3)
    assert rule == FaultRule(status=503, code="ServerBusy", count=3)
    assert repr(rule) == "FaultRule(count=3, status=503, code='ServerBusy')"
    with pytest.raises(AttributeError):
        rule.status = 500  # type: ignore[misc]  # wrong on purpose
    with pytest.raises(TypeError):
        FaultRule("Jobs_GetJob")  # type: ignore[call-arg]  # wrong on purpose


def test_rules_from_json() -> None:
    rules = [FaultRule(status=502, code="html"), FaultRule(items="omit", rate=0.25, seed=7), FaultRule(latency=0.5)]
    assert read_rules(msgspec.json.encode(rules)) == rules


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "faults"),
        ("{}", "array"),
        ('[{"staus": 5}]', "staus"),
        ('[{"status": 503}, {"rate": 2, "status": 503}]', r"rate .*\$\[1\]"),
        ('[{"drop": "sometimes"}]', "sometimes"),
    ],
)
def test_bad_rules_from_json(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        read_rules(text.encode())


def hits(rule: FaultRule, number: int, operation: str = "Jobs_GetJob", path: str = "/jobs/a") -> list[int]:
    active = ActiveRule(rule)
    return [n for n in range(1, number + 1) if active.hits(operation, path, 0.0)]


def test_which_requests() -> None:
    assert hits(FaultRule(status=500), 3) == [1, 2, 3]
    assert hits(FaultRule(status=500, first=3), 5) == [3, 4, 5]
    assert hits(FaultRule(status=500, count=2), 5) == [1, 2]
    assert hits(FaultRule(status=500, first=2, count=2), 5) == [2, 3]
    assert hits(FaultRule(status=500, operation="Jobs_GetJob"), 1) == [1]
    assert hits(FaultRule(status=500, operation="Jobs_ListJobs"), 1) == []
    assert hits(FaultRule(status=500, path="/jobs/*"), 1) == [1]
    assert hits(FaultRule(status=500, path="/pools/*"), 1) == []
    assert hits(FaultRule(items="omit"), 1) == []
    assert hits(FaultRule(items="omit"), 1, ADD) == [1]


def test_chance_comes_from_the_seed() -> None:
    rule = FaultRule(status=500, rate=0.3)
    first = hits(rule, 1000)
    assert first == hits(rule, 1000)
    assert first != hits(FaultRule(status=500, rate=0.3, seed=1), 1000)
    assert 230 < len(first) < 370
    assert hits(FaultRule(status=500, rate=0.0), 100) == []


def test_a_storm_begins_with_the_first_request_that_it_could_hit() -> None:
    active = ActiveRule(FaultRule(status=503, first=2, seconds=10))
    times = [0.0, 100.0, 105.0, 109.9, 110.0, 200.0]
    assert [active.hits("Jobs_GetJob", "/", now) for now in times] == [False, True, True, True, False, False]


@given(
    capacity=st.floats(10, 1000),
    burst=st.none() | st.floats(1, 500),
    requests=st.lists(st.tuples(st.floats(0, 0.5), st.integers(1, 100)), max_size=60),
)
def test_a_bucket_never_gives_more_than_it_has(
    capacity: float, burst: float | None, requests: list[tuple[float, int]]
) -> None:
    active = ActiveRule(FaultRule(capacity=capacity, burst=burst))
    now, admitted, last = 50.0, 0, 0
    for gap, tasks in requests:
        now += gap
        if active.admits(tasks, now):
            admitted, last = admitted + tasks, tasks
    # The last one may leave a debt.
    assert admitted - last <= (burst or capacity) + capacity * (now - 50.0) + 1e-6


def test_a_bucket_gives_all_that_it_has() -> None:
    active = ActiveRule(FaultRule(capacity=1000, burst=10))
    admitted = sum(100 for tick in range(1000) if active.admits(100, tick / 100))
    assert 9_800 <= admitted <= 10_100


def test_rules_are_like_a_list() -> None:
    one, two, three = (FaultRule(status=status) for status in (500, 502, 503))
    faults = Faults([one])
    faults.append(two)
    faults.insert(0, three)
    assert list(faults) == [three, one, two]
    assert (len(faults), faults[0], faults[1:]) == (3, three, [one, two])
    faults[0] = two
    faults[1:] = [three]
    assert faults.pop() == three
    del faults[0]
    assert not faults
    for wrong in ("503", None, {"status": 503}):
        with pytest.raises(ConfigurationError, match="FaultRule"):
            faults.append(wrong)  # type: ignore[arg-type]  # wrong on purpose
