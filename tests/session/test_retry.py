"""The retry policy: a function of values."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchio import (
    BatchioError,
    ConfigurationError,
    ConnectError,
    ConnectionLostError,
    CredentialError,
    DecodeError,
    EncodeError,
    HttpResponseError,
    RequestTimeoutError,
    RetryPolicy,
    VersionError,
)
from batchio.errors import error_class
from batchio.session.retry import (
    MAX_RETRY_AFTER,
    backoff,
    is_refused_credential,
    is_repeatable,
    may_repeat,
    parse_retry_after,
)

NOW = 1_700_000_000.0


def refusal(status: int, code: str | None = None, retry_after: float | None = None) -> HttpResponseError:
    return error_class(status, code)(status=status, code=code, retry_after=retry_after)


@pytest.mark.parametrize(
    ("method", "headers", "repeatable"),
    [
        ("GET", {}, True),
        ("HEAD", {}, True),
        ("PUT", {}, True),
        ("POST", {}, False),
        ("PATCH", {}, False),
        ("DELETE", {}, False),
        ("POST", {"if-match": '"x"'}, True),
        ("PATCH", {"if-match": '"x"'}, True),
        ("DELETE", {"if-match": '"x"'}, True),
        ("DELETE", {"if-none-match": '"x"'}, False),
        ("DELETE", {"if-unmodified-since": "x"}, False),
    ],
)
def test_what_may_be_acted_on_twice(method: str, headers: dict[str, str], *, repeatable: bool) -> None:
    assert is_repeatable(method, headers) is repeatable


@pytest.mark.parametrize(
    ("failure", "always", "repeatable"),
    [
        (ConnectError("x"), True, True),
        (ConnectError("x", lasting=True), False, False),
        (RequestTimeoutError("x"), False, True),
        (ConnectionLostError("x"), False, True),
        (ConnectionLostError("x", before_answer=True), False, True),
        (refusal(429), True, True),
        (refusal(503, "ServerBusy"), True, True),
        (refusal(503), True, True),
        (refusal(408), False, True),
        (refusal(500, "InternalError"), False, True),
        (refusal(500, "OperationTimedOut"), False, True),
        (refusal(502), False, True),
        (refusal(504), False, True),
        (refusal(501), False, False),
        (refusal(304), False, False),
        (refusal(400, "InvalidQueryParameterValue"), False, False),
        (refusal(401), False, False),
        (refusal(403, "AuthenticationFailed"), False, False),
        (refusal(404), False, False),
        (refusal(409, "JobExists"), False, False),
        (refusal(412), False, False),
        (refusal(413), False, False),
        (DecodeError("x"), False, False),
        (EncodeError("x"), False, False),
        (CredentialError("x"), False, False),
        (VersionError("x"), False, False),
        (ConfigurationError("x"), False, False),
    ],
    ids=repr,
)
def test_after_what_a_request_is_sent_again(failure: BatchioError, *, always: bool, repeatable: bool) -> None:
    assert may_repeat(failure, repeatable=False) is always
    assert may_repeat(failure, repeatable=True) is repeatable


def test_sent_again_means_retriable() -> None:
    for status in range(300, 600):
        failure = refusal(status)
        assert may_repeat(failure, repeatable=True) is failure.retriable


policies = st.builds(
    RetryPolicy,
    attempts=st.integers(1, 20),
    base=st.floats(0, 100),
    cap=st.floats(0, 1000),
    deadline=st.floats(0, 10_000),
)
failures = st.one_of(
    st.builds(
        refusal,
        st.sampled_from([429, 500, 503, 400, 404]),
        st.none(),
        st.none() | st.floats(0, MAX_RETRY_AFTER),
    ),
    st.builds(ConnectError, st.just("x"), lasting=st.booleans()),
    st.builds(ConnectionLostError, st.just("x")),
)


@given(
    policy=policies,
    failure=failures,
    attempt=st.integers(1, 30),
    elapsed=st.floats(0, 20_000),
    repeatable=st.booleans(),
    seed=st.integers(),
)
def test_the_policy_keeps_its_bounds(
    policy: RetryPolicy, failure: BatchioError, attempt: int, elapsed: float, *, repeatable: bool, seed: int
) -> None:
    def wait() -> float | None:
        return policy.wait(failure, attempt=attempt, elapsed=elapsed, repeatable=repeatable, rng=Random(seed))  # noqa: S311 - jitter

    seconds = wait()
    assert seconds == wait()  # from values alone
    if attempt >= policy.attempts or not may_repeat(failure, repeatable=repeatable):
        assert seconds is None
    if seconds is not None:
        said = failure.retry_after if isinstance(failure, HttpResponseError) else None
        assert elapsed + seconds <= policy.deadline
        assert 0 <= seconds <= max(min(policy.cap, policy.base * 2 ** (attempt - 1)), said or 0)
        assert said is None or seconds >= said


@given(attempt=st.integers(0, 10_000), seed=st.integers())
def test_full_jitter(attempt: int, seed: int) -> None:
    assert 0 <= backoff(Random(seed), attempt) <= min(20.0, 0.25 * 2.0 ** min(attempt, 10))  # noqa: S311 - jitter


def test_the_jitter_fills_its_bounds() -> None:
    rng = Random(1)  # noqa: S311 - jitter
    waits = [backoff(rng, 3, base=1.0, cap=100.0) for _ in range(1000)]
    assert min(waits) < 0.1
    assert max(waits) > 7.9
    assert 3.5 < sum(waits) / 1000 < 4.5


class Longest(Random):
    """Draws the upper bound."""

    def uniform(self, a: float, b: float) -> float:
        assert a == 0.0
        return b


def test_what_a_policy_is_without_arguments() -> None:
    assert repr(RetryPolicy()) == "RetryPolicy(attempts=8, base=0.25, cap=20.0, deadline=180.0)"


def test_the_bound_of_the_waits_doubles_up_to_the_cap() -> None:
    policy = RetryPolicy(base=3.0, cap=50.0, deadline=1000.0)
    waits = [
        policy.wait(refusal(429), attempt=attempt, elapsed=0.0, repeatable=False, rng=Longest())
        for attempt in range(1, 8)
    ]
    assert waits == [3.0, 6.0, 12.0, 24.0, 48.0, 50.0, 50.0]


@pytest.mark.parametrize(
    ("failure", "is_refused"),
    [
        (refusal(401), True),
        (refusal(403, "AuthenticationFailed"), True),
        (refusal(403, "AuthorizationFailure"), False),
        (refusal(403), False),
        (refusal(404, "AuthenticationFailed"), False),
        (CredentialError("x"), False),
    ],
    ids=repr,
)
def test_when_a_fresh_signature_may_help(failure: BatchioError, *, is_refused: bool) -> None:
    assert is_refused_credential(failure) is is_refused


def test_a_retry_after_beyond_the_deadline_ends_it() -> None:
    policy = RetryPolicy(deadline=10.0)
    rng = Random(1)  # noqa: S311 - jitter
    assert policy.wait(refusal(429, None, 9.0), attempt=1, elapsed=1.0, repeatable=False, rng=rng) == 9.0
    assert policy.wait(refusal(429, None, 9.0), attempt=1, elapsed=1.5, repeatable=False, rng=rng) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("300", 300.0),
        ("301", None),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("1e400", None),
        ("", None),
        ("soon", None),
        ("Tue, 14 Nov 2023 22:13:50 GMT", 30.0),
        ("Tue, 14 Nov 2023 22:13:50 -0000", 30.0),
        ("Tue, 14 Nov 2023 23:13:50 +0100", 30.0),
        ("Tue, 14 Nov 2023 22:13:00 GMT", 0.0),
        ("Tue, 14 Nov 2023 23:13:20 GMT", None),
        ("Tue, 99 Nov 2023 22:13:20 GMT", None),
        ("Tue, 14 Nov 99999 22:13:20 GMT", None),
    ],
)
def test_retry_after(text: str | None, seconds: float | None) -> None:
    assert parse_retry_after(text, NOW) == seconds


@given(st.text())
def test_no_retry_after_breaks_anything(text: str) -> None:
    seconds = parse_retry_after(text, NOW)
    assert seconds is None or 0 <= seconds <= MAX_RETRY_AFTER


@given(st.integers(-1000, 1000))
def test_a_date_is_as_good_as_seconds(seconds: int) -> None:
    text = format_datetime(datetime.fromtimestamp(NOW, UTC) + timedelta(seconds=seconds), usegmt=True)
    assert parse_retry_after(text, NOW) == (max(0.0, seconds) if seconds <= MAX_RETRY_AFTER else None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("attempts", 0),
        ("attempts", 1.5),
        ("attempts", True),
        ("attempts", None),
        ("base", -1),
        ("base", math.nan),
        ("cap", math.inf),
        ("cap", "1"),
        ("deadline", None),
        ("deadline", True),
    ],
)
def test_a_bad_policy_says_what_is_bad(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"retry.{name}: "):
        RetryPolicy(**{name: value})
