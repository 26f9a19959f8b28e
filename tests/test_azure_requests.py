"""Each operation called by azure-batch, Microsoft's own client, and by ours: what both put on the wire is the same.

Law: whatever differs stands in `ALLOWED`, with the reason.
"""

from __future__ import annotations

import json
import re
import sys
import typing
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Any, NamedTuple
from urllib.parse import unquote

import msgspec
import pytest
from hypothesis import strategies as st
from inventing.models import Shape, models_of
from inventing.trials import holds, tried
from scripted import ScriptedService
from scripted import connect as connect_scripted
from session.driving import ACCOUNT, KEY, connect, signature_of
from session.server import Heard, Reply, Server, answer
from test_examples import EXAMPLES, answer_of, plain
from test_operations import ANSWERS, DIGEST, OPERATIONS, arguments_of, outcome_of, resource_method, snake
from test_operations import OPTIONS as EVERY_OPTION

from batchio import BatchClient, HttpResponseError, from_wire, to_wire
from batchio.models import PoolUpdatePropertiesParameter, TaskAddParameter
from batchio.models.base import Model, OpenEnum, Rule, field_rules, field_types
from batchio.service.operations import Operation
from batchio.session.codec import decode

azure: Any = pytest.importorskip("azure.batch")
aio: Any = pytest.importorskip("azure.batch.aio")
models: Any = pytest.importorskip("azure.batch.models")
core: Any = pytest.importorskip("azure.core")
credentials: Any = pytest.importorskip("azure.core.credentials")
exceptions: Any = pytest.importorskip("azure.core.exceptions")

pytestmark = [
    # Its ways with dates are its own business.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.skipif(not azure.__version__.startswith("15.1."), reason="15.1 is the azure-batch of 2025-06-01"),
]

VERSION = "2025-06-01"
SHARED = [id for id in OPERATIONS if DIGEST[id].in_2025_06_01]
CONDITIONAL = [id for id in SHARED if "if_match" in OPERATIONS[id].takes]
OPTIONS: dict[str, Any] = EVERY_OPTION | {
    "start_time": datetime(2024, 7, 1, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2))),
    "if_modified_since": datetime(2023, 11, 14, 22, 13, 20, 999_999, tzinfo=timezone(timedelta(hours=-7))),
    "filter": "startswith(id, 'a''b & c+d/e%') and state eq 'active'",
    "expand": ["stats"],
}


# What may differ.


class Allowed(NamedTuple):
    """A difference at places that match `place`, where `holds` of their value and ours; `reason` in a sentence."""

    place: str
    holds: Callable[[Any, Any], bool]
    reason: str


def _is_same_span(theirs: str, ours: str) -> bool:
    return msgspec.convert(theirs, timedelta) == msgspec.convert(ours, timedelta)


def _is_same_moment(theirs: str, ours: str) -> bool:
    return msgspec.convert(theirs, datetime) == msgspec.convert(ours, datetime)


def _is_only_ours(theirs: Any, ours: Any) -> bool:
    return theirs is None and ours is not None


ALLOWED = (
    Allowed("method path", lambda t, o: unquote(t) == unquote(o), "they leave some characters as they are"),
    Allowed("header accept", lambda t, o: (t, o) == ("*/*", "application/json"), "errors are JSON, whatever else is"),
    Allowed("header return-client-request-id", lambda t, o: (t, o) == (None, "true"), "they do not want it back"),
    Allowed("query endtime", _is_same_moment, "they write three fraction digits at least"),
    Allowed("body .*(Interval|Time|Timeout|Window|Batches)", _is_same_span, "one duration has several spellings"),
    Allowed(
        r"body .*extensions\.(settings|protectedSettings)\..*",
        lambda t, o: t == str(o),
        "the settings of an extension are strings to them; the service takes any JSON",
    ),
    Allowed("body .*authenticationTokenSettings", _is_only_ours, "gone from 15.1.0, not from its betas"),
    Allowed(r"body .*dataDisks\.storageAccountType", _is_only_ours, "gone from 15.1.0, not from its betas"),
    Allowed(r"body .*managedDisk\.securityProfile\.diskEncryptionSet", _is_only_ours, "only an example has it"),
)
# Each client's own: it signs, dates and names itself, and JSON can be written with spaces.
OWN_HEADERS = {
    *("authorization", "ocp-date", "client-request-id", "content-length"),
    *("user-agent", "host", "connection", "accept-encoding"),
}


def differences(theirs: Heard, ours: Heard) -> dict[str, tuple[Any, Any]]:
    """Place -> their value and ours, for all that is not allowed to differ."""
    return {
        place: (left, right)
        for place, left, right in _compare("", _parts(theirs), _parts(ours))
        if not any(re.fullmatch(each.place, place) and _holds(each, left, right) for each in ALLOWED)
    }


def _holds(allowed: Allowed, theirs: Any, ours: Any) -> bool:
    try:
        return allowed.holds(theirs, ours)
    except (msgspec.ValidationError, TypeError):
        return False


def _parts(heard: Heard) -> dict[str, Any]:
    return (
        {"method path": f"{heard.method} {heard.path}", "body": json.loads(heard.body) if heard.body else None}
        | {f"query {name}": value for name, value in heard.query.items()}
        | {f"header {name}": value for name, value in heard.headers.items() if name not in OWN_HEADERS}
    )


def _compare(place: str, theirs: Any, ours: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for name in theirs.keys() | ours.keys():
            inner = f"{place}{' ' if place == 'body' else '.' if place else ''}{name}"
            yield from _compare(inner, theirs.get(name), ours.get(name))
    elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        for left, right in zip(theirs, ours, strict=True):
            yield from _compare(place, left, right)
    elif theirs != ours or type(theirs) is not type(ours):
        yield place, theirs, ours


# Bodies: one of each field.


def whole(model: type[Model]) -> dict[str, Any]:
    """A body with every field that the api-version has and that is not read-only."""
    types = field_types(model)
    return {wire: whole_value(types[name], rule) for wire, (name, rule) in live_fields(model, "request").items()}


def live_fields(model: type[Model], use: str) -> dict[str, tuple[str, Rule]]:
    """Wire name -> attribute and rule of the fields that the api-version has, in a request or an answer."""
    names = dict(zip(model.__struct_fields__, model.__struct_encode_fields__, strict=True))
    return {
        names[name]: (name, rule)
        for name, rule in field_rules(model).items()
        if not (rule.until and rule.until < VERSION) and not (rule.read_only and use == "request")
    }


def whole_value(hint: Any, rule: Rule) -> Any:
    """A value of a type, within the bounds of its rule."""
    kind = without_none(hint)
    if typing.get_origin(kind) is list:
        return [whole_value(typing.get_args(kind)[0], Rule())]
    if typing.get_origin(kind) is dict:
        return {"k 1": whole_value(typing.get_args(kind)[1], Rule())}
    if isinstance(kind, type) and issubclass(kind, Model):
        return whole(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return list(kind)[-1].value
    return {
        str: "name-1" if rule.pattern else 'aü€😀 <1> & "2" \\ \n'[: rule.max_length],
        int: rule.le if isinstance(rule.le, int) else 2,
        bool: False,
        float: 0.5,
        timedelta: "PT14M3.5S" if rule.le == timedelta(minutes=15) else "P1DT1H" if rule.ge else "P1DT2H3M4.5S",
        datetime: "2024-07-01T12:00:00.123456Z",
        Any: {"deep": [1, "b", None]},
    }[kind]


def without_none(hint: Any) -> Any:
    """The first type of a union that is not None, or the type itself."""
    if typing.get_origin(hint) in (UnionType, typing.Union):
        return next(each for each in typing.get_args(hint) if each is not NoneType)
    return hint


# Their side.

NAMES = {
    "Tasks_GetTaskFile": "download_task_file",
    "Nodes_GetNodeFile": "download_node_file",
    "Tasks_ListSubTasks": "list_subtasks",
}
TheirModel: Any = models.BatchJob.__mro__[1]
"""The base of all models of theirs."""


def their_method(client: Any, id: str) -> Callable[..., Any]:
    """Their method of an operation; `begin_` where they poll afterwards."""
    name = NAMES.get(id) or snake(id.split("_")[1])
    method: Callable[..., Any] = getattr(client, f"begin_{name}", None) or getattr(client, name)
    return method


def their_types(method: Any) -> dict[str, Any]:
    """The types of a method's arguments and of what it gives."""
    hints = typing.get_type_hints(method, vars(models) | vars(sys.modules[method.__module__]))
    return {name: innermost(hint) for name, hint in hints.items()}


def innermost(hint: Any) -> Any:
    """The item of a list of whatever, or the type itself; of a union the last that is a class of theirs."""
    while typing.get_origin(hint) is not None:
        arms = [each for each in typing.get_args(hint) if each is not NoneType and each is not str]
        hint = arms[-1] if arms else str
    return hint


def their_body(id: str, client: Any, body: dict[str, Any]) -> Any:
    """A body as their class of it, its attributes set to Python's values, so that they are written by them."""
    row = OPERATIONS[id]
    types = list(their_types(their_method(client, id)).values())
    return rebuilt(types[len(row.parameters)](body))


def rebuilt(value: Any) -> Any:
    """A model of theirs made anew from the values of its attributes."""
    if isinstance(value, TheirModel):
        attributes = their_fields(type(value))
        given = {name: rebuilt(getattr(value, name)) for wire, name in attributes.items() if wire in value}
        return type(value)(**given)
    return [rebuilt(each) for each in value] if isinstance(value, list) else value


def their_fields(model: Any, use: str = "answer") -> dict[str, str]:
    """Wire name -> attribute of a model of theirs."""
    fields: dict[str, Any] = model({})._attr_to_rest_field
    return {
        field._rest_name: name
        for name, field in fields.items()
        if not (use == "request" and field._visibility == ["read"])
    }


def their_options(options: dict[str, Any]) -> dict[str, Any]:
    """Our options under their names."""
    names = {"server_timeout": "service_timeout", "page_size": "max_results"}
    theirs = {names.get(name, name): value for name, value in options.items()}
    if theirs.pop("start", None) is not None:
        theirs["ocp_range"] = f"bytes={options['start']}-{theirs.pop('end') - 1}"
    conditions = {"if_match": core.MatchConditions.IfNotModified, "if_none_match": core.MatchConditions.IfModified}
    for name, condition in conditions.items():
        if name in theirs:
            theirs |= {"etag": theirs.pop(name), "match_condition": condition}
    return theirs


async def their_outcome(called: Any) -> Any:
    """What their call gives: all items of a listing, all bytes of a file."""
    if hasattr(called, "by_page"):
        return [item async for item in called]
    value = await called
    return b"".join([piece async for piece in value]) if hasattr(value, "__anext__") else value


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with Server() as server:
        yield server


@pytest.fixture
async def ours(server: Server) -> AsyncIterator[BatchClient]:
    async with connect(server, api_version=VERSION) as client:
        yield client


@pytest.fixture
async def theirs(server: Server) -> AsyncIterator[Any]:
    credential = credentials.AzureNamedKeyCredential(ACCOUNT, KEY)
    async with aio.BatchClient(server.endpoint, credential, retry_total=0) as client:
        yield client


# One request each.


def reply_to(row: Operation[Any]) -> Reply:
    """The smallest answer that both clients take."""
    if row.file and row.method == "GET":
        return answer(200, b"content", Content_Type="application/octet-stream")
    empty: Any = {"value": []} if row.items else {"id": "x"} if row.answer else b""
    return answer(row.success[0], ANSWERS.get(row.id, empty), Content_Type="application/json")


async def both(id: str, server: Server, theirs: Any, ours: BatchClient, left_out: str) -> tuple[Heard, Heard]:
    """Their request and ours for one call, with the options and the body of it."""
    row = OPERATIONS[id]
    server.otherwise = reply_to(row)
    parameters = arguments_of(row)[0][: len(row.parameters)]
    options = {
        name: OPTIONS[name]
        for name in row.takes - {"timeout", "client_request_id", "limit", "prefetch", left_out}
        # Their method sends it and fails behind that.
        if (id, name) != ("JobSchedules_DeleteJobSchedule", "force")
    }
    body = whole(row.body) if row.body else {}
    their_arguments = [*parameters, *([their_body(id, theirs, body)] if row.body else [])]
    await their_outcome(their_method(theirs, id)(*their_arguments, **their_options(options)))
    our_arguments = [*parameters, *([msgspec.convert(body, row.body, strict=False)] if row.body else [])]
    await outcome_of(resource_method(ours, id)(*our_arguments, **options))
    left, right = server.heard
    return left, right


def test_there_are_72() -> None:
    assert len(SHARED) == 72
    assert len(CONDITIONAL) == 28


@pytest.mark.parametrize("id", SHARED)
async def test_a_request_is_as_theirs(id: str, server: Server, theirs: Any, ours: BatchClient) -> None:
    their_request, our_request = await both(id, server, theirs, ours, left_out="if_none_match")
    assert not differences(their_request, our_request)
    for heard in (their_request, our_request):
        assert abs(parsedate_to_datetime(heard.headers["ocp-date"]) - datetime.now(UTC)) < timedelta(minutes=1)
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", heard.headers["client-request-id"])
    assert our_request.headers["authorization"] == signature_of(our_request)


@pytest.mark.parametrize("id", CONDITIONAL)
async def test_a_condition_is_as_theirs(id: str, server: Server, theirs: Any, ours: BatchClient) -> None:
    their_request, our_request = await both(id, server, theirs, ours, left_out="if_match")
    assert not differences(their_request, our_request)
    assert our_request.headers["if-none-match"] == OPTIONS["if_none_match"]


# Their methods fail without a body that need not be.
@pytest.mark.parametrize("id", [id for id in SHARED if not OPERATIONS[id].body or DIGEST[id].body_required])
async def test_the_least_request_is_as_theirs(id: str, server: Server, theirs: Any, ours: BatchClient) -> None:
    row = OPERATIONS[id]
    server.otherwise = reply_to(row)
    arguments = arguments_of(row)[0]
    parameters, body = arguments[: len(row.parameters)], arguments[len(row.parameters) :]
    await their_outcome(their_method(theirs, id)(*parameters, *(their_body(id, theirs, each) for each in body)))
    await outcome_of(resource_method(ours, id)(*parameters, *body))
    their_request, our_request = server.heard
    assert not differences(their_request, our_request)
    assert set(our_request.query) == {"api-version"}
    for heard in (their_request, our_request):
        # With `timeOut` or `startTime` theirs is another one: they sign the names of a query as they stand.
        assert heard.headers["authorization"] == signature_of(heard)


# Their objects as our bodies.


@pytest.mark.parametrize("id", [id for id in SHARED if OPERATIONS[id].body])
async def test_their_object_is_a_body(id: str, server: Server, theirs: Any, ours: BatchClient) -> None:
    """As it is, and as the model that `from_wire` makes of it."""
    row = OPERATIONS[id]
    assert row.body is not None
    server.otherwise = reply_to(row)
    parameters = arguments_of(row)[0][: len(row.parameters)]
    body = their_body(id, theirs, whole(row.body))
    await their_outcome(their_method(theirs, id)(*parameters, body))
    for given in (body, body.as_dict(), from_wire(row.body, body), from_wire(row.body, body.as_dict())):
        await outcome_of(resource_method(ours, id)(*parameters, given))
        assert not differences(server.heard[0], server.heard[-1])
    assert len(server.heard) == 5


async def test_their_tasks_are_input(service: ScriptedService) -> None:
    body = models.BatchTaskCreateOptions(whole(TaskAddParameter))
    tasks = [models.BatchTaskCreateOptions({**body.as_dict(), "id": f"t{n}"}) for n in range(150)]
    for task in tasks:
        # What was changed after it was made is there, too.
        task.environment_settings.append(models.EnvironmentSetting(name="LATE", value="1"))
    async with connect_scripted(service, api_version=VERSION) as client:
        report = await client.tasks.submit(service.job, tasks)
    assert report.added == 150, report
    sent = {task["id"]: task for record in service.history for task in record.tasks}
    assert [sent[f"t{n}"] for n in range(150)] == [task.as_dict() for task in tasks]
    assert sent["t7"]["environmentSettings"][-1] == {"name": "LATE", "value": "1"}


def answers_of(id: str) -> Iterator[Any]:
    """What the examples of an operation are answered."""
    for example in EXAMPLES.values():
        if example["operationId"] == id:
            _, content, _ = answer_of(example)
            yield from content["value"] if OPERATIONS[id].items else [content] if OPERATIONS[id].answer else []


@pytest.mark.parametrize("id", [id for id in SHARED if any(answers_of(id))])
def test_their_answer_is_a_model(id: str) -> None:
    row = OPERATIONS[id]
    kind = row.items or row.answer
    assert kind is not None
    theirs = their_types(their_method(aio.BatchClient, id))["return"]
    for item in answers_of(id):
        given = theirs(item)
        meant = decode(msgspec.json.encode(item), kind)
        assert from_wire(kind, given) == from_wire(kind, given.as_dict()) == meant


# What both know of.


def known(use: str) -> Iterator[tuple[type[Model], Any]]:
    """Each model of ours that stands in a request or an answer, with theirs."""
    client = aio.BatchClient("https://acme.batch.azure.com", credentials.AzureNamedKeyCredential(ACCOUNT, KEY))
    seen: set[Any] = set()
    for row in (OPERATIONS[id] for id in SHARED):
        types = their_types(their_method(client, row.id))
        if use == "request" and row.body:
            yield from pairs(row.body, list(types.values())[len(row.parameters)], use, seen)
        if use == "answer" and (row.items or row.answer):
            yield from pairs(row.items or row.answer, types["return"], use, seen)


def pairs(ours: Any, theirs: Any, use: str, seen: set[Any]) -> Iterator[tuple[type[Model], Any]]:
    """A model of ours with theirs, and what they hold."""
    if (ours, theirs) in seen:
        return
    seen.add((ours, theirs))
    yield ours, theirs
    for left, right in shared_fields(ours, theirs, use):
        if isinstance(left, type) and issubclass(left, Model):
            yield from pairs(left, right, use, seen)


def shared_fields(ours: type[Model], theirs: Any, use: str) -> Iterator[tuple[Any, Any]]:
    """The innermost types of each field that both have."""
    live, types, fields = live_fields(ours, use), field_types(ours), their_fields(theirs, use)
    hints: dict[str, Any] = {}
    for each in reversed(theirs.__mro__):
        if issubclass(each, TheirModel):
            hints |= typing.get_type_hints(each, vars(models) | {"_models": models})
    for wire in live.keys() & fields.keys():
        yield innermost(types[live[wire][0]]), innermost(hints[fields[wire]])


def no_time(value: Any) -> Any:
    """A value of JSON with a duration of nothing as it should be, and whatever else is "P"."""
    if isinstance(value, dict):
        return {name: no_time(each) for name, each in value.items()}
    return [no_time(each) for each in value] if isinstance(value, list) else "PT0S" if value == "P" else value


async def test_a_duration_of_nothing(server: Server, ours: BatchClient) -> None:
    constraints = models.BatchTaskConstraints(retention_time=timedelta(0))
    task = models.BatchTaskCreateOptions(id="t", command_line="x", constraints=constraints)
    assert task.as_dict()["constraints"] == {"retentionTime": "P"}
    server.otherwise = answer(201)
    for given in (task, from_wire(TaskAddParameter, task)):
        await ours.tasks.create("job", given)
        assert server.heard[-1].json["constraints"] == {"retentionTime": "PT0S"}


@pytest.mark.parametrize("use", ["request", "answer"])
@tried(5)
def test_any_object_of_theirs_is_a_model(use: str, examples: int) -> None:
    """Whatever it holds: unknown words of enums, lists in lists, times, what JSON has at will."""
    count = 0

    def check(drawn: tuple[type[Model], Any, Model]) -> None:
        nonlocal count
        kind, theirs, value = drawn
        wire = to_wire(value)
        given = theirs(wire)
        assert from_wire(kind, given) == value
        assert from_wire(kind, given.as_dict()) == value
        # Made of values of Python.
        made = rebuilt(given)
        found = no_time(to_wire(from_wire(kind, made)))
        if kind is PoolUpdatePropertiesParameter:
            # Required before 2025-06-01, and empty where nobody gives it.
            found.pop("certificateReferences")
        assert plain(found) == plain(no_time(made.as_dict()))
        count += 1

    for ours, theirs in known(use):
        value = models_of(ours, Shape(version=VERSION))
        holds(check, st.tuples(st.just(ours), st.just(theirs), value), examples)
    assert count > 200


ONLY_OURS = {
    # Gone from 15.1.0, but not from its betas for the same api-version.
    *(("CloudTask", "authenticationTokenSettings"), ("TaskAddParameter", "authenticationTokenSettings")),
    *(("JobManagerTask", "authenticationTokenSettings"), ("DataDisk", "storageAccountType")),
    ("VMDiskSecurityProfile", "diskEncryptionSet"),
}


@pytest.mark.parametrize("use", ["request", "answer"])
def test_models_have_the_same_fields(use: str) -> None:
    different: set[tuple[str, str]] = set()
    count = 0
    for ours, theirs in known(use):
        count += 1
        names = live_fields(ours, use).keys() ^ their_fields(theirs, use).keys()
        different |= {(ours.__name__, name) for name in names}
    assert count > 50
    assert different <= ONLY_OURS


@pytest.mark.parametrize("use", ["request", "answer"])
def test_enums_have_the_same_values(use: str) -> None:
    count = 0
    for our_model, their_model in known(use):
        for ours, theirs in shared_fields(our_model, their_model, use):
            if isinstance(ours, type) and issubclass(ours, OpenEnum) and issubclass(theirs, Enum):
                count += 1
                # `confidentialVM` has lost its capitals in this version.
                assert {each.value.lower() for each in ours} == {str(each.value).lower() for each in theirs}
    assert count > 20


# Files and errors.

FILE = {
    "Content_Type": "text/plain",
    "Last_Modified": "Fri, 17 Feb 2017 00:00:01 GMT",
    "ocp_creation_time": "Fri, 17 Feb 2017 00:00:00 GMT",
    "ocp_batch_file_isdirectory": "False",
    "ocp_batch_file_url": "https://acme.batch.azure.com/jobs/j/tasks/t/files/wd%2Fa",
    "ocp_batch_file_mode": "0o100644",
}
FILES = [("tasks", "task", "j", "t"), ("nodes", "node", "p", "n")]


@pytest.mark.parametrize(("resource", "kind", "holder", "owner"), FILES)
async def test_a_file_is_read_as_theirs(
    server: Server, theirs: Any, ours: BatchClient, resource: str, kind: str, holder: str, owner: str
) -> None:
    server.otherwise = answer(200, bytes(range(256)) * 4096, **FILE)
    pieces = await getattr(theirs, f"download_{kind}_file")(holder, owner, "wd/a", ocp_range="bytes=3-")
    content = b"".join([piece async for piece in pieces])
    async with getattr(ours, resource).get_file(holder, owner, "wd/a", start=3) as stream:
        assert await stream.read() == content == bytes(range(256)) * 4096
    their_request, our_request = server.heard
    assert not differences(their_request, our_request)
    assert our_request.headers["ocp-range"] == "bytes=3-"


@pytest.mark.parametrize(("resource", "kind", "holder", "owner"), FILES)
async def test_the_properties_of_a_file_are_theirs(
    server: Server, theirs: Any, ours: BatchClient, resource: str, kind: str, holder: str, owner: str
) -> None:
    server.otherwise = answer(200, **FILE)
    left = await getattr(theirs, f"get_{kind}_file_properties")(holder, owner, "wd/a")
    right = await getattr(ours, resource).get_file_properties(holder, owner, "wd/a")
    for name in ("url", "content_length", "creation_time", "last_modified", "file_mode"):
        assert getattr(right, name) == getattr(left, name)
    # Theirs leaves these out, or as text.
    assert (right.is_directory, right.content_type) == (False, "text/plain")


@pytest.mark.parametrize(
    ("status", "code", "condition"),
    [
        (400, "InvalidPropertyValue", None),
        (401, "AuthenticationFailed", None),
        (403, "AccountIsDisabled", None),
        (404, "JobNotFound", None),
        (409, "JobExists", None),
        (409, "JobBeingDeleted", None),
        (412, "ConditionNotMet", '"1"'),
        (413, "RequestBodyTooLarge", None),
        (429, "TooManyRequests", None),
        (500, "InternalError", None),
        (503, "ServerBusy", None),
    ],
)
async def test_an_error_says_what_theirs_says(
    server: Server, theirs: Any, ours: BatchClient, status: int, code: str, condition: str | None
) -> None:
    said = {
        "odata.metadata": "https://acme.batch.azure.com/$metadata#Microsoft.Azure.Batch.Protocol.Entities.Container",
        "code": code,
        "message": {"lang": "en-US", "value": "No.\nRequestId:request-1\nTime:2024-07-01T12:00:00.1234567Z"},
        "values": [{"key": "PropertyName", "value": "id"}, {"key": "Reason", "value": "Because."}],
    }
    server.otherwise = answer(status, said, Content_Type="application/json", Retry_After="0")
    match = {} if condition is None else {"if_match": condition}
    with pytest.raises(exceptions.HttpResponseError) as left:
        await theirs.get_job("j", **their_options(match))
    with pytest.raises(HttpResponseError) as right:
        await ours.jobs.get("j", if_match=condition) if condition else await ours.jobs.get("j")
    model = left.value.model
    assert right.value.status == left.value.status_code == status
    assert right.value.code == model.code == code
    assert model.message.value.startswith(f"{right.value.message}\nRequestId:{right.value.request_id}\n")
    assert right.value.values == {each["key"]: each["value"] for each in model["values"]}
    assert right.value.request_id == left.value.response.headers["request-id"]
    assert right.value.retry_after == float(left.value.response.headers["Retry-After"])
    assert code in str(right.value)
    assert code in str(left.value)


async def test_an_error_without_a_body_says_what_theirs_says(server: Server, theirs: Any, ours: BatchClient) -> None:
    server.otherwise = answer(404)
    with pytest.raises(exceptions.ResourceNotFoundError):
        await theirs.get_task_file_properties("j", "t", "f")
    with pytest.raises(HttpResponseError) as ours_said:
        await ours.tasks.get_file_properties("j", "t", "f")
    assert (ours_said.value.status, ours_said.value.request_id) == (404, "request-1")
