"""What breaks the rules is refused by name before anything is sent, whichever method it is given to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from typing import Any

import pytest
from session.driving import connect
from session.server import Server
from test_operations import DIGEST, arguments_of, outcome_of, resource_method

from batchio import BatchClient, ConfigurationError, EncodeError
from batchio.models.base import Rule, field_rules
from batchio.service.operations import OPERATIONS

BODIES = {id: row.body for id, row in OPERATIONS.items() if row.body is not None}


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A server that ought to hear nothing."""
    async with Server() as server:
        yield server
        assert not server.heard


@pytest.fixture
async def client(server: Server) -> AsyncIterator[BatchClient]:
    async with connect(server) as client:
        yield client


def call(client: BatchClient, id: str, *, body: Any = None, **arguments: Any) -> Awaitable[Any]:
    """A call of an operation with a body or path arguments that are not as they should be."""
    row = OPERATIONS[id]
    given = dict(zip(row.parameters, arguments_of(row)[0], strict=False)) | arguments
    positional = [*given.values(), *([body] if row.body else [])]
    return outcome_of(resource_method(client, id)(*positional))


def smallest(id: str) -> dict[str, Any]:
    """The smallest body of an operation that is right."""
    body: dict[str, Any] = arguments_of(OPERATIONS[id])[0][-1]
    return body


NO_RULE = Rule()
IDS = {id: field_rules(model).get("id", NO_RULE) for id, model in BODIES.items()}
RULED = [id for id, rule in IDS.items() if rule.pattern and not rule.read_only]
BAD_IDS = {
    "empty": "",
    "a slash": "a/b",
    "65 characters": "x" * 65,
    "other letters": "gr\u00f6\u00dfe",
    "digits of elsewhere": "\u0661",
    "a space": "a b",
    "a dot": "a.b",
    "a line": "a\n",
    "a zero": "a\x00",
    "a number": 5,
}
each_bad_id = pytest.mark.parametrize("bad", BAD_IDS.values(), ids=BAD_IDS)


def test_ids_that_follow_rules() -> None:
    assert RULED == ["Jobs_CreateJob", "Tasks_CreateTask", "JobSchedules_CreateJobSchedule", "Pools_CreatePool"]


@each_bad_id
@pytest.mark.parametrize("id", RULED)
async def test_an_id_that_breaks_the_rules(client: BatchClient, id: str, bad: Any) -> None:
    with pytest.raises(EncodeError, match=r"^id: ") as caught:
        await call(client, id, body={**smallest(id), "id": bad})
    assert caught.value.path == "id"


@each_bad_id
async def test_an_id_that_breaks_the_rules_within(client: BatchClient, bad: Any) -> None:
    with pytest.raises(EncodeError) as caught:
        await call(client, "Tasks_CreateTaskCollection", body={"value": [{"id": "t", "commandLine": "c"}, {"id": bad}]})
    assert caught.value.path == "value[1].id"
    for name in ("jobManagerTask", "jobPreparationTask", "jobReleaseTask"):
        special = {name: {"id": bad, "commandLine": "c"}}
        with pytest.raises(EncodeError) as caught:
            await call(client, "Jobs_CreateJob", body={**smallest("Jobs_CreateJob"), **special})
        assert caught.value.path == f"{name}.id"
        with pytest.raises(EncodeError) as caught:
            await call(
                client, "JobSchedules_ReplaceJobSchedule", body={"jobSpecification": {"poolInfo": {}, **special}}
            )
        assert caught.value.path == f"jobSpecification.{name}.id"


# The client sees to this one itself.
FILLED_IN = ("Pools_ReplacePoolProperties", "certificateReferences")
REQUIRED = [
    (id, name) for id in BODIES if OPERATIONS[id].method != "PATCH" for name in smallest(id) if (id, name) != FILLED_IN
]


@pytest.mark.parametrize("nothing", ["absent", "null"])
@pytest.mark.parametrize(("id", "name"), REQUIRED)
async def test_what_is_required_and_missing(client: BatchClient, id: str, name: str, nothing: str) -> None:
    body = {key: value for key, value in smallest(id).items() if key != name} | (
        {} if nothing == "absent" else {name: None}
    )
    with pytest.raises(EncodeError, match=f"^{name}: is required by {BODIES[id].__name__}$") as caught:
        await call(client, id, body=body)
    assert caught.value.path == name


@pytest.mark.parametrize("id", BODIES)
async def test_a_property_that_nobody_knows(client: BatchClient, id: str) -> None:
    with pytest.raises(EncodeError, match=r"^brandNew: ") as caught:
        await call(client, id, body={**smallest(id), "brandNew": None})
    assert caught.value.path == "brandNew"


@pytest.mark.parametrize("wrong", [[], "{}", b"{}", 5, object()], ids=lambda wrong: type(wrong).__name__)
@pytest.mark.parametrize("id", BODIES)
async def test_what_is_no_body(client: BatchClient, id: str, wrong: Any) -> None:
    with pytest.raises(EncodeError, match=f"expected {BODIES[id].__name__} or a mapping"):
        await call(client, id, body=wrong)


@pytest.mark.parametrize("id", [id for id in BODIES if DIGEST[id].body_required])
async def test_a_body_that_is_none(id: str) -> None:
    async with Server() as server, connect(server) as client:
        with pytest.raises(EncodeError, match=BODIES[id].__name__):
            await call(client, id, body=None)


PARAMETERS = [(id, name) for id, row in OPERATIONS.items() for name in row.parameters]


@pytest.mark.parametrize("wrong", ["", ".", "..", "\udc80", 5, None, b"x"], ids=ascii)
@pytest.mark.parametrize(("id", "name"), PARAMETERS)
async def test_what_cannot_stand_in_a_path(client: BatchClient, id: str, name: str, wrong: Any) -> None:
    body = smallest(id) if id in BODIES else None
    with pytest.raises(ConfigurationError, match=f"^{name}: "):
        await call(client, id, body=body, **{name: wrong})
