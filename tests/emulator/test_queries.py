from __future__ import annotations

import tracemalloc

import pytest

from batchio.emulator import queries

from .wire import Wire

GUID = "9c4d50ee-2d56-4cd3-8152-34347dc9f2b0"


async def test_api_version_is_needed(wire: Wire) -> None:
    reply = await wire.call("GET", "/jobs", version=None)
    assert (reply.status, reply.code) == (400, "MissingRequiredQueryParameter")
    assert reply.values["QueryParameterName"] == "api-version"


async def test_api_version_must_be_known(wire: Wire) -> None:
    reply = await wire.call("GET", "/jobs", version="2014-01-01.1.0")
    assert (reply.status, reply.code) == (400, "UnsupportedRequestVersion")
    assert reply.values["QueryParameterValue"] == "2014-01-01.1.0"


@pytest.mark.parametrize("version", ["2019-08-01.10.0", "2024-07-01.20.0", "2025-06-01"])
async def test_each_known_version_is_taken(wire: Wire, version: str) -> None:
    assert (await wire.call("GET", "/jobs", version=version)).status == 200


async def test_names_in_any_letter_case(wire: Wire) -> None:
    query = {"API-Version": "2024-07-01.20.0", "TIMEOUT": "30", "MaxResults": "1", "$FILTER": "state eq 'active'"}
    assert (await wire.call("GET", "/jobs", query=query, version=None)).status == 200


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"maxresults": "0"}, "OutOfRangeQueryParameterValue"),
        ({"maxresults": "1001"}, "OutOfRangeQueryParameterValue"),
        ({"maxresults": "-1"}, "OutOfRangeQueryParameterValue"),
        ({"maxresults": "ten"}, "InvalidQueryParameterValue"),
        ({"maxresults": ""}, "InvalidQueryParameterValue"),
        ({"maxresults": "9" * 40}, "InvalidQueryParameterValue"),
        ({"maxresults": "\u0663"}, "InvalidQueryParameterValue"),
        ({"timeOut": "0"}, "OutOfRangeQueryParameterValue"),
        ({"timeOut": "soon"}, "InvalidQueryParameterValue"),
        ({"$select": "id,nonsense"}, "InvalidQueryParameterValue"),
        ({"$expand": "tasks"}, "InvalidQueryParameterValue"),
        ({"$filter": "nonsense"}, "InvalidQueryParameterValue"),
        ({"$skiptoken": "nonsense"}, "InvalidQueryParameterValue"),
        ({"$skiptoken": "dGFza3N8MQ=="}, "InvalidQueryParameterValue"),
        ({"$top": "3"}, "UnsupportedQueryParameter"),
        ({"maxresults": "1", "MAXRESULTS": "2"}, "InvalidQueryParameterValue"),
    ],
)
async def test_refused(wire: Wire, query: dict[str, str], code: str) -> None:
    reply = await wire.call("GET", "/jobs", query=query)
    assert (reply.status, reply.code) == (400, code)
    assert reply.values["QueryParameterName"].lower() in {name.lower() for name in query}
    assert reply.values["Reason"]


async def test_select_and_expand(wire: Wire) -> None:
    await wire.job("one", priority=5)
    assert (await wire.get("/jobs/one", _select="id, priority,stats", _expand="stats")).json.keys() == {
        "odata.metadata",
        "id",
        "priority",
        "stats",
    }
    assert (await wire.get("/jobs", _select="state")).items == [{"state": "active"}]
    assert "poolInfo" in (await wire.get("/jobs", _select="*")).items[0]


async def test_client_request_id_comes_back_when_asked_for(wire: Wire) -> None:
    asked = {"client-request-id": GUID, "return-client-request-id": "true"}
    assert (await wire.call("GET", "/jobs", headers=asked)).headers["client-request-id"] == GUID
    assert (await wire.call("GET", "/nothing", headers=asked)).headers["client-request-id"] == GUID
    silent = await wire.call("GET", "/jobs", headers={"client-request-id": GUID})
    assert "client-request-id" not in silent.headers
    assert len({(await wire.get("/jobs")).headers["request-id"] for _ in range(3)}) == 3


@pytest.mark.parametrize("given", ["{" + GUID + "}", "abc", GUID[:-1] + "g"])
async def test_client_request_id_is_a_guid(wire: Wire, given: str) -> None:
    reply = await wire.call("GET", "/jobs", headers={"client-request-id": given})
    assert (reply.status, reply.code) == (400, "InvalidHeaderValue")


def test_very_long_queries_are_not_kept_in_memory() -> None:
    def held() -> int:
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = held()
        for number in range(50):
            assert len(queries.query_pairs(f"n={number}&{'a=b&' * 2000}")) == 2001
        assert held() - before < 2_000_000
    finally:
        tracemalloc.stop()
