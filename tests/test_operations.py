"""The table of operations against a digest of the API's data, and the resources against the table."""

from __future__ import annotations

import inspect
import json
import re
import typing
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from session.driving import connect, signature_of
from session.server import Server, answer

from batchio import (
    BatchClient,
    FileInfo,
    FileStream,
    HttpResponseError,
    Page,
    Pages,
    Receipt,
    SharedKeyCredential,
    models,
)
from batchio.models.base import Model, field_rules, field_types
from batchio.service import operations as op
from batchio.service.options import WIRE
from batchio.service.versions import DEFAULT, VERSIONS


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An operation as the digest has it; models under the names of the REST documentation."""

    id: str
    method: str
    path: str
    query: list[str]
    conditions: list[str]
    headers: list[str]
    body: str | None
    body_required: bool
    answer: str | None
    items: str | None
    success: list[int]
    in_2025_06_01: bool


DIGEST = {
    row.id: row
    for row in msgspec.json.decode((Path(__file__).parent / "data" / "operations.json").read_bytes(), type=list[Row])
}
OPERATIONS = op.OPERATIONS

# The client's own, which never travel; `start` and `end` make the header ocp-range.
OWN_OPTIONS = {"timeout", "limit", "prefetch", "start", "end"}


def test_the_digest_is_whole() -> None:
    assert len(DIGEST) == 77
    assert len({(row.method, row.path) for row in DIGEST.values()}) == 77


def test_the_table_holds_what_the_api_has() -> None:
    assert OPERATIONS.keys() == DIGEST.keys()
    named = {value.id: value for value in vars(op).values() if isinstance(value, op.Operation)}
    assert named == OPERATIONS


@pytest.mark.parametrize("id", OPERATIONS)
def test_a_row_is_as_the_digest_says(id: str) -> None:
    row, said = OPERATIONS[id], DIGEST[id]
    assert (row.id, row.method, row.path) == (said.id, said.method, said.path)
    assert row.success == tuple(said.success)
    assert (row.body.__name__ if row.body else None) == said.body
    assert (row.items.__name__ if row.items else None) == said.items
    assert row.body_optional is (row.body is not None and not said.body_required)
    if said.answer == "stream":
        assert row.file
        assert row.answer is None
    else:
        assert (row.answer.__name__ if row.answer else None) == said.answer
        assert row.file is (said.method == "HEAD" and "file" in said.id.lower())


@pytest.mark.parametrize("id", OPERATIONS)
def test_the_options_of_a_row_are_as_the_digest_says(id: str) -> None:
    row, said = OPERATIONS[id], DIGEST[id]
    wires = [WIRE[name] for name in row.takes - OWN_OPTIONS]
    headers = {wire.name for wire in wires if wire.header} - {"client-request-id"}
    if {"start", "end"} <= row.takes:
        headers.add("ocp-range")
    assert {wire.name for wire in wires if not wire.header} == set(said.query)
    assert headers == set(said.conditions) | set(said.headers)
    assert {"timeout", "client_request_id"} <= row.takes
    assert ({"limit", "prefetch"} <= row.takes) is (said.items is not None)


def test_paths_stand_in_the_table_once() -> None:
    assert len({(row.method, row.path) for row in OPERATIONS.values()}) == len(OPERATIONS)


def test_versions_are_in_order_and_the_default_is_among_them() -> None:
    assert DEFAULT in VERSIONS
    assert list(VERSIONS) == sorted(VERSIONS)


# The names of methods: the verb phrase of the id in snake case, without the resource's own noun.


def words(text: str) -> list[str]:
    """The words of a name in camel case."""
    return re.findall(r"[A-Z][a-z0-9]*", text)


def method_of(id: str) -> tuple[str, str]:
    """Resource and method of an operation."""
    group, phrase = id.split("_")
    resource, found = words(group), words(phrase)
    noun = [*resource[:-1], resource[-1].removesuffix("s")]
    for start in (0, 1):  # the noun comes first (`PoolExists`) or after the verb
        end = start + len(noun)
        if [*found[start : end - 1], found[end - 1].removesuffix("s") if end <= len(found) else ""] == noun:
            del found[start:end]
            break
    name = "_".join(found).lower().replace("sub_tasks", "subtasks")
    return "_".join(resource).lower(), name


@pytest.mark.parametrize(
    ("id", "method"),
    [
        ("Jobs_GetJob", "jobs.get"),
        ("Jobs_ListJobs", "jobs.list"),
        ("Jobs_ListJobPreparationAndReleaseTaskStatus", "jobs.list_preparation_and_release_task_status"),
        ("Jobs_GetJobTaskCounts", "jobs.get_task_counts"),
        ("Tasks_CreateTaskCollection", "tasks.create_collection"),
        ("Tasks_ListSubTasks", "tasks.list_subtasks"),
        ("Pools_EnablePoolAutoScale", "pools.enable_auto_scale"),
        ("Pools_ListPoolNodeCounts", "pools.list_node_counts"),
        ("Pools_ReplacePoolProperties", "pools.replace_properties"),
        ("JobSchedules_JobScheduleExists", "job_schedules.exists"),
        ("Nodes_UploadNodeLogs", "nodes.upload_logs"),
        ("Jobs_ListJobsFromSchedule", "jobs.list_from_schedule"),
        ("Nodes_DeallocateNode", "nodes.deallocate"),
    ],
)
def test_the_rule_of_names(id: str, method: str) -> None:
    assert ".".join(method_of(id)) == method


def test_the_rule_gives_each_operation_a_name_of_its_own() -> None:
    names = [method_of(id) for id in DIGEST]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() for _, name in names)


def snake(name: str) -> str:
    """`jobId` as an argument."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


RESOURCES = {"applications", "certificates", "job_schedules", "jobs", "nodes", "pools", "tasks"}
# What stands on a resource beside its operations.
MORE = {
    "job_schedules": {"wait_deleted"},
    "jobs": {"wait", "wait_deleted"},
    "nodes": {"wait"},
    "pools": {"wait_deleted", "wait_steady"},
    "tasks": {"feed", "submit", "submitting", "wait"},
}


def test_a_resource_has_its_operations_and_nothing_else() -> None:
    wanted = {(resource, name) for resource, name in map(method_of, DIGEST)}
    client = BatchClient("https://acme.batch.azure.com", SharedKeyCredential("acme", "a2V5"))
    found = {
        (resource, name)
        for resource in RESOURCES
        for name in dir(getattr(client, resource))
        if not name.startswith("_") and name not in MORE.get(resource, ())
    }
    assert found == wanted


def test_service_and_resources_stay_small() -> None:
    package = Path(op.__file__).parent.parent
    files = [*(package / "service").glob("*.py"), *(package / "resources").glob("*.py")]
    assert sum(len(file.read_text("utf-8").splitlines()) for file in files) < 1600


def resource_method(client: BatchClient, id: str) -> Callable[..., Any]:
    """The method of an operation."""
    resource, name = method_of(id)
    method: Callable[..., Any] = getattr(getattr(client, resource), name)
    return method


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with Server() as server:
        yield server


@pytest.fixture
async def client(server: Server) -> AsyncIterator[BatchClient]:
    async with connect(server) as client:
        yield client


@pytest.mark.parametrize("id", OPERATIONS)
async def test_a_row_has_a_method(client: BatchClient, id: str) -> None:
    row, method = OPERATIONS[id], resource_method(client, id)
    parameters = list(inspect.signature(method).parameters.values())
    *positional, options = parameters
    assert [each.name for each in positional][: len(row.parameters)] == [snake(name) for name in row.parameters]
    assert len(positional) == len(row.parameters) + (row.body is not None)
    if row.body:
        assert positional[-1].default is (inspect.Parameter.empty if DIGEST[id].body_required else None)
    assert options.kind is inspect.Parameter.VAR_KEYWORD
    assert typing.get_args(typing.get_type_hints(method)["options"]) == (row.options,)
    assert f"REST: {id}" in (method.__doc__ or "")


# Each method over a real socket.

OPTIONS: dict[str, Any] = {
    "timeout": 5.0,
    "server_timeout": 30,
    "client_request_id": "8b0f6a4e-5d2d-4b5c-9c5b-0e7f3e8f3a11",
    "if_match": '"1"',
    "if_none_match": '"2"',
    "if_modified_since": datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
    "if_unmodified_since": datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
    "select": ["id", "url"],
    "expand": "stats",
    "page_size": 10,
    "limit": 5,
    "prefetch": True,
    "filter": "id eq 'a b'",
    "force": True,
    "recursive": True,
    "start_time": datetime(2024, 7, 1, 12, 0, 0, 500_000, tzinfo=UTC),
    "end_time": datetime(2024, 7, 1, 14, tzinfo=timezone(timedelta(hours=1))),
    "start": 3,
    "end": 10,
}
SENT = {
    "timeOut": "30",
    "$select": "id,url",
    "$expand": "stats",
    "maxresults": "10",
    "$filter": "id eq 'a b'",
    "force": "true",
    "recursive": "true",
    "startTime": "2024-07-01T12:00:00.500000Z",
    "endtime": "2024-07-01T13:00:00Z",
    "ocp-range": "bytes=3-9",
    "If-Match": '"1"',
    "If-None-Match": '"2"',
    "If-Modified-Since": "Tue, 14 Nov 2023 22:13:20 GMT",
    "If-Unmodified-Since": "Tue, 14 Nov 2023 22:13:20 GMT",
}
IDS = {"jobId", "jobScheduleId", "poolId", "taskId"}
ANSWERS: dict[str, Any] = {
    "Tasks_CreateTaskCollection": {"value": [{"status": "success", "taskId": "t"}]},
}


def smallest(model: type[Model]) -> dict[str, Any]:
    """The smallest body that has all that is required."""
    rules, types = field_rules(model), field_types(model)
    names = dict(zip(model.__struct_fields__, model.__struct_encode_fields__, strict=True))
    return {
        names[name]: smallest_value(types[name]) for name, rule in rules.items() if rule.required and not rule.read_only
    }


def smallest_value(kind: Any) -> Any:
    """A value of a type."""
    if typing.get_origin(kind) is list:
        return []
    if isinstance(kind, UnionType):
        kind = next(each for each in typing.get_args(kind) if each is not NoneType)
    if issubclass(kind, Model):
        return smallest(kind)
    if issubclass(kind, Enum):
        return next(iter(kind)).value
    return {str: "x", int: 1, bool: True, timedelta: "PT1H", datetime: "2024-07-01T12:00:00Z"}[kind]


def arguments_of(row: op.Operation[Any]) -> tuple[list[Any], dict[str, Any], str]:
    """Positional arguments, options, and the path they make."""
    values = {name: name if name in IDS else f"{name} ü" for name in row.parameters}
    if "filePath" in values:
        values["filePath"] = "wd/a b/100%#ü?.txt"
    path = row.path
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    body = [smallest(row.body)] if row.body else []
    return [*values.values(), *body], {name: OPTIONS[name] for name in row.takes}, path


async def outcome_of(called: Any) -> Any:
    """The value of a call, or the pages of a listing."""
    if isinstance(called, FileStream):
        async with called as stream:
            return await stream.read()
    return [page async for page in called.by_page()] if isinstance(called, Pages) else await called


@pytest.mark.parametrize("id", OPERATIONS)
async def test_what_a_method_sends_and_gives(server: Server, client: BatchClient, id: str) -> None:
    row, said = OPERATIONS[id], DIGEST[id]
    empty: Any = {"value": [{}, {}]} if row.items else {} if row.answer else b"content" if said.answer else b""
    content = ANSWERS.get(id, empty)
    server.say(answer(row.success[0], content, ETag='"9"'))
    positional, options, path = arguments_of(row)
    found = await outcome_of(resource_method(client, id)(*positional, **options))
    (heard,) = server.heard
    assert (heard.method, heard.path) == (said.method, path)
    assert heard.query == {"api-version": DEFAULT} | {name: SENT[name] for name in said.query}
    assert {name: heard.headers[name.lower()] for name in said.conditions} == {
        name: SENT[name] for name in said.conditions
    }
    assert {name: heard.headers[name] for name in said.headers} == {name: SENT[name] for name in said.headers}
    assert not {name for name in heard.headers if name.startswith("if-")} - {name.lower() for name in said.conditions}
    assert heard.headers["client-request-id"] == OPTIONS["client_request_id"]
    assert heard.headers["authorization"] == signature_of(heard)
    if row.body:
        assert heard.json == positional[-1]
        assert heard.headers["content-type"] == "application/json; odata=minimalmetadata"
    else:
        assert heard.body == b""
        assert "content-type" not in heard.headers
    if row.items:
        assert found == [Page(items=[row.items(), row.items()])]
    elif row.answer:
        assert isinstance(found, row.answer)
    elif row.file:
        assert found == (
            b"content" if row.method == "GET" else FileInfo(content_length=0, e_tag='"9"', request_id="request-1")
        )
    elif 404 in row.success:
        assert found is True
    else:
        assert isinstance(found, Receipt)
        assert (found.status, found.e_tag) == (row.success[0], '"9"')


@pytest.mark.parametrize("id", [row.id for row in OPERATIONS.values() if row.body])
async def test_a_method_takes_its_model(server: Server, client: BatchClient, id: str) -> None:
    row = OPERATIONS[id]
    assert row.body is not None
    server.otherwise = answer(row.success[0], ANSWERS.get(id, {} if row.answer else b""))
    positional, _, _ = arguments_of(row)
    method = resource_method(client, id)
    await method(*positional)
    await method(*positional[:-1], msgspec.convert(positional[-1], row.body))
    first, second = server.heard
    assert first.json == second.json


@pytest.mark.parametrize("id", OPERATIONS)
async def test_a_method_raises_for_everything_else(server: Server, client: BatchClient, id: str) -> None:
    told = b"" if OPERATIONS[id].method == "HEAD" else {"code": "Teapot", "message": {"value": "No."}}
    server.say(answer(418, told), answer(299))
    positional, _, _ = arguments_of(OPERATIONS[id])
    for _ in range(2):
        with pytest.raises(HttpResponseError, match=f"^{id}: "):
            await outcome_of(resource_method(client, id)(*positional))


async def test_a_real_answer(server: Server, client: BatchClient) -> None:
    examples = Path(__file__).parent / "data" / "examples"
    example: Mapping[str, Any] = json.loads((examples / "Jobs_GetJobTaskCounts.json").read_text())
    server.say(answer(200, example["responses"]["200"]["body"]))
    counts = await client.jobs.get_task_counts("j")
    assert counts.task_counts is not None
    assert counts.task_counts.active == example["responses"]["200"]["body"]["taskCounts"]["active"]
    assert isinstance(counts, models.TaskCountsResult)


@pytest.mark.parametrize("id", [row.id for row in OPERATIONS.values() if 404 in row.success])
async def test_whether_something_exists(server: Server, client: BatchClient, id: str) -> None:
    exists = resource_method(client, id)
    server.say(answer(200), answer(404))
    assert [await exists("a-b"), await exists("a-b")] == [True, False]
    for status in (400, 403, 412):
        server.say(answer(status))
        with pytest.raises(HttpResponseError, match=f"^{id}: {status} "):
            await exists("a-b")


@pytest.mark.parametrize("id", [row.id for row in OPERATIONS.values() if row.body and not DIGEST[row.id].body_required])
async def test_a_body_that_need_not_be_is_not(server: Server, client: BatchClient, id: str) -> None:
    row = OPERATIONS[id]
    server.otherwise = answer(row.success[0])
    positional, _, _ = arguments_of(row)
    await resource_method(client, id)(*positional[:-1])
    (heard,) = server.heard
    assert heard.body == b""
    assert "content-type" not in heard.headers
    assert heard.headers["authorization"] == signature_of(heard)


@pytest.mark.parametrize("id", [row.id for row in OPERATIONS.values() if row.method == "PATCH"])
async def test_a_patch_holds_what_was_given_alone(server: Server, client: BatchClient, id: str) -> None:
    row = OPERATIONS[id]
    assert row.body is not None
    server.otherwise = answer(row.success[0])
    positional, _, _ = arguments_of(row)
    await resource_method(client, id)(*positional[:-1], row.body())
    await resource_method(client, id)(*positional[:-1], {"metadata": []})
    first, second = server.heard
    assert (first.json, second.json) == ({}, {"metadata": []})


async def test_certificate_references_are_sent_where_they_are_required(server: Server, client: BatchClient) -> None:
    server.otherwise = answer(204)
    nothing: list[Any] = []
    for given in (
        {"applicationPackageReferences": nothing, "metadata": nothing},
        {"applicationPackageReferences": nothing, "metadata": nothing, "certificateReferences": None},
        models.PoolUpdatePropertiesParameter(application_package_references=[], metadata=[]),
    ):
        await client.pools.replace_properties("p", given)
    wanted: dict[str, Any] = {"applicationPackageReferences": [], "metadata": [], "certificateReferences": []}
    assert [heard.json for heard in server.heard] == [wanted] * 3
    reference = {"thumbprint": "ab", "thumbprintAlgorithm": "sha1"}
    await client.pools.replace_properties("p", wanted | {"certificateReferences": [reference]})
    assert server.heard[-1].json["certificateReferences"] == [reference]


async def test_the_parentheses_of_a_certificate_stay(server: Server, client: BatchClient) -> None:
    server.say(answer(200, {}))
    await client.certificates.get("sha1", "a)/b")
    (heard,) = server.heard
    assert heard.path.endswith("(thumbprintAlgorithm=sha1,thumbprint=a%29%2Fb)")
    assert heard.headers["authorization"] == signature_of(heard)


async def test_a_listing_without_page_sizes_takes_a_limit(server: Server, client: BatchClient) -> None:
    server.say(answer(200, {"value": [{"id": 1}, {"id": 2}]}))
    assert [each.id async for each in client.tasks.list_subtasks("j", "t", limit=1)] == [1]
    assert "maxresults" not in server.heard[0].query


@pytest.mark.parametrize("name", ["upgradingOS", "upgradingOs", "upgradingos"])
async def test_node_counts_in_every_spelling_of_the_service(server: Server, client: BatchClient, name: str) -> None:
    server.say(answer(200, {"value": [{"poolId": "p", "dedicated": {name: 2, "idle": 1}}]}))
    (counts,) = [counts async for counts in client.pools.list_node_counts()]
    assert counts.dedicated is not None
    assert (counts.dedicated.upgrading_os, counts.dedicated.idle) == (2, 1)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_a_status_that_only_an_example_has(server: Server, client: BatchClient, status: int) -> None:
    server.say(answer(status), answer(status, b"<html>Sign in to the network</html>"))
    assert (await client.pools.update("p", {"startTask": {"commandLine": "x"}})).status == status
    if status in (200, 204):
        return
    with pytest.raises(HttpResponseError, match="the API does not promise this status"):
        await client.pools.update("p", {"startTask": {"commandLine": "x"}})
