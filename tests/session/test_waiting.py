"""Waiting: what is asked, how often, which answer ends it, and that nothing ends it in silence."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, assert_type

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from batchio import (
    Answer,
    BatchClient,
    BatchioError,
    ClientAuthenticationError,
    ConfigurationError,
    ConnectError,
    ConnectionLostError,
    DeadlineError,
    DecodeError,
    HttpResponseError,
    RequestTimeoutError,
    ResourceNotFoundError,
    ServiceError,
    WaitError,
    models,
)
from batchio.models import ComputeNodeState, JobState
from batchio.resources.jobs import Jobs
from batchio.resources.nodes import READY
from batchio.service.versions import DEFAULT
from batchio.session.incoming import Incoming
from batchio.session.questions import states_of
from batchio.session.session import Session
from batchio.session.waiting import Pace, check_options

from .driving import AT_ONCE, connect, opened, stray_tasks, until
from .server import DROP, HANG, Heard, Reply, Server, answer, page, refusal

Wait = Callable[..., Coroutine[Any, Any, Any]]


@dataclass(frozen=True)
class Case:
    """A method that waits: what it asks, what says "not yet", and what ends it."""

    wait: Callable[[BatchClient], Wait]
    path: str
    not_yet: Reply
    so: list[Reply]
    """The answers that end it, one by one."""
    query: dict[str, str] = field(default_factory=dict[str, str])
    method: str = "GET"
    said: str = ""
    awaited: str = ""


JOB_FIELDS = "id,state,stateTransitionTime,executionInfo"
POOL_FIELDS = (
    "id,state,allocationState,allocationStateTransitionTime,currentDedicatedNodes,currentLowPriorityNodes,"
    "targetDedicatedNodes,targetLowPriorityNodes,resizeErrors"
)
NODE_FIELDS = "id,state,stateTransitionTime,errors"


def job(state: str | None) -> Reply:
    return answer(200, {"id": "j"} | ({"state": state} if state else {}))


def counts(active: int | None, running: int | None, completed: int = 7) -> Reply:
    numbers = {"active": active, "running": running, "completed": completed, "succeeded": completed, "failed": 0}
    return answer(200, {"taskCounts": numbers, "taskSlotCounts": numbers})


def pool(allocation: str | None, state: str = "active", **more: Any) -> Reply:
    return answer(200, {"id": "p", "state": state, "allocationState": allocation} | more)


def nodes(dedicated: dict[str, int] | None, low_priority: dict[str, int] | None = None) -> Reply:
    return page({"poolId": "p", "dedicated": dedicated, "lowPriority": low_priority})


def node(state: str) -> Reply:
    return answer(200, {"id": "n", "state": state})


CASES: dict[str, Case] = {
    "job": Case(
        lambda client: lambda **options: client.jobs.wait("j", **options),
        "/jobs/j",
        job("active"),
        [job("completed")],
        {"$select": JOB_FIELDS},
        awaited="job j to be completed",
        said="active",
    ),
    "job deleted": Case(
        lambda client: lambda **options: client.jobs.wait_deleted("j", **options),
        "/jobs/j",
        job("deleting"),
        [refusal(404, "JobNotFound")],
        {"$select": "id,state"},
        awaited="job j to be gone",
        said="deleting",
    ),
    "tasks": Case(
        lambda client: lambda **options: client.tasks.wait("j", **options),
        "/jobs/j/taskcounts",
        counts(5_000_000, 12),
        [counts(0, 0), page()],
        awaited="the tasks of job j to be completed",
        said="5000000 active, 12 running, 7 completed",
    ),
    "pool": Case(
        lambda client: lambda **options: client.pools.wait_steady("p", **options),
        "/pools/p",
        pool("resizing", currentDedicatedNodes=1, currentLowPriorityNodes=1, targetDedicatedNodes=5),
        [pool("steady")],
        {"$select": POOL_FIELDS},
        awaited="pool p to be steady",
        said="resizing, 2 of 5 nodes",
    ),
    "pool deleted": Case(
        lambda client: lambda **options: client.pools.wait_deleted("p", **options),
        "/pools/p",
        answer(200),
        [answer(404)],
        method="HEAD",
        awaited="pool p to be gone",
        said="it is there",
    ),
    "schedule deleted": Case(
        lambda client: lambda **options: client.job_schedules.wait_deleted("s", **options),
        "/jobschedules/s",
        answer(200),
        [answer(404)],
        method="HEAD",
        awaited="job schedule s to be gone",
        said="it is there",
    ),
    "node": Case(
        lambda client: lambda **options: client.nodes.wait("p", "n", **options),
        "/pools/p/nodes/n",
        node("rebooting"),
        [node("running")],
        {"$select": NODE_FIELDS},
        awaited="node n to be idle or running",
        said="rebooting",
    ),
    "nodes": Case(
        lambda client: lambda **options: client.nodes.wait("p", **options),
        "/nodecounts",
        nodes({"idle": 3, "starting": 2, "total": 5}, {"starting": 1, "preempted": 0, "total": 1}),
        [nodes({"idle": 3, "running": 2, "total": 5}), page()],
        {"$filter": "poolId eq 'p'"},
        awaited="the nodes of pool p to be idle or running",
        said="3 idle, 3 starting",
    ),
}
all_of_them = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses of the waits, which take no time."""
    made: list[float] = []

    async def rest(_: Session, seconds: float) -> None:
        made.append(seconds)

    monkeypatch.setattr(Session, "rest", rest)
    return made


Leap = Callable[[float], None]


@pytest.fixture
async def leap(monkeypatch: pytest.MonkeyPatch) -> Leap:
    """Moves the loop's clock ahead by seconds."""
    loop = asyncio.get_running_loop()
    real, ahead = loop.time, [0.0]

    def move(seconds: float) -> None:
        ahead[0] += seconds

    monkeypatch.setattr(loop, "time", lambda: real() + ahead[0])
    return move


def rests(task: asyncio.Task[Any]) -> bool:
    """Whether a wait sleeps between two questions."""
    found: Any = task.get_coro()
    names: list[str] = []
    while found is not None:
        names.append(getattr(found, "__name__", ""))
        found = getattr(found, "cr_await", None)
    return "rest" in names


# What is asked.


@all_of_them
async def test_it_asks_until_it_is_so(server: Server, client: BatchClient, pauses: list[float], case: Case) -> None:
    server.say(case.not_yet, case.not_yet, *case.so)
    await case.wait(client)()
    assert len(server.heard) == 2 + len(case.so)
    for heard in server.heard[:3]:
        assert (heard.method, heard.path, heard.body) == (case.method, case.path, b"")
        assert heard.query == {"api-version": DEFAULT} | case.query
    assert len(pauses) == 2


@all_of_them
async def test_what_is_so_already_needs_no_pause(
    server: Server, client: BatchClient, pauses: list[float], case: Case
) -> None:
    server.say(*case.so)
    await case.wait(client)()
    assert len(server.heard) == len(case.so)
    assert not pauses


@pytest.mark.usefixtures("pauses")
@all_of_them
async def test_the_options_of_a_call_go_with_each_question(server: Server, client: BatchClient, case: Case) -> None:
    server.say(case.not_yet, *case.so)
    await case.wait(client)(server_timeout=5, timeout=2.0)
    assert [heard.query["timeOut"] for heard in server.heard] == ["5"] * len(server.heard)


async def test_what_makes_sure_of_the_tasks(server: Server, client: BatchClient) -> None:
    server.say(*CASES["tasks"].so)
    await client.tasks.wait("j")
    exact = server.heard[1]
    assert (exact.method, exact.path) == ("GET", "/jobs/j/tasks")
    assert exact.query == {
        "api-version": DEFAULT,
        "$filter": "state ne 'completed'",
        "$select": "id",
        "maxresults": "1",
    }


async def test_what_makes_sure_of_the_nodes(server: Server, client: BatchClient) -> None:
    server.say(*CASES["nodes"].so)
    await client.nodes.wait("p")
    exact = server.heard[1]
    assert (exact.method, exact.path) == ("GET", "/pools/p/nodes")
    assert exact.query == {
        "api-version": DEFAULT,
        "$filter": "state ne 'idle' and state ne 'running'",
        "$select": "id",
        "maxresults": "1",
    }


async def test_a_bad_pool_id_does_not_get_into_a_filter(server: Server, client: BatchClient) -> None:
    with pytest.raises(ConfigurationError, match=r"^poolId: "):
        await client.nodes.wait("p' or poolId ne '")
    assert not server.heard


# Which answer ends it.


@pytest.mark.usefixtures("pauses")
async def test_what_it_gives_is_the_answer_that_ended_it(server: Server, client: BatchClient) -> None:
    server.say(job("active"), answer(200, {"id": "j", "state": "Completed", "executionInfo": {"poolId": "p"}}))
    found = assert_type(await client.jobs.wait("j"), models.CloudJob)
    assert (found.state, found.execution_info) == (
        JobState.COMPLETED,
        models.JobExecutionInformation(pool_id="p"),
    )
    server.say(counts(0, 0), page())
    numbers = assert_type(await client.tasks.wait("j"), models.TaskCountsResult).task_counts
    assert numbers is not None
    assert numbers.completed == 7
    server.say(*CASES["nodes"].so)
    by_state = assert_type(await client.nodes.wait("p"), models.PoolNodeCounts).dedicated
    assert by_state is not None
    assert by_state.running == 2
    server.say(*CASES["node"].so)
    assert assert_type(await client.nodes.wait("p", "n"), models.ComputeNode).id == "n"


@pytest.mark.usefixtures("pauses")
async def test_a_resize_that_failed_has_come_to_its_end(server: Server, client: BatchClient) -> None:
    server.say(pool("stopping"), pool("Steady", resizeErrors=[{"code": "AccountCoreQuotaReached"}]))
    found = assert_type(await client.pools.wait_steady("p"), models.CloudPool)
    assert [error.code for error in found.resize_errors or ()] == ["AccountCoreQuotaReached"]


@pytest.mark.parametrize(
    "until",
    [
        JobState.DISABLED,
        "Disabled",
        ["disabled", "completed"],
        {JobState.DISABLED},
        (JobState.COMPLETED, "DISABLED", "disabled"),
        frozenset({"disabled"}),
    ],
)
@pytest.mark.usefixtures("pauses")
async def test_the_states_of_a_job(server: Server, client: BatchClient, until: Any) -> None:
    server.say(job("active"), job("disabling"), job(None), job("newfangled"), job("DISABLED"))
    assert (await client.jobs.wait("j", until=until)).state == JobState.DISABLED
    assert len(server.heard) == 5


@pytest.mark.usefixtures("pauses")
async def test_the_states_of_nodes(server: Server, client: BatchClient) -> None:
    server.say(node("running"), node("offline"))
    assert (await client.nodes.wait("p", "n", until="OFFLINE")).state == ComputeNodeState.OFFLINE
    server.say(nodes({"running": 1, "offline": 2}), nodes({"offline": 2}, {"unusable": 1}), page())
    await client.nodes.wait("p", until=[ComputeNodeState.OFFLINE, "unusable"])
    assert server.heard[-1].query["$filter"] == "state ne 'offline' and state ne 'unusable'"


@pytest.mark.usefixtures("pauses")
async def test_a_node_that_fails_is_waited_for_and_seen(server: Server, client: BatchClient) -> None:
    states = ["starting", "starttaskfailed", "unusable", "rebooting", "idle"]
    server.say(*map(node, states))
    seen: list[str | None] = []
    await client.nodes.wait("p", "n", callback=lambda node: seen.append(node.state))
    assert seen == states


@pytest.mark.parametrize("state", [state for state in ComputeNodeState if state not in READY])
@pytest.mark.usefixtures("pauses")
async def test_a_node_in_any_other_state_is_one_to_wait_for(
    server: Server, client: BatchClient, state: ComputeNodeState
) -> None:
    names = dict(zip(models.NodeCounts.__struct_fields__, models.NodeCounts.__struct_encode_fields__, strict=True))
    server.say(nodes(None, {names[state.name.lower()]: 1}), nodes({"idle": 1}), page())
    await client.nodes.wait("p")
    assert len(server.heard) == 3


# Counts that lag behind, or say nothing.


async def test_counts_that_lag_behind_do_not_end_it(server: Server, client: BatchClient, pauses: list[float]) -> None:
    server.say(counts(0, 0), page({"id": "t-1"}), counts(3, 1), counts(0, 0), page({"id": "t-2"}), counts(0, 0), page())
    seen: list[models.TaskCountsResult] = []
    await client.tasks.wait("j", callback=seen.append)
    assert [each.task_counts.active for each in seen if each.task_counts] == [0, 3, 0, 0]
    assert len(pauses) == 3
    server.say(nodes({"idle": 2}), page({"id": "n-1"}), nodes({"idle": 2}), page())
    await client.nodes.wait("p")
    assert len(pauses) == 4


@pytest.mark.parametrize(
    "said",
    [
        answer(200, {}),
        answer(200, {"taskCounts": None}),
        answer(200, {"taskCounts": {}}),
        answer(200, {"taskCounts": {"running": 0}}),
        answer(200, {"taskCounts": {"active": None, "running": None}}),
    ],
)
async def test_counts_that_say_nothing_lead_to_the_exact_question(
    server: Server, client: BatchClient, pauses: list[float], said: Reply
) -> None:
    server.say(said, page({"id": "t"}), said, page())
    await client.tasks.wait("j")
    assert [heard.path for heard in server.heard] == ["/jobs/j/taskcounts", "/jobs/j/tasks"] * 2
    assert len(pauses) == 1


async def test_an_empty_page_is_no_answer_when_another_one_follows(
    server: Server, client: BatchClient, pauses: list[float]
) -> None:
    more = f"{server.endpoint}/jobs/j/tasks?skip=1&api-version={DEFAULT}"
    server.say(counts(0, 0), page(to=more), page({"id": "t"}), *CASES["tasks"].so)
    await client.tasks.wait("j")
    assert len(server.heard) == 5
    assert len(pauses) == 1


@pytest.mark.usefixtures("pauses")
async def test_a_pool_that_is_not_counted_is_asked_for_exactly(server: Server, client: BatchClient) -> None:
    server.say(page(), page({"id": "n"}), nodes(None), page({"id": "n"}), nodes({}), page())
    assert await client.nodes.wait("p") == models.PoolNodeCounts(pool_id="p", dedicated=models.NodeCounts())
    server.say(page(), page())
    assert await client.nodes.wait("p") == models.PoolNodeCounts(pool_id="p")


async def test_nodes_of_a_pool_that_is_not_there(server: Server, client: BatchClient) -> None:
    server.say(page(), refusal(404, "PoolNotFound"))
    with pytest.raises(ResourceNotFoundError, match="PoolNotFound"):
        await client.nodes.wait("p")


# What cannot come any more.


@pytest.mark.parametrize(
    ("until", "state"),
    [
        ("active", "completed"),
        (["active", "disabled", "disabling", "enabling", "terminating"], "completed"),
        ("active", "terminating"),
        ("active", "deleting"),
        ("completed", "deleting"),
        (["terminating", "completed"], "deleting"),
    ],
)
@pytest.mark.usefixtures("pauses")
async def test_a_state_that_a_job_cannot_get_to_any_more(
    server: Server, client: BatchClient, until: Any, state: str
) -> None:
    server.say(job(None), job(state))
    seen: list[models.CloudJob] = []
    with pytest.raises(WaitError, match=f"^job j is {state} and will not be ") as caught:
        await client.jobs.wait("j", until=until, callback=seen.append)
    assert not isinstance(caught.value, TimeoutError)
    assert caught.value.last == seen[-1] == models.CloudJob(id="j", state=JobState(state))
    assert not caught.value.retriable


@pytest.mark.parametrize(
    ("until", "state"),
    [("deleting", "completed"), ("deleting", "terminating"), ("completed", "terminating"), ("active", "disabled")],
)
@pytest.mark.usefixtures("pauses")
async def test_a_state_that_a_job_can_still_get_to(server: Server, client: BatchClient, until: str, state: str) -> None:
    server.say(job(state), job(state), job(until))
    assert (await client.jobs.wait("j", until=until)).state == until


async def test_a_pool_that_is_being_deleted_will_not_be_steady(server: Server, client: BatchClient) -> None:
    server.say(pool("steady", "deleting"))
    with pytest.raises(WaitError, match=r"^pool p is being deleted and will not be steady any more$") as caught:
        await client.pools.wait_steady("p")
    assert caught.value.last.state == models.PoolState.DELETING


@pytest.mark.parametrize("case", [case for case in CASES.values() if case.method == "GET" and len(case.so) == 1])
@pytest.mark.usefixtures("pauses")
async def test_what_is_deleted_meanwhile(server: Server, client: BatchClient, case: Case) -> None:
    server.say(case.not_yet, refusal(404, "JobNotFound"))
    if case is CASES["job deleted"]:
        await case.wait(client)()
    else:
        with pytest.raises(ResourceNotFoundError):
            await case.wait(client)()
    assert len(server.heard) == 2


async def test_a_404_that_is_not_the_services_is_no_proof_of_a_deletion(server: Server, client: BatchClient) -> None:
    server.say(answer(404, b"<html>Not found</html>"))
    with pytest.raises(ResourceNotFoundError, match="the answer is not the service's"):
        await client.jobs.wait_deleted("j")


# The callback.


@all_of_them
@pytest.mark.usefixtures("pauses")
async def test_the_callback_gets_each_answer(server: Server, client: BatchClient, case: Case) -> None:
    server.say(case.not_yet, *case.so, case.not_yet, *case.so)
    seen: list[Any] = []
    found = await case.wait(client)(callback=seen.append)
    assert len(seen) == 2
    if found is not None:
        assert seen[-1] is found

    async def slow(value: Any) -> None:
        await asyncio.sleep(0)
        seen.append(value)

    await case.wait(client)(callback=slow)
    assert seen[2:] == seen[:2]


@pytest.mark.usefixtures("pauses")
async def test_what_the_callback_of_a_deletion_gets(server: Server, client: BatchClient) -> None:
    jobs: list[models.CloudJob | None] = []
    server.say(job("deleting"), refusal(404, "JobNotFound"))
    assert assert_type(await client.jobs.wait_deleted("j", callback=jobs.append), None) is None
    assert jobs == [models.CloudJob(id="j", state=JobState.DELETING), None]
    there: list[bool] = []
    server.say(answer(200), answer(404), answer(404))
    await client.pools.wait_deleted("p", callback=there.append)
    await client.job_schedules.wait_deleted("s", callback=there.append)
    assert there == [True, False, False]


@pytest.mark.parametrize("error", [RuntimeError("mine"), TimeoutError("mine"), asyncio.CancelledError("mine")])
@pytest.mark.parametrize("deadline", [None, 60.0])
@all_of_them
async def test_what_the_callback_raises_ends_the_wait(
    server: Server, client: BatchClient, case: Case, error: BaseException, deadline: float | None
) -> None:
    def raising(_: Any) -> None:
        raise error

    async def raising_later(_: Any) -> None:
        await asyncio.sleep(0)
        raise error

    server.otherwise = case.not_yet
    for callback in (raising, raising_later):
        with pytest.raises(type(error), match="mine") as caught:
            await case.wait(client)(callback=callback, deadline=deadline)
        assert caught.value is error
    assert len(server.heard) == 2


async def test_a_wait_in_the_callback_of_a_wait(server: Server, client: BatchClient, leap: Leap) -> None:
    async def inner(_: models.CloudJob) -> None:
        await client.jobs.wait("inner", deadline=5)

    server.say(job("active"), HANG)
    waiting = asyncio.create_task(client.jobs.wait("outer", deadline=60, callback=inner))
    await server.hears(2)
    leap(6)
    with pytest.raises(DeadlineError, match="waited 5 s for job inner"):
        await waiting


# The deadline.


@all_of_them
async def test_the_deadline_while_it_sleeps(server: Server, client: BatchClient, leap: Leap, case: Case) -> None:
    server.otherwise = case.not_yet
    seen: list[Any] = []

    def late(value: Any) -> None:
        seen.append(value)
        leap(61)

    with pytest.raises(DeadlineError) as caught:
        await case.wait(client)(deadline=60, interval=100, callback=late)
    assert isinstance(caught.value, TimeoutError)
    assert str(caught.value) == f"waited 60 s for {case.awaited}, and the last answer was: {case.said}"
    assert [caught.value.last] == seen
    assert len(server.heard) == 1
    assert not stray_tasks(server)


@all_of_them
async def test_the_deadline_while_a_question_hangs(server: Server, client: BatchClient, leap: Leap, case: Case) -> None:
    server.otherwise = HANG
    waiting = asyncio.create_task(case.wait(client)(deadline=5.0))
    await server.hears(1)
    leap(6)
    with pytest.raises(DeadlineError) as caught:
        await waiting
    assert str(caught.value) == f"waited 5 s for {case.awaited}, and no answer came"
    assert caught.value.last is None
    await server.is_left()
    assert not stray_tasks(server)


@pytest.mark.parametrize("name", ["tasks", "nodes"])
async def test_the_deadline_while_the_exact_question_hangs(
    server: Server, client: BatchClient, leap: Leap, name: str
) -> None:
    server.say(CASES[name].so[0], HANG)
    waiting = asyncio.create_task(CASES[name].wait(client)(deadline=5))
    await server.hears(2)
    leap(6)
    with pytest.raises(DeadlineError) as caught:
        await waiting
    assert caught.value.last is not None


async def test_the_deadline_while_the_callback_hangs(server: Server, client: BatchClient, leap: Leap) -> None:
    server.say(job("active"))

    async def hangs(_: models.CloudJob) -> None:
        leap(61)
        await asyncio.Event().wait()

    with pytest.raises(DeadlineError):
        await client.jobs.wait("j", deadline=60, callback=hangs)


async def test_the_deadline_while_a_question_waits_for_its_next_try(
    server: Server, client: BatchClient, leap: Leap
) -> None:
    server.otherwise = refusal(503, "ServerBusy", Retry_After="50")
    waiting = asyncio.create_task(client.jobs.wait("j", deadline=5))
    await server.hears(1)
    leap(6)
    with pytest.raises(DeadlineError, match="no answer came"):
        await waiting
    assert len(server.heard) == 1


@pytest.mark.parametrize(
    ("name", "answers", "said"),
    [
        ("job", [job(None)], "no state"),
        ("pool", [pool(None)], "no state, 0 of 0 nodes"),
        ("tasks", [answer(200, {"taskCounts": {"running": 3}})], "? active, 3 running, ? completed"),
        ("nodes", [page(), page({"id": "n"})], "no nodes"),
    ],
)
async def test_an_answer_that_says_little_is_told_as_it_is(
    server: Server, client: BatchClient, leap: Leap, name: str, answers: list[Reply], said: str
) -> None:
    server.say(*answers)
    waiting = asyncio.create_task(CASES[name].wait(client)(deadline=60, interval=100))
    await until(lambda: rests(waiting))
    leap(61)
    with pytest.raises(DeadlineError) as caught:
        await waiting
    assert str(caught.value).endswith(f", and the last answer was: {said}")


async def test_a_timeout_of_one_try_is_not_the_deadline(server: Server, client: BatchClient, leap: Leap) -> None:
    server.otherwise = HANG
    waiting = asyncio.create_task(client.jobs.wait("j", timeout=5, deadline=600))
    for tries in range(1, AT_ONCE.attempts + 1):
        await server.hears(tries)
        leap(6)
    with pytest.raises(RequestTimeoutError):
        await waiting
    assert len(server.heard) == AT_ONCE.attempts


async def test_an_answer_ends_it_however_late_it_is_looked_at(server: Server, client: BatchClient, leap: Leap) -> None:
    server.say(job("completed"))
    assert (await client.jobs.wait("j", deadline=60, callback=lambda _: leap(61))).state == JobState.COMPLETED
    await asyncio.sleep(0)  # nothing of the deadline is left behind


# Cancelled.


@all_of_them
async def test_cancelled_while_it_sleeps(server: Server, client: BatchClient, case: Case) -> None:
    server.otherwise = case.not_yet
    asked = asyncio.Event()
    waiting = asyncio.create_task(case.wait(client)(deadline=60, interval=100, callback=lambda _: asked.set()))
    await asked.wait()
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled()
    assert not stray_tasks(server)
    assert len(server.heard) == 1


@all_of_them
async def test_cancelled_while_a_question_is_on_its_way(server: Server, client: BatchClient, case: Case) -> None:
    server.otherwise = HANG
    waiting = asyncio.create_task(case.wait(client)(deadline=60))
    await server.hears(1)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled()
    await server.is_left()
    assert not stray_tasks(server)


@pytest.mark.parametrize("deadline", [None, 60.0])
@pytest.mark.parametrize("script", [job("active"), HANG])
async def test_a_timeout_around_the_wait_is_the_callers(
    server: Server, client: BatchClient, leap: Leap, deadline: float | None, script: Reply
) -> None:
    server.otherwise = script
    limit = asyncio.timeout(5)

    async def bounded() -> None:
        async with limit:
            await client.jobs.wait("j", deadline=deadline, interval=100)

    waiting = asyncio.create_task(bounded())
    await server.hears(1)
    leap(6)
    with pytest.raises(TimeoutError) as caught:
        await waiting
    assert limit.expired()
    assert not isinstance(caught.value, BatchioError)


# The client is closed.


@all_of_them
@pytest.mark.parametrize("deadline", [None, 60.0])
async def test_a_client_that_is_closed_while_a_wait_sleeps(server: Server, case: Case, deadline: float | None) -> None:
    server.otherwise = case.not_yet
    client = connect(server)
    asked = asyncio.Event()
    waiting = asyncio.create_task(case.wait(client)(interval=100, deadline=deadline, callback=lambda _: asked.set()))
    await asked.wait()
    await client.close()
    with pytest.raises(ConnectError) as caught:
        await waiting
    with pytest.raises(ConnectError) as of_a_call:
        await client.jobs.get("j")
    assert str(caught.value) == str(of_a_call.value)
    assert (caught.value.lasting, caught.value.sent) == (True, False)
    assert len(server.heard) == 1
    assert not stray_tasks(server)


class Once:
    """A transport that answers one question and must not be asked another one."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def send(
        self, method: str, url: URL, headers: Mapping[str, str], body: bytes | None, timeout: float | None
    ) -> Answer:
        assert (method, url.path, body, timeout) == ("GET", "/jobs/j", None, 10.0)
        assert "authorization" in headers
        assert not self.asked.is_set()
        self.asked.set()
        return Answer(200, {}, b'{"id": "j", "state": "active"}')

    async def open(self, method: str, url: URL, headers: Mapping[str, str], timeout: float | None) -> Incoming:
        raise NotImplementedError

    async def close(self) -> None:
        """Nothing is open."""


async def test_nothing_more_is_asked_when_the_client_is_closed(server: Server) -> None:
    once = Once()
    async with opened(server, transport=once) as session:
        waiting = asyncio.create_task(Jobs(session).wait("j", interval=100))
        await once.asked.wait()
        await session.close()
        with pytest.raises(ConnectError, match="closed"):
            await waiting


async def test_cancelled_and_closed_at_once_is_cancelled(server: Server) -> None:
    server.otherwise = job("active")
    client = connect(server)
    asked = asyncio.Event()
    waiting = asyncio.create_task(client.jobs.wait("j", interval=100, callback=lambda _: asked.set()))
    await asked.wait()
    client._session._closing.set()  # pyright: ignore[reportPrivateUsage]  # what close does first, with no turn between
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled()
    await client.close()


async def test_a_client_that_is_closed_while_a_question_is_on_its_way(server: Server) -> None:
    server.otherwise = HANG
    client = connect(server)
    waiting = asyncio.create_task(client.jobs.wait("j"))
    await server.hears(1)
    await client.close()
    with pytest.raises(ConnectionLostError):
        await waiting
    assert not stray_tasks(server)


async def test_a_client_that_its_callback_closes(server: Server) -> None:
    server.otherwise = job("active")
    client = connect(server)

    async def close(_: models.CloudJob) -> None:
        await client.close()

    with pytest.raises(ConnectError, match="closed"):
        await client.jobs.wait("j", callback=close, interval=100)
    assert len(server.heard) == 1


async def test_a_wait_of_a_closed_client(server: Server) -> None:
    client = connect(server)
    await client.close()
    with pytest.raises(ConnectError, match="closed"):
        await client.jobs.wait("j")


# A question that fails.


@pytest.mark.parametrize("failure", [refusal(429, "TooManyRequests"), answer(500), answer(503), DROP])
@all_of_them
async def test_a_question_that_fails_for_now_is_tried_again(
    server: Server, client: BatchClient, pauses: list[float], case: Case, failure: Reply
) -> None:
    server.say(failure, case.not_yet, failure, failure)
    for each in case.so:
        server.say(each, *([failure] if each is not case.so[-1] else []))
    await case.wait(client)()
    assert len(server.heard) == 4 + 2 * len(case.so) - 1
    assert len(pauses) == 1


@all_of_them
async def test_the_tries_of_a_question_end(
    server: Server, client: BatchClient, pauses: list[float], case: Case
) -> None:
    server.say(case.not_yet)
    server.otherwise = refusal(500, "InternalError") if case.method == "GET" else answer(500)
    with pytest.raises(ServiceError):
        await case.wait(client)()
    assert len(server.heard) == 1 + AT_ONCE.attempts
    assert len(pauses) == 1


@pytest.mark.parametrize("status", [400, 403, 409, 501])
@all_of_them
@pytest.mark.usefixtures("pauses")
async def test_a_refusal_ends_it(server: Server, client: BatchClient, case: Case, status: int) -> None:
    server.say(case.not_yet, answer(status))
    with pytest.raises(HttpResponseError) as caught:
        await case.wait(client)(deadline=60)
    assert caught.value.status == status
    assert isinstance(caught.value, ClientAuthenticationError) is (status == 403)
    assert len(server.heard) == 2


@pytest.mark.parametrize("name", ["tasks", "nodes"])
async def test_a_refusal_of_the_exact_question_ends_it(server: Server, client: BatchClient, name: str) -> None:
    server.say(CASES[name].so[0], refusal(403, "InsufficientPermissions"))
    with pytest.raises(ClientAuthenticationError):
        await CASES[name].wait(client)()


@pytest.mark.parametrize("case", [case for case in CASES.values() if case.method == "GET"])
async def test_an_answer_that_is_not_promised_ends_it(server: Server, client: BatchClient, case: Case) -> None:
    server.otherwise = answer(200, b"<html>hello</html>")
    with pytest.raises(DecodeError):
        await case.wait(client)()
    assert len(server.heard) == 1


# Wrong options.


@pytest.mark.parametrize(
    ("options", "name"),
    [
        *(({name: value}, name) for name in ("interval", "max_interval", "deadline") for value in (0, -1, True, "1")),
        *(({name: value}, name) for name in ("interval", "max_interval", "deadline") for value in (math.inf, math.nan)),
        *(({name: None}, name) for name in ("interval", "max_interval")),
        ({"interval": 2.0, "max_interval": 1.5}, "max_interval"),
        ({"callback": 5}, "callback"),
        ({"timeout": 0}, "timeout"),
        ({"server_timeout": 0}, "server_timeout"),
    ],
)
@all_of_them
async def test_a_wrong_option_is_named_and_nothing_is_sent(
    server: Server, client: BatchClient, case: Case, options: dict[str, Any], name: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name}: "):
        await case.wait(client)(**options)
    assert not server.heard


UNKNOWN = (
    r"^a wait has no option 'page_size'; it takes deadline, interval, max_interval, callback, timeout, server_timeout$"
)


@all_of_them
async def test_an_unknown_option(server: Server, client: BatchClient, case: Case) -> None:
    with pytest.raises(TypeError, match=UNKNOWN):
        await case.wait(client)(page_size=5)
    assert not server.heard


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"interval": 0}, "interval: seconds above 0, not 0"),
        ({"deadline": math.inf}, "deadline: seconds above 0, not inf"),
        ({"interval": 2.0, "max_interval": 1.5}, "max_interval: at least interval (2), not 1.5"),
        ({"callback": 5}, "callback: a function or None, not 5"),
    ],
)
def test_what_is_wrong_with_an_option(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_options(options)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("options", "pace"),
    [
        ({}, (1.0, 30.0)),
        ({"deadline": None, "callback": None}, (1.0, 30.0)),
        ({"interval": 5.0}, (5.0, 30.0)),
        ({"interval": 45.0}, (45.0, 45.0)),
        ({"max_interval": 0.5}, (0.5, 0.5)),
        ({"max_interval": 90.0}, (1.0, 90.0)),
        ({"interval": 2.0, "max_interval": 2.0}, (2.0, 2.0)),
    ],
)
def test_an_interval_that_is_given_alone(options: dict[str, Any], pace: tuple[float, float]) -> None:
    settings = check_options({**options, "timeout": None, "server_timeout": 5})
    assert (settings.pace.interval, settings.pace.max_interval) == pace
    assert settings.call == {"timeout": None, "server_timeout": 5}
    assert (settings.deadline, settings.callback) == (None, None)


@pytest.mark.parametrize("until", ["", [], (), frozenset[str](), None, 5, [None], ["active", ""], "actve", b"active"])
@pytest.mark.parametrize("name", ["job", "node", "nodes"])
async def test_a_wrong_state_is_named_and_nothing_is_sent(
    server: Server, client: BatchClient, name: str, until: Any
) -> None:
    with pytest.raises(ConfigurationError, match=r"^until: "):
        await CASES[name].wait(client)(until=until)
    assert not server.heard


async def test_an_unknown_state_is_told_with_those_that_there_are(client: BatchClient) -> None:
    with pytest.raises(ConfigurationError, match=rf"^until: 'COMPLETE' is no state; there are {', '.join(JobState)}$"):
        await client.jobs.wait("j", until="COMPLETE")


@pytest.mark.parametrize("id", ["", ".", 5, None])
async def test_a_wrong_id_is_told_and_nothing_is_sent(server: Server, client: BatchClient, id: Any) -> None:
    calls: list[Awaitable[Any]] = [
        client.jobs.wait(id),
        client.jobs.wait_deleted(id),
        client.tasks.wait(id),
        client.pools.wait_steady(id),
        client.pools.wait_deleted(id),
        client.job_schedules.wait_deleted(id),
        client.nodes.wait(id, "n"),
        client.nodes.wait(id),
    ]
    for call in calls:
        with pytest.raises(ConfigurationError, match="Id: "):
            await call
    assert not server.heard


def test_states_are_found_by_their_words() -> None:
    assert states_of(ComputeNodeState, ["StartTaskFailed", "idle", "IDLE"]) == (
        ComputeNodeState.START_TASK_FAILED,
        ComputeNodeState.IDLE,
    )
    with pytest.raises(ConfigurationError, match=r"^until: a state or several, not \[\]$"):
        states_of(ComputeNodeState, [])
    for word in ("START_TASK_FAILED", "start task failed", "newfangled"):
        with pytest.raises(ConfigurationError, match=r"^until: "):
            states_of(ComputeNodeState, word)


# The pauses.

SECONDS = st.floats(1e-3, 1e6)


@given(SECONDS, SECONDS, st.integers(1, 100_000), st.randoms(use_true_random=False))
def test_a_pause_is_the_grown_interval_give_or_take_a_tenth(one: float, other: float, asked: int, rng: Random) -> None:
    interval, longest = sorted((one, other))
    pause = Pace(interval=interval, max_interval=longest).pause(asked, left=math.inf, rng=rng)
    grown = min(longest, interval * math.exp(min(700.0, (asked - 1) * math.log(1.5))))
    assert 0.899 * grown <= pause <= 1.101 * grown
    assert 0.9 * interval <= pause <= 1.1 * longest


@given(SECONDS, st.integers(1, 100), SECONDS, st.randoms(use_true_random=False))
def test_a_deadline_leaves_room_for_a_last_question(interval: float, asked: int, left: float, rng: Random) -> None:
    pause = Pace(interval=interval, max_interval=max(interval, 30.0)).pause(asked, left=left, rng=rng)
    assert pause > 0
    if left >= 2 * interval:
        # Neither does the cut bring two questions closer together than they were to be.
        assert 0.9 * interval <= pause <= left - interval


class Middle(Random):
    """Draws what lies in the middle."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


def test_pauses_grow_to_their_limit() -> None:
    found = [Pace(interval=2, max_interval=10).pause(asked, left=math.inf, rng=Middle()) for asked in range(1, 7)]
    assert found == pytest.approx([2, 3, 4.5, 6.75, 10, 10])


@pytest.mark.parametrize(
    ("options", "first", "last"),
    [
        ({}, 1.0, 30.0),
        ({"interval": 5}, 5.0, 30.0),
        ({"interval": 60.0}, 60.0, 60.0),
        ({"max_interval": 0.5}, 0.5, 0.5),
        ({"max_interval": 100}, 1.0, 100.0),
        ({"interval": 2, "max_interval": 2}, 2.0, 2.0),
        ({"deadline": None, "callback": None}, 1.0, 30.0),
    ],
)
async def test_the_pauses_of_a_wait(
    server: Server, client: BatchClient, pauses: list[float], options: dict[str, Any], first: float, last: float
) -> None:
    server.say(*[job("active")] * 20, job("completed"))
    await client.jobs.wait("j", **options)
    assert len(pauses) == 20
    assert pauses[0] == pytest.approx(first, rel=0.11)
    assert pauses[-1] == pytest.approx(last, rel=0.11)
    assert all(later > 0.8 * earlier for earlier, later in itertools.pairwise(pauses))
    assert len(set(pauses)) == 20  # no two who wait come at the same times


async def test_a_wait_sleeps_between_its_questions(server: Server, client: BatchClient, leap: Leap) -> None:
    server.say(job("active"), job("active"), job("completed"))
    waiting = asyncio.create_task(client.jobs.wait("j", interval=100))
    for asked, longest in ((1, 111), (2, 166)):
        await until(lambda: rests(waiting))
        assert len(server.heard) == asked
        leap(longest)
        await server.hears(asked + 1)
    await waiting
    assert len(server.heard) == 3


@pytest.mark.parametrize(
    ("deadline", "wanted"),
    [
        (11_000, [1000, 1500, 2250, 3375, 1875, 7594]),  # the last but one is cut, the last one does not end
        (10_000, [1000, 1500, 2250, 3375, 5062]),  # so near to the deadline no further question is asked
        (1_500, [1000, 1500]),
        (500, [1000]),
    ],
)
async def test_the_last_question_comes_one_interval_before_the_deadline(
    server: Server, leap: Leap, monkeypatch: pytest.MonkeyPatch, deadline: float, wanted: list[float]
) -> None:
    server.otherwise = job("active")
    pauses: list[float] = []

    async def rest(_: Session, seconds: float) -> None:
        pauses.append(seconds)
        leap(seconds)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    monkeypatch.setattr(Session, "rest", rest)
    async with opened(server) as session:
        session.rng = Middle()
        with pytest.raises(DeadlineError):
            await Jobs(session).wait("j", interval=1000, max_interval=100_000, deadline=deadline)
    assert pauses == pytest.approx(wanted, abs=30)
    assert len(server.heard) == len(wanted)


@pytest.mark.usefixtures("pauses")
async def test_a_job_of_millions_of_tasks_is_watched_with_small_requests(server: Server, client: BatchClient) -> None:
    server.say(*[counts(5_000_000 - number, 100, number) for number in range(50)], *CASES["tasks"].so)
    await client.tasks.wait("j")
    assert len(server.heard) == 52
    assert {heard.path for heard in server.heard[:51]} == {"/jobs/j/taskcounts"}
    # Once the pauses have grown, two requests a minute are left.
    rng = Random(1)  # noqa: S311 - jitter, not cryptography
    a_minute = [Pace().pause(asked, left=math.inf, rng=rng) for asked in range(20, 40)]
    assert min(a_minute) > 25


async def test_waits_of_many_share_a_client(server: Server, client: BatchClient) -> None:
    asked: dict[str, int] = {}

    def reply(heard: Heard) -> Reply:
        asked[heard.path] = asked.get(heard.path, 0) + 1
        return job("completed" if asked[heard.path] == 4 else "active")

    server.otherwise = reply
    async with asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(client.jobs.wait(f"j-{number}", interval=0.001, deadline=60))
    assert set(asked.values()) == {4}
    assert len(asked) == 20
