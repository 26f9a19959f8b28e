"""Every example of the service, replayed: its parameters become a call, its answer a value.

What is sent must be what the example sends, and every field of the answer must be readable and survive a round trip.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from session.driving import connect, signature_of
from session.server import Server, answer
from test_operations import DIGEST, OPERATIONS, outcome_of, resource_method

from batchio import FileInfo, Receipt, VersionError, to_wire
from batchio.models.base import Model
from batchio.service.operations import Operation
from batchio.service.options import WIRE
from batchio.service.versions import DEFAULT

EXAMPLES: dict[str, Any] = {
    path.stem: json.loads(path.read_text("utf-8"))
    for path in sorted((Path(__file__).parent / "data" / "examples").glob("*.json"))
}
BY_WIRE = {wire.name.lower(): name for name, wire in WIRE.items()}
# What stands among the parameters and is none of the operation's.
BESIDE = {"batchurl", "api-version", "ocp-date", "ocp-data"}


# Written for a draft of 2025-06-01, from which these operations and fields went before it came out.
AHEAD = {
    "Certificates_DeleteCertificate": "Certificates_DeleteCertificate",
    "Certificates_ListCertificates": "Certificates_ListCertificates",
    "Pools_CreatePool_ResourceTags": "resourceTags",
    "Pools_CreatePool_VirtualMachineConfigurationWithExtensions": "targetNodeCommunicationMode",
}


def version_of(name: str) -> str:
    """The api-version that an example was written for, or the default where that one does not have what it shows."""
    version: str = EXAMPLES[name]["parameters"]["api-version"]
    return DEFAULT if name in AHEAD else version.replace("2025-06-01.21.0", "2025-06-01")


def call_of(row: Operation[Any], example: Any) -> tuple[list[Any], dict[str, Any]]:
    """Positional arguments and options that an example stands for."""
    given: dict[str, Any] = dict(example["parameters"])
    positional = [given.pop(name) for name in row.parameters]
    positional += [given.pop(name) for name in list(given) if isinstance(given[name], dict)]
    options = {BY_WIRE[name.lower()]: value for name, value in given.items() if name.lower() not in BESIDE}
    return positional, options


def answer_of(example: Any) -> tuple[int, Any, dict[str, Any]]:
    """Status, body and headers of the first answer."""
    status, said = next(iter(example["responses"].items()))
    headers = {**said, **said.get("headers", {})}
    headers.pop("headers", None)
    return int(status), headers.pop("body", b""), headers


def plain(value: Any) -> Any:
    """A value of JSON with what may be written in several ways written in one: times, durations, numbers, enums."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items() if each is not None and not name.startswith("odata.")}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    if not isinstance(value, str) or re.fullmatch(r"-?\d+(\.\d+)?", value):
        return str(float(value))
    for kind in (datetime, timedelta):
        try:
            # The seventh digit of a fraction, which Python has not, is rounded.
            return str(msgspec.convert(value, kind))
        except msgspec.ValidationError:
            continue
    return value.lower()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with Server() as server:
        yield server


def test_the_examples_are_there() -> None:
    assert len(EXAMPLES) == 54


@pytest.mark.parametrize("name", EXAMPLES)
async def test_what_an_example_sends(server: Server, name: str) -> None:
    example = EXAMPLES[name]
    row, said = OPERATIONS[example["operationId"]], DIGEST[example["operationId"]]
    positional, options = call_of(row, example)
    status, content, _ = answer_of(example)
    server.say(answer(status, b"content" if row.file and row.method == "GET" else content))
    async with connect(server, api_version=version_of(name)) as client:
        await outcome_of(resource_method(client, row.id)(*positional, **options))
    (heard,) = server.heard
    path = said.path
    for parameter in row.parameters:
        path = path.replace(f"{{{parameter}}}", quote(example["parameters"][parameter], safe=""))
    assert (heard.method, heard.path) == (said.method, path)
    queries = {wire: example["parameters"][wire] for wire in said.query if wire in example["parameters"]}
    assert heard.query == {"api-version": version_of(name)} | {
        wire: str(value).lower() if isinstance(value, bool) else str(value) for wire, value in queries.items()
    }
    if "client-request-id" in example["parameters"]:
        assert heard.headers["client-request-id"] == example["parameters"]["client-request-id"]
    assert parsedate_to_datetime(heard.headers["ocp-date"])
    assert heard.headers["authorization"] == signature_of(heard)
    if row.body:
        assert heard.json == positional[-1]
        assert heard.headers["content-type"] == "application/json; odata=minimalmetadata"
    else:
        assert heard.body == b""


@pytest.mark.parametrize("name", EXAMPLES)
async def test_what_an_example_answers(server: Server, name: str) -> None:
    example = EXAMPLES[name]
    row = OPERATIONS[example["operationId"]]
    positional, options = call_of(row, example)
    status, content, headers = answer_of(example)
    if row.file:
        headers.pop("Content-Length")
    sent = b"content" if row.file and row.method == "GET" else b"" if row.file else content
    server.say(answer(status, sent, **{name.replace("-", "_"): value for name, value in headers.items()}))
    async with connect(server, api_version=version_of(name)) as client:
        found = await outcome_of(resource_method(client, row.id)(*positional, **options))
    if row.items:
        items = [to_wire(item) for page in found for item in page.items]
        assert plain(items) == plain(content)["value"]
    elif row.answer:
        assert isinstance(found, Model)
        assert plain(to_wire(found)) == plain(content)
        again: Model = msgspec.json.decode(msgspec.json.encode(to_wire(found)), type=row.answer, strict=False)
        assert again == found
    elif isinstance(found, FileInfo):
        assert found.creation_time == parsedate_to_datetime(headers["ocp-creation-time"])
        assert found.last_modified == parsedate_to_datetime(headers["Last-Modified"])
        assert (found.is_directory, found.content_type) == (False, headers["Content-Type"])
    elif row.file:
        assert found == b"content"
    else:
        assert isinstance(found, Receipt)
        assert found.status == status
        assert found.e_tag == headers.get("ETag")


@pytest.mark.parametrize(("name", "missing"), AHEAD.items())
async def test_an_example_of_a_draft_is_refused_in_the_version_that_came_of_it(
    server: Server, name: str, missing: str
) -> None:
    positional, options = call_of(OPERATIONS[EXAMPLES[name]["operationId"]], EXAMPLES[name])
    async with connect(server, api_version="2025-06-01") as client:
        with pytest.raises(VersionError, match=rf"^{missing}: not in api-version 2025-06-01; .* to 2024-07-01.20.0"):
            await outcome_of(resource_method(client, EXAMPLES[name]["operationId"])(*positional, **options))
    assert server.heard == []
