"""Refusals that end the run: SubmissionError, with a report that accounts for every task; and what signs a request."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from azure.core.credentials import AccessToken, AzureNamedKeyCredential
from scripted import (
    ACCOUNT,
    KEY,
    OTHER_KEY,
    Act,
    Record,
    ScriptedService,
    connect,
    drive,
    fail,
    html,
    make_ids,
    make_mappings,
    make_models,
    poisoned,
    submit,
    when,
)

from batchio import BatchClient, SubmissionError

FATAL = {
    "404 JobNotFound": fail(404, "JobNotFound"),
    "409 JobCompleted": fail(409, "JobCompleted"),
    "409 JobBeingTerminated": fail(409, "JobBeingTerminated"),
    "409 JobDisabled": fail(409, "JobDisabled"),
    "403 AccountIsDisabled": fail(403, "AccountIsDisabled"),
    "405": fail(405, "InvalidHttpVerb"),
    "400 UnsupportedHeader": fail(400, "UnsupportedHeader"),
    "400 InvalidUri": fail(400, "InvalidUri"),
    "307": Act(status=307, share=0.0, text=b"", headers={"Location": "/elsewhere"}),
    "403 HTML": html(403),
    "404 HTML": html(404),
    "400 HTML": html(400),
    "404 without a body": Act(status=404, share=0.0, text=b""),
}


@pytest.mark.parametrize("act", FATAL.values(), ids=FATAL)
async def test_a_refusal_that_ends_the_run(client: BatchClient, service: ScriptedService, act: Act) -> None:
    """`submitting` delivers every outcome, then raises."""
    service.fault = when(lambda record: record.number >= 3, act)
    told = await drive(client, service, make_models(1_000), max_requests=1, fails=SubmissionError)
    assert isinstance(told.error, SubmissionError)
    assert told.error.report == told.report
    assert told.report.added == 200
    assert told.report.not_sent + told.report.unknown == told.report.taken - 200
    assert len(service.history) <= 4
    assert (act.code or str(act.status)) in str(told.error)


@pytest.mark.parametrize("act", FATAL.values(), ids=FATAL)
async def test_peers_08_a_missing_job_is_never_swallowed(
    client: BatchClient, service: ScriptedService, act: Act
) -> None:
    service.fault = lambda _: act
    told = await submit(client, service, make_models(1_000), fails=True)
    assert told.report.added == 0
    assert service.truth.adds == {}


async def test_certain_refusals_leave_nothing_unknown(client: BatchClient, service: ScriptedService) -> None:
    service.job_error = (404, "JobNotFound")
    told = await drive(client, service, make_models(500), fails=SubmissionError, exact=True)
    assert told.report.not_sent == told.report.taken > 0
    assert told.report.errors.get("JobNotFound", 1) > 0


async def test_peers_18_the_job_completes_while_tasks_are_added(client: BatchClient, service: ScriptedService) -> None:
    service.latency = 0.02
    service.fault = when(lambda record: record.number > 20, fail(409, "JobCompleted"))
    tasks = iter(make_models(10_000))
    told = await drive(client, service, tasks, ids=make_ids(10_000), fails=SubmissionError)
    assert told.report.added >= 1_900
    assert "JobCompleted" in str(told.error)


async def test_peers_10_what_was_added_before_the_end_is_told(client: BatchClient, service: ScriptedService) -> None:
    service.fault = when(lambda record: record.number == 4, fail(404, "JobNotFound"))
    told = await submit(client, service, make_models(600), max_requests=1, fails=True)
    assert told.states("added") == list(range(300))


async def test_peers_07_a_page_with_413(client: BatchClient, service: ScriptedService) -> None:
    """However it is read, no task is told as added that is not."""
    service.fault = lambda _: html(413)
    report = None
    try:
        report = await client.tasks.submit(service.job, make_mappings(40))
    except SubmissionError as error:
        report = error.report
    assert (report.added, report.existed, report.taken) == (0, 0, 40)
    assert report.rejected + report.not_sent + report.unknown == 40


async def test_a_fatal_answer_while_others_are_in_flight(client: BatchClient, service: ScriptedService) -> None:
    service.latency = 0.05
    service.fault = when(lambda record: record.number == 6, fail(403, "AccountIsDisabled"))
    told = await drive(client, service, make_models(5_000), fails=SubmissionError)
    assert told.report.added + told.report.unknown >= 400


async def test_a_bad_task_and_then_a_fatal_answer(client: BatchClient, service: ScriptedService) -> None:
    narrow = poisoned(["task-10"])
    service.fault = lambda record: fail(404, "JobNotFound") if record.number > 5 else narrow(record)
    await drive(client, service, make_models(500), max_requests=2, fails=SubmissionError)


# What signs a request


class Tokens:
    """A credential of azure-identity's shape; `serial` tells the tokens apart."""

    def __init__(self, *, fresh: bool = True) -> None:
        self.serial = 0
        self.fresh = fresh

    async def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        del scopes, kwargs
        await asyncio.sleep(0)
        self.serial += 1
        return AccessToken(f"token-{self.serial if self.fresh else 1}", 4_000_000_000)


async def test_401_takes_a_new_token_once(service: ScriptedService) -> None:
    service.tokens = {"token-1"}

    def expire(record: Record) -> None:
        if record.number == 4:
            service.tokens = {f"token-{serial}" for serial in range(2, 10)}

    service.fault = expire
    tokens = Tokens()
    async with connect(service, credential=tokens) as client:
        told = await drive(client, service, make_models(1_000))
    assert told.report.added == 1_000
    assert any(record.status == 401 for record in service.history)
    # A late 401 about the old token does not take the new one away: one refresh for all requests.
    assert tokens.serial == 2


async def test_401_for_ever_ends_the_run(service: ScriptedService) -> None:
    tokens = Tokens()
    async with connect(service, credential=tokens) as client:
        told = await drive(client, service, make_models(1_000), max_requests=1, fails=SubmissionError)
    assert told.report.not_sent == told.report.taken
    assert len(service.history) == 2
    assert tokens.serial == 2


async def test_403_is_tried_once_more(client: BatchClient, service: ScriptedService) -> None:
    service.fault = when(lambda record: record.number in {2, 5}, fail(403, "AuthenticationFailed"))
    told = await drive(client, service, make_models(1_000), max_requests=1, exact=True)
    assert told.report.added == 1_000


async def test_403_for_ever_ends_the_run(service: ScriptedService) -> None:
    service.keys = [OTHER_KEY]
    async with connect(service) as client:
        told = await drive(client, service, make_models(1_000), max_requests=1, fails=SubmissionError)
    assert told.report.not_sent == told.report.taken
    assert len(service.history) == 2
    assert "AuthenticationFailed" in str(told.error)
    assert KEY not in str(told.error)


@pytest.mark.parametrize("offset", [3_600.0, -7_200.0])
async def test_403_names_the_difference_of_the_clocks(service: ScriptedService, offset: float) -> None:
    service.offset = offset
    async with connect(service) as client:
        told = await drive(client, service, make_models(100), fails=SubmissionError)
    assert "clock" in str(told.error).lower()


async def test_403_with_the_right_time_names_no_clock(service: ScriptedService) -> None:
    service.keys = [OTHER_KEY]
    async with connect(service) as client:
        told = await drive(client, service, make_models(100), fails=SubmissionError)
    assert "clock" not in str(told.error).lower()


async def test_peers_19_the_key_is_rotated_while_tasks_are_added(service: ScriptedService) -> None:
    credential = AzureNamedKeyCredential(ACCOUNT, KEY)
    service.latency = 0.005

    def rotate(record: Record) -> None:
        if record.number == 20:
            service.keys = [OTHER_KEY]
            credential.update(ACCOUNT, OTHER_KEY)

    service.fault = rotate
    async with connect(service, credential=credential) as client:
        told = await drive(client, service, make_models(6_000))
    assert told.report.added == 6_000
    signatures = {record.authorization.partition(":")[0] for record in service.history}
    assert signatures == {f"SharedKey {ACCOUNT}"}


async def test_peers_19_the_key_is_updated_after_the_service_has_refused_it(service: ScriptedService) -> None:
    credential = AzureNamedKeyCredential(ACCOUNT, KEY)

    def rotate(record: Record) -> Act | None:
        if record.number == 5:
            service.keys = [OTHER_KEY]
            asyncio.get_running_loop().call_soon(credential.update, ACCOUNT, OTHER_KEY)
            return fail(403, "AuthenticationFailed")
        return None

    service.fault = rotate
    async with connect(service, credential=credential) as client:
        told = await drive(client, service, make_models(1_000), max_requests=1)
    assert told.report.added == 1_000
