"""SharedKey against vectors that were worked out by hand.

The strings were written down from `service.md`, "Signing"; the signatures were made with openssl:
`openssl dgst -sha256 -mac HMAC -macopt hexkey:$(printf 'the key of all tests' | xxd -p) -binary | base64`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchio import BatchClient, ConfigurationError, SharedKeyCredential
from batchio.resources.jobs import Jobs
from batchio.session.auth import HttpDate, Signer, canonical_resource, string_to_sign

from .driving import ACCOUNT, KEY, Clock, opened, signature_of
from .server import Server, answer

DATE = "Tue, 14 Nov 2023 22:13:20 GMT"
JSON = "application/json; odata=minimalmetadata"
VERSION = {"api-version": "2024-07-01.20.0"}


class Vector(msgspec.Struct, frozen=True, kw_only=True):
    """A request, what is signed of it, and the signature."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    length: int
    text: str
    signature: str


VECTORS = {
    "a read: decoded values, names of either case in the order of lower case": Vector(
        method="GET",
        path="/jobs",
        query={
            "timeOut": "30",
            "maxresults": "10",
            "$select": "id,state",
            "$filter": "state eq 'it''s'",
            **VERSION,
        },
        headers={"ocp-date": DATE, "accept": "application/json", "client-request-id": "1"},
        length=0,
        text=(
            "GET\n\n\n\n\n\n\n\n\n\n\n\n"
            "ocp-date:Tue, 14 Nov 2023 22:13:20 GMT\n"
            "/acme/jobs\n"
            "$filter:state eq 'it''s'\n"
            "$select:id,state\n"
            "api-version:2024-07-01.20.0\n"
            "maxresults:10\n"
            "timeout:30"
        ),
        signature="1rtygtFNeXEkdKvqkCs0Gg9Fyy/bmfoWk3R58/YUamI=",
    ),
    "a POST with a body": Vector(
        method="POST",
        path="/jobs",
        query=VERSION,
        headers={"content-type": JSON, "ocp-date": DATE},
        length=27,
        text=(
            "POST\n\n\n27\n\napplication/json; odata=minimalmetadata\n\n\n\n\n\n\n"
            "ocp-date:Tue, 14 Nov 2023 22:13:20 GMT\n/acme/jobs\napi-version:2024-07-01.20.0"
        ),
        signature="DUbxCAnTUyZTz50nm9f703erkrw2jUO3wlsP4ll4p7s=",
    ),
    "a POST without a body: the length is 0, the type is empty, the path as escaped": Vector(
        method="POST",
        path="/pools/p%201/stopresize",
        query=VERSION,
        headers={"ocp-date": DATE},
        length=0,
        text=(
            "POST\n\n\n0\n\n\n\n\n\n\n\n\n"
            "ocp-date:Tue, 14 Nov 2023 22:13:20 GMT\n/acme/pools/p%201/stopresize\napi-version:2024-07-01.20.0"
        ),
        signature="3qZQODmO7tmf5JOcqNkNsZhDOKpD30jsRECtbbpaQ0o=",
    ),
    "conditions; a date beside ocp-date is left out": Vector(
        method="DELETE",
        path="/jobs/j",
        query=VERSION,
        headers={
            "if-match": '"0x8D1"',
            "if-none-match": '"0x8D2"',
            "if-modified-since": "Tue, 14 Nov 2023 22:00:00 GMT",
            "if-unmodified-since": "Tue, 14 Nov 2023 23:00:00 GMT",
            "ocp-date": DATE,
            "date": "Tue, 14 Nov 2023 22:00:01 GMT",
        },
        length=0,
        text=(
            "DELETE\n\n\n0\n\n\n\n"
            "Tue, 14 Nov 2023 22:00:00 GMT\n"
            '"0x8D1"\n"0x8D2"\n'
            "Tue, 14 Nov 2023 23:00:00 GMT\n\n"
            "ocp-date:Tue, 14 Nov 2023 22:13:20 GMT\n/acme/jobs/j\napi-version:2024-07-01.20.0"
        ),
        signature="YzDx1vDWCg67YI7yU8nzGmy7du5QbNDjF6zVAlAx/uI=",
    ),
    # A hyphen sorts before a colon: sorting whole lines would put ocp-range-next first.
    "several ocp headers, by name": Vector(
        method="GET",
        path="/jobs/j",
        query=VERSION,
        headers={"ocp-range-next": "x", "ocp-range": "bytes=0-99", "ocp-date": DATE},
        length=0,
        text=(
            "GET\n\n\n\n\n\n\n\n\n\n\n\n"
            "ocp-date:Tue, 14 Nov 2023 22:13:20 GMT\nocp-range:bytes=0-99\nocp-range-next:x\n"
            "/acme/jobs/j\napi-version:2024-07-01.20.0"
        ),
        signature="a10WOV1Ol+kJWaGeqjDfwL89ys8bM5npOxNdllVyJ40=",
    ),
}


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_vectors(vector: Vector) -> None:
    resource = canonical_resource(vector.path, vector.query)
    assert string_to_sign(vector.method, ACCOUNT, resource, vector.headers, vector.length) == vector.text
    signer = Signer(ACCOUNT, b"the key of all tests")
    signed = signer.sign(vector.method, resource, vector.headers, vector.length)
    assert signed == f"SharedKey acme:{vector.signature}"


def test_a_date_is_signed_where_there_is_no_ocp_date() -> None:
    assert string_to_sign("GET", "a", "/x", {"date": DATE}, 0).split("\n")[6] == DATE


def test_every_signed_header_has_its_line() -> None:
    names = ["content-encoding", "content-language", "content-md5", "content-type", "date", "if-modified-since"]
    names += ["if-match", "if-none-match", "if-unmodified-since", "range"]
    headers = {name: f"<{name}>" for name in [*names, "accept"]}
    lines = [f"<{name}>" for name in names]
    text = "\n".join(["PUT", *lines[:2], "7", *lines[2:], "/a/x"])
    assert string_to_sign("PUT", "a", "/x", headers, 7) == text


def test_head_has_no_length() -> None:
    assert string_to_sign("HEAD", "a", "/x", {}, 0) == "HEAD\n\n\n\n\n\n\n\n\n\n\n\n/a/x"


async def test_a_session_signs_as_the_vector_says(server: Server) -> None:
    server.say(answer(200, {"value": []}))
    async with opened(server) as session:
        options: Any = {
            "filter": "state eq 'it''s'",
            "select": ["id", "state"],
            "page_size": 10,
            "server_timeout": 30,
        }
        async for _ in Jobs(session).list(**options):
            pass
    heard = server.heard[0]
    assert heard.headers["authorization"] == "SharedKey acme:1rtygtFNeXEkdKvqkCs0Gg9Fyy/bmfoWk3R58/YUamI="
    assert "$filter=state%20eq%20%27it%27%27s%27" in heard.target


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_aiohttp_adds_nothing_to_what_was_signed(server: Server, client: BatchClient, method: str) -> None:
    server.say(answer(202))
    await client.request(method, "/x")
    (heard,) = server.heard
    assert "content-type" not in heard.headers
    assert heard.headers["content-length"] == "0"
    assert heard.headers["authorization"] == signature_of(heard)


async def test_what_travels_is_what_was_signed(server: Server, client: BatchClient) -> None:
    server.say(answer(201), answer(200, {"id": "j"}), answer(202), answer(200, {"id": "t"}))
    await client.request("POST", "/größe", json={"text": "ä"}, query={"B": "2 & 3", "a": "ü=%"})
    await client.jobs.get("j", select="id", if_none_match='"x"', if_modified_since=datetime(2023, 11, 14, tzinfo=UTC))
    await client.jobs.delete("j", force=True, if_match="*")
    await client.tasks.get("j", "t", expand="stats")
    assert [heard.headers["authorization"] for heard in server.heard] == [signature_of(h) for h in server.heard]
    assert [heard.headers["ocp-date"][-3:] for heard in server.heard] == ["GMT"] * 4
    assert all(heard.headers["return-client-request-id"] == "true" for heard in server.heard)
    assert len({heard.headers["client-request-id"] for heard in server.heard}) == 4
    assert server.heard[0].headers["content-type"] == JSON


def test_the_date_is_worked_out_once_a_second() -> None:
    date = HttpDate()
    first = date.at(1_700_000_000.0)
    assert first == DATE
    assert date.at(1_700_000_000.999) is first
    assert date.at(1_700_000_001.0) == "Tue, 14 Nov 2023 22:13:21 GMT"
    assert date.at(1_700_000_000.0) == DATE
    assert HttpDate().at(1.0) == "Thu, 01 Jan 1970 00:00:01 GMT"


async def test_each_request_says_its_own_date(server: Server, clock: Clock) -> None:
    server.say(answer(200, {"id": "j"}), answer(200, {"id": "j"}))
    async with opened(server, clock=clock) as session:
        await Jobs(session).get("j")
        clock.now += 61
        await Jobs(session).get("j")
    assert [heard.headers["ocp-date"] for heard in server.heard] == [DATE, "Tue, 14 Nov 2023 22:14:21 GMT"]


@given(
    headers=st.dictionaries(st.sampled_from(["ocp-a", "ocp-b", "ocp-a-b", "accept", "x"]), st.text(max_size=3)),
    query=st.dictionaries(st.sampled_from(["A", "b", "C-d", "$e"]), st.text(max_size=3)),
)
def test_the_order_of_arguments_does_not_count(headers: dict[str, str], query: dict[str, str]) -> None:
    def signed(headers: dict[str, str], query: dict[str, str]) -> str:
        return string_to_sign("GET", "a", canonical_resource("/x", query), headers, 0)

    assert signed(headers, query) == signed(dict(reversed(list(headers.items()))), dict(reversed(list(query.items()))))


@pytest.mark.parametrize(
    ("account", "key"),
    [("", KEY), ("a", ""), ("a", "k-k-k"), ("a", "ü"), ("a\nb", KEY), ("a", None), (None, KEY), ("ä", KEY)],
)
def test_a_bad_key_is_refused_and_not_shown(account: Any, key: Any) -> None:
    with pytest.raises(ConfigurationError, match="credential: ") as caught:
        SharedKeyCredential(account, key)
    if key:
        assert key not in str(caught.value)


def test_a_signer_shows_no_key() -> None:
    assert repr(Signer("acme", b"secret")) == "Signer('acme')"
