"""Options of a call: their names on the wire, and what is refused before anything is sent."""

from __future__ import annotations

import math
import re
import time
import uuid
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from batchio import BatchClient, ConfigurationError
from batchio.service.operations import OPERATIONS
from batchio.service.options import RANGE, WIRE
from batchio.session.options import split_options
from batchio.session.request import path_of

from .server import Server, answer, page

GUID = "8b0f6a4e-5d2d-4b5c-9c5b-0e7f3e8f3a11"


async def test_names_on_the_wire(server: Server, client: BatchClient) -> None:
    server.say(page(), answer(200, {"id": "t"}), answer(202))
    options: Any = {
        "filter": "state eq 'active'",
        "select": ["id", "state"],
        "expand": "stats",
        "page_size": 7,
        "server_timeout": 11,
        "client_request_id": GUID.upper(),
    }
    assert [job async for job in client.jobs.list(**options)] == []
    await client.tasks.get(
        "j",
        "t",
        select="id",
        if_match='"1"',
        if_none_match='"2"',
        if_modified_since=datetime(2023, 11, 14, 22, 13, 20, 999_999, tzinfo=UTC),
        if_unmodified_since=datetime(2023, 11, 15, 0, 13, 20, tzinfo=timezone(timedelta(hours=2))),
    )
    await client.jobs.delete("j", force=False)
    listing, read, deletion = server.heard
    assert listing.query == {
        "$filter": "state eq 'active'",
        "$select": "id,state",
        "$expand": "stats",
        "maxresults": "7",
        "timeOut": "11",
        "api-version": "2024-07-01.20.0",
    }
    assert listing.headers["client-request-id"] == GUID
    assert read.query == {"$select": "id", "api-version": "2024-07-01.20.0"}
    conditions = {name: value for name, value in read.headers.items() if name.startswith("if-")}
    assert conditions == {
        "if-match": '"1"',
        "if-none-match": '"2"',
        "if-modified-since": "Tue, 14 Nov 2023 22:13:20 GMT",
        "if-unmodified-since": "Tue, 14 Nov 2023 22:13:20 GMT",
    }
    assert deletion.query["force"] == "false"
    # Spaces travel as %20, never as +.
    assert "$filter=state%20eq%20%27active%27" in listing.target


async def test_none_is_the_same_as_nothing(server: Server, client: BatchClient) -> None:
    server.say(answer(200, {"id": "j"}))
    nothing: Any = dict.fromkeys(
        ["select", "expand", "server_timeout", "client_request_id", "if_match", "if_modified_since", "timeout"]
    )
    await client.jobs.get("j", **nothing)
    (heard,) = server.heard
    assert heard.query == {"api-version": "2024-07-01.20.0"}
    assert uuid.UUID(heard.headers["client-request-id"])


@pytest.mark.parametrize(
    "name",
    ["page_size", "limit", "filter", "force", "recursive", "prefetch", "start", "nonsense", "maxresults", "if_Match"],
)
async def test_an_option_that_an_operation_does_not_have(server: Server, client: BatchClient, name: str) -> None:
    options: Any = {name: None}
    with pytest.raises(TypeError, match=f"Tasks_GetTask has no option '{name}'; it takes client_request_id, expand"):
        await client.tasks.get("j", "t", **options)
    assert not server.heard


async def test_a_listing_tells_at_once(client: BatchClient) -> None:
    options: Any = {"nonsense": 1}
    with pytest.raises(TypeError, match="Tasks_ListTasks has no option 'nonsense'"):
        client.tasks.list("j", **options)
    with pytest.raises(ConfigurationError, match="page_size: at most 1000, not 1001"):
        client.tasks.list("j", page_size=1001)
    with pytest.raises(ConfigurationError, match="jobId: "):
        client.tasks.list("")


BAD: dict[str, list[Any]] = {
    "timeout": [0, -1, math.nan, True, "5"],
    "server_timeout": [0, -1, 1.5, True, "5"],
    "page_size": [0, 1001, 1.0, False, "5"],
    "limit": [-1, 1.0, True, "5"],
    "force": [1, 0, "true"],
    "recursive": [1, "true"],
    "prefetch": [1, "true"],
    "start": [-1, 1.0, True, "5"],
    "end": [-1, 0, 1.0, False],
    "start_time": ["2024-07-01", datetime(2024, 7, 1)],  # noqa: DTZ001 - the mistake under test
    "end_time": [5, datetime.max.replace(tzinfo=timezone(timedelta(hours=-5)))],
    "filter": ["", "a\nb", "a\x00", 5, b"x", "\udc80"],
    "select": ["", [], ["id", ""], ["id", 5], ["a\n"], 5, {"id"}],
    "expand": ["", [None]],
    "client_request_id": ["", "x", 5, "8b0f6a4e"],
    "if_match": ["", 'a"\r\nx: y', 5, b"x"],
    "if_none_match": ["", "\n"],
    "if_modified_since": [
        "2024-07-01",
        5,
        datetime(2024, 7, 1),  # noqa: DTZ001 - the mistake under test
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-5))),
    ],
    "if_unmodified_since": [datetime.min.replace(tzinfo=timezone(timedelta(hours=5)))],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_a_bad_value_is_named(name: str, value: Any) -> None:
    operation = next(each for each in OPERATIONS.values() if name in each.takes)
    with pytest.raises(ConfigurationError, match=f"^{name}: "):
        split_options(operation, {name: value})


def test_every_option_is_checked_and_has_its_place() -> None:
    good: dict[str, Any] = {
        "timeout": 1.5,
        "limit": 0,
        "prefetch": False,
        "start": 0,
        "end": 1,
        "start_time": datetime(1, 1, 1, tzinfo=UTC),
        "end_time": datetime(9999, 12, 31, tzinfo=UTC),
        "recursive": False,
        "server_timeout": 1,
        "filter": "x",
        "select": ("id",),
        "expand": "stats",
        "page_size": 1000,
        "force": True,
        "client_request_id": uuid.UUID(GUID),
        "if_match": "*",
        "if_none_match": "*",
        "if_modified_since": datetime(1, 1, 1, tzinfo=UTC),
        "if_unmodified_since": datetime(9999, 12, 31, tzinfo=UTC),
    }
    for operation in OPERATIONS.values():
        split = split_options(operation, {name: good[name] for name in operation.takes})
        sent = operation.takes & WIRE.keys()
        assert (
            split.own.keys()
            == operation.takes - sent
            == operation.takes & {"timeout", "limit", "prefetch", "start", "end"}
        )
        assert split.query.keys() == {WIRE[name].name for name in sent if not WIRE[name].header}
        ranges = {RANGE.name} if "start" in operation.takes else set[str]()
        assert split.headers.keys() == {WIRE[name].name.lower() for name in sent if WIRE[name].header} | ranges


@pytest.mark.parametrize(("value", "own"), [(None, True), (True, True), (False, False)])
def test_prefetching_is_the_default(value: bool | None, *, own: bool) -> None:  # noqa: FBT001 - the option
    assert split_options(OPERATIONS["Jobs_ListJobs"], {"prefetch": value}).own == {"prefetch": own}


@pytest.mark.parametrize(("value", "sent"), [(True, "true"), (False, "false")])
def test_a_flag_in_the_query(*, value: bool, sent: str) -> None:
    assert split_options(OPERATIONS["Jobs_DeleteJob"], {"force": value}).query == {"force": sent}


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone of this system cannot be set")
def test_times_are_sent_in_utc_wherever_this_machine_is(monkeypatch: pytest.MonkeyPatch) -> None:
    operation = next(each for each in OPERATIONS.values() if "start_time" in each.takes)
    noon = datetime(2024, 7, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "JST-9")
        time.tzset()
        query = split_options(operation, {"start_time": noon}).query
        headers = split_options(OPERATIONS["Jobs_GetJob"], {"if_modified_since": noon}).headers
    time.tzset()
    assert list(query.values()) == ["2024-07-01T10:00:00Z"]
    assert list(headers.values()) == ["Mon, 01 Jul 2024 10:00:00 GMT"]


@pytest.mark.parametrize(
    ("options", "header"),
    [
        ({}, None),
        ({"start": None, "end": None}, None),
        ({"start": 0}, "bytes=0-"),
        ({"start": 5}, "bytes=5-"),
        ({"end": 1}, "bytes=0-0"),
        ({"start": 5, "end": 10}, "bytes=5-9"),
    ],
)
def test_a_range_is_a_slice(options: dict[str, Any], header: str | None) -> None:
    assert split_options(OPERATIONS["Tasks_GetTaskFile"], options).headers.get("ocp-range") == header


def test_an_empty_range_is_a_mistake() -> None:
    with pytest.raises(ConfigurationError, match=r"end: above start \(5\), not 5"):
        split_options(OPERATIONS["Nodes_GetNodeFile"], {"start": 5, "end": 5})


@pytest.mark.parametrize("value", ["", ".", "..", 5, None, b"x", "\udc80"])
async def test_a_bad_part_of_a_path_is_named(server: Server, client: BatchClient, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^taskId: "):
        await client.tasks.get("j", value)
    with pytest.raises(ConfigurationError, match=r"^jobId: "):
        await client.tasks.get(value, "t")
    assert not server.heard


def test_another_number_of_parts_than_a_path_has() -> None:
    with pytest.raises(TypeError, match=r"^Tasks_GetTask takes jobId, taskId$"):
        path_of(OPERATIONS["Tasks_GetTask"], ("j",))
    with pytest.raises(TypeError, match=r"^Jobs_ListJobs takes no path parameter$"):
        path_of(OPERATIONS["Jobs_ListJobs"], ("j",))
    path = path_of(OPERATIONS["Tasks_GetTaskFile"], ("j", "t", "wd/ä b"))
    assert path == "/jobs/j/tasks/t/files/wd%2F%C3%A4%20b"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("", "'' cannot be part of a path"),
        (".", "'.' cannot be part of a path"),
        ("..", "'..' cannot be part of a path"),
        (5, "a string is needed, not int"),
        ("\udc80", "'\\udc80' holds half a character"),
    ],
)
def test_what_is_wrong_with_a_part_that_has_no_rules_of_its_own(value: Any, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        path_of(OPERATIONS["Nodes_GetNode"], ("p", value))
    assert str(caught.value) == f"nodeId: {said}"


@pytest.mark.parametrize("value", ["./a", "a/.", "a/../b", "a/.."])
def test_a_file_in_another_directory(value: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        path_of(OPERATIONS["Tasks_GetTaskFile"], ("j", "t", value))
    assert str(caught.value) == f"filePath: {value!r} would leave its directory"


async def test_a_part_of_a_path_cannot_leave_its_place(server: Server, client: BatchClient) -> None:
    server.say(answer(200, {"id": "x"}))
    await client.nodes.get_extension("p", "a/../b?c#d%2f{extensionName}", "ü \n'&")
    path = "/pools/p/nodes/a%2F..%2Fb%3Fc%23d%252f%7BextensionName%7D/extensions/%C3%BC%20%0A%27%26"
    assert server.heard[0].path == path


@pytest.mark.parametrize("value", ["a b", "a/b", "ü", "x" * 65, "a:b", "a\n", "a:job-", "\N{ARABIC-INDIC DIGIT ONE}"])
async def test_an_id_that_breaks_the_rules_is_named(server: Server, client: BatchClient, value: str) -> None:
    rule = "1 to 64 letters, digits, hyphens and underscores, not "
    calls: dict[str, Any] = {
        "jobId": lambda: client.jobs.get(value),
        "taskId": lambda: client.tasks.delete("j", value),
        "poolId": lambda: client.pools.exists(value),
        "jobScheduleId": lambda: client.job_schedules.enable(value),
    }
    for name, call in calls.items():
        with pytest.raises(ConfigurationError, match=re.escape(f"{name}: {rule}{value!r}")):
            await call()
    assert not server.heard


async def test_ids_that_keep_the_rules(server: Server, client: BatchClient) -> None:
    server.say(answer(200, {}), answer(200, {}))
    await client.tasks.get("nightly:job-12", "x" * 64)
    await client.jobs.get("-_Aa09")
    assert [heard.path for heard in server.heard] == [f"/jobs/nightly%3Ajob-12/tasks/{'x' * 64}", "/jobs/-_Aa09"]


async def test_a_limit_asks_for_no_more_than_it_needs(server: Server, client: BatchClient) -> None:
    server.otherwise = page()
    for options in ({"limit": 3}, {"limit": 5000}, {"limit": 3, "page_size": 2}, {"limit": None}, {"page_size": 9}):
        asked: Any = options
        async for _ in client.jobs.list(**asked):
            pass
    assert [heard.query.get("maxresults") for heard in server.heard] == ["3", "1000", "2", None, "9"]
