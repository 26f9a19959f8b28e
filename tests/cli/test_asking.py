"""Which failures are survived, and which end a command that asks again and again."""

from __future__ import annotations

import pytest

from batchio import (
    BatchioError,
    ClientAuthenticationError,
    ConnectError,
    CredentialError,
    DecodeError,
    RequestTimeoutError,
    ResourceNotFoundError,
    ServiceError,
    ThrottledError,
)
from batchio.cli.asking import FIRST_TRIES, Asking
from batchio.cli.screen import Screen

PASSING = [
    RequestTimeoutError("late"),
    ConnectError("no connection"),
    DecodeError("a page"),
    ServiceError(status=500, code="InternalServerError"),
    ThrottledError(status=429, code="TooManyRequests"),
]
LASTING = [
    ConnectError("the certificate is refused", lasting=True),
    ClientAuthenticationError(status=401, code="AuthenticationFailed"),
    ResourceNotFoundError(status=404, code="JobNotFound"),
]


@pytest.fixture
def asking() -> Asking:
    return Asking(Screen(quiet=True), 1.0)


@pytest.mark.parametrize("error", PASSING, ids=repr)
def test_what_may_pass_is_survived_for_ever_after_an_answer(asking: Asking, error: BatchioError) -> None:
    asking.went_well()
    for _ in range(100):
        asking.failed(error)


@pytest.mark.parametrize("error", PASSING, ids=repr)
def test_before_the_first_answer_a_few_are_enough(asking: Asking, error: BatchioError) -> None:
    for _ in range(FIRST_TRIES):
        asking.failed(error)
    with pytest.raises(type(error)):
        asking.failed(error)


@pytest.mark.parametrize("error", LASTING, ids=repr)
def test_what_cannot_pass_is_raised(asking: Asking, error: BatchioError) -> None:
    asking.went_well()
    with pytest.raises(type(error)):
        asking.failed(error)


def test_who_is_not_signed_in_is_told_at_once_and_who_was_may_be_again(asking: Asking) -> None:
    with pytest.raises(CredentialError):
        asking.failed(CredentialError("no token"))
    asking.went_well()
    asking.failed(CredentialError("no token"))


def test_the_same_failure_is_told_once(asking: Asking, capfd: pytest.CaptureFixture[str]) -> None:
    asking.went_well()
    for _ in range(5):
        asking.failed(ServiceError("down\nfor a while", status=500, code="InternalServerError"))
    asking.failed(ConnectError("no connection"))
    asking.went_well()
    asking.went_well()
    assert capfd.readouterr().err == (
        "batchio: request: 500 InternalServerError: down for a while; asking again\n"
        "batchio: no connection; asking again\n"
        "batchio: answered again, after 6 failures\n"
    )
