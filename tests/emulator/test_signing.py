from __future__ import annotations

import asyncio
import base64
import email.utils
import json
from datetime import timedelta
from typing import Literal

import aiohttp
import pytest
from multidict import CIMultiDict

from batchio.emulator import DEVELOPMENT_KEY, Emulator
from batchio.emulator.authentication import JOB_CLAIM

from .wire import JSON, VERSION, Wire, signature

OTHER_KEY = base64.b64encode(b"another key").decode()


def token(**claims: object) -> str:
    parts = [{"alg": "none"}, claims]
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."


def seconds(emulator: Emulator) -> float:
    return emulator.clock.now().timestamp()


async def test_right_signature_comes_in(wire: Wire) -> None:
    assert (await wire.get("/jobs")).status == 200
    assert (await wire.job()).status == 201
    assert (await wire.get("/jobs/job", maxresults="5")).code == "UnsupportedQueryParameter"
    assert (await wire.get("/jobs", _filter="id eq 'a b' or id eq '%+ü'", maxresults="5")).status == 200


async def test_date_header_stands_in_for_ocp_date(wire: Wire, emulator: Emulator) -> None:
    url = f"{emulator.endpoint}/jobs?api-version={VERSION}"
    headers = {"Date": email.utils.format_datetime(emulator.clock.now(), usegmt=True)}
    headers["Authorization"] = signature(DEVELOPMENT_KEY, "batchdev", "GET", url, headers)
    assert (await wire.raw("GET", url, None, headers)).status == 200


async def test_wrong_key_is_told_the_string_to_sign(wire: Wire) -> None:
    wire.key = OTHER_KEY
    reply = await wire.call("POST", "/jobs", {"id": "a"}, query={"timeOut": "30"})
    assert reply.status == 403
    assert reply.code == "AuthenticationFailed"
    detail = reply.values["AuthenticationErrorDetail"]
    assert f"'POST\n\n\n11\n\n{JSON}\n" in detail
    assert f"ocp-date:Mon, 01 Jul 2024 12:00:00 GMT\n/batchdev/jobs\napi-version:{VERSION}\ntimeout:30'" in detail
    assert DEVELOPMENT_KEY not in reply.body.decode()


@pytest.mark.parametrize("change", ["query", "path", "method", "header"])
async def test_what_was_signed_cannot_be_changed(wire: Wire, emulator: Emulator, change: str) -> None:
    url = f"{emulator.endpoint}/jobs?api-version={VERSION}"
    headers = {"ocp-date": email.utils.format_datetime(emulator.clock.now(), usegmt=True)}
    headers["Authorization"] = signature(DEVELOPMENT_KEY, "batchdev", "GET", url, headers)
    assert (await wire.raw("GET", url, None, headers)).status == 200
    method = "DELETE" if change == "method" else "GET"
    url = {"query": url + "&maxresults=1", "path": url.replace("/jobs?", "/pools?")}.get(change, url)
    headers |= {"If-Match": "x"} if change == "header" else {}
    assert (await wire.raw(method, url, None, headers)).status == 403


@pytest.mark.parametrize("signed", ["0", ""])
async def test_a_delete_without_a_length(wire: Wire, emulator: Emulator, signed: str) -> None:
    # Node's client sends no length with it, and signs none; others sign 0.
    await wire.job()
    url = f"{emulator.endpoint}/jobs/job?api-version={VERSION}"
    headers = {"ocp-date": email.utils.format_datetime(emulator.clock.now(), usegmt=True)}
    measured = {**headers, "Content-Length": signed}
    headers["Authorization"] = signature(DEVELOPMENT_KEY, "batchdev", "DELETE", url, measured)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(emulator.endpoint.rpartition(":")[2]))
    lines = [f"DELETE /jobs/job?api-version={VERSION} HTTP/1.1", "Host: localhost", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    assert (await reader.readline()).split()[1] == b"202"
    writer.close()
    await writer.wait_closed()


async def test_replayed_late_is_refused(wire: Wire, emulator: Emulator) -> None:
    url = f"{emulator.endpoint}/jobs?api-version={VERSION}"
    headers = {"ocp-date": email.utils.format_datetime(emulator.clock.now(), usegmt=True)}
    headers["Authorization"] = signature(DEVELOPMENT_KEY, "batchdev", "GET", url, headers)
    emulator.clock.advance(15 * 60 - 1)
    assert (await wire.raw("GET", url, None, headers)).status == 200
    emulator.clock.advance(2)
    reply = await wire.raw("GET", url, None, headers)
    assert (reply.status, reply.code) == (403, "AuthenticationFailed")
    assert "901 seconds behind" in reply.values["AuthenticationErrorDetail"]
    assert reply.headers["Date"] == "Mon, 01 Jul 2024 12:15:01 GMT"


@pytest.mark.parametrize("forged", [0, 1])
async def test_replayed_late_with_a_second_date_is_refused(wire: Wire, emulator: Emulator, forged: int) -> None:
    """What is looked at is what was signed."""
    url = f"{emulator.endpoint}/jobs?api-version={VERSION}"
    old = email.utils.format_datetime(emulator.clock.now(), usegmt=True)
    sent = CIMultiDict({"Authorization": signature(DEVELOPMENT_KEY, "batchdev", "GET", url, {"ocp-date": old})})
    emulator.clock.advance(3600)
    dates = [old]
    dates.insert(forged, email.utils.format_datetime(emulator.clock.now(), usegmt=True))
    for date in dates:
        sent.add("ocp-date", date)
    reply = await wire.raw("GET", url, None, sent)
    assert (reply.status, reply.code) == (403, "AuthenticationFailed")


async def test_date_from_the_future_is_refused(wire: Wire, emulator: Emulator) -> None:
    ahead = email.utils.format_datetime(emulator.clock.now() + timedelta(hours=1), usegmt=True)
    reply = await wire.call("GET", "/jobs", headers={"ocp-date": ahead})
    assert reply.status == 403
    assert "ahead" in reply.values["AuthenticationErrorDetail"]


@pytest.mark.parametrize("date", ["yesterday", "Mon, 99 Jul 2024 12:00:00 GMT", "2024-07-01T12:00:00Z"])
async def test_date_that_is_none_is_refused(wire: Wire, date: str) -> None:
    reply = await wire.call("GET", "/jobs", headers={"ocp-date": date})
    assert (reply.status, reply.code) == (403, "AuthenticationFailed")


async def test_no_date_is_refused(wire: Wire, emulator: Emulator) -> None:
    url = f"{emulator.endpoint}/jobs?api-version={VERSION}"
    headers = {"Authorization": signature(DEVELOPMENT_KEY, "batchdev", "GET", url, {})}
    assert (await wire.raw("GET", url, None, headers)).status == 403


async def test_nothing_to_show_is_401(wire: Wire, emulator: Emulator) -> None:
    reply = await wire.raw("GET", f"{emulator.endpoint}/jobs?api-version={VERSION}", None, {})
    assert (reply.status, reply.code) == (401, "AuthenticationFailed")
    assert "Bearer" in reply.headers["WWW-Authenticate"]


@pytest.mark.parametrize("header", ["Basic abc", "SharedKey", "SharedKey batchdev", "SharedKey :x", "nonsense"])
async def test_malformed_authorization_is_400(wire: Wire, header: str) -> None:
    reply = await wire.call("GET", "/jobs", headers={"Authorization": header})
    assert (reply.status, reply.code) == (400, "InvalidAuthenticationInfo")


async def test_other_account_is_refused(wire: Wire) -> None:
    wire.account = "somebody"
    assert (await wire.get("/jobs")).status == 403


async def test_bearer_needs_audience_and_life(wire: Wire, emulator: Emulator) -> None:
    now = seconds(emulator)
    good = {"aud": "https://batch.core.windows.net/", "exp": now + 60}
    cases = {
        token(**good): 200,
        token(**good, nbf=now + 30): 401,
        token(**good | {"aud": "https://management.core.windows.net/"}): 401,
        token(**good | {"exp": now - 1}): 401,
        token(**good | {"exp": "tomorrow"}): 401,
        token(aud="https://batch.core.windows.net/"): 401,
        "garbage": 401,
        "a.!!!.b": 401,
        "": 400,
    }
    for bearer, status in cases.items():
        reply = await wire.call("GET", "/jobs", headers={"Authorization": f"Bearer {bearer}".strip()})
        # Without a token there is nothing but the word.
        assert reply.status == (401 if not bearer else status), bearer
        if reply.status == 401:
            assert "Bearer" in reply.headers["WWW-Authenticate"]


@pytest.mark.parametrize("auth", ["strict", "loose"])
async def test_the_token_of_a_task_is_good_for_its_job_only(auth: Literal["strict", "loose"]) -> None:
    async with Emulator(auth=auth) as emulator, aiohttp.ClientSession() as session:
        wire = Wire(emulator, session)
        for id in ("own", "other"):
            assert (await wire.job(id)).status == 201
        await wire.add("own", "t")
        claims = {"aud": "https://batch.core.windows.net/", "exp": seconds(emulator) + 60, JOB_CLAIM: "own"}
        headers = {"Authorization": f"Bearer {token(**claims)}"}
        for method, path in [
            ("GET", "/jobs/OWN"),
            ("GET", "/jobs/own/tasks/t"),
            ("DELETE", "/jobs/own/tasks/t"),
            ("PATCH", "/jobs/own"),
        ]:
            body = {"priority": 1} if method == "PATCH" else None
            assert (await wire.call(method, path, body, headers=headers)).status == 200, path
        for method, path in [
            ("GET", "/jobs/other"),
            ("GET", "/jobs/other/tasks"),
            ("DELETE", "/jobs/other"),
            ("POST", "/jobs"),
            ("GET", "/jobs"),
            ("GET", "/pools"),
            ("GET", "/jobschedules/own"),
            ("GET", "/nothing"),
        ]:
            reply = await wire.call(method, path, {} if method == "POST" else None, headers=headers)
            assert (reply.status, reply.code) == (403, "InsufficientAccountPermissions"), path
            assert "'own'" in reply.values["AuthenticationErrorDetail"]
        assert (await wire.get("/jobs")).ids == ["own", "other"]


async def test_loose_takes_any_token_but_no_wrong_signature() -> None:
    async with Emulator(auth="loose") as emulator, aiohttp.ClientSession() as session:
        wire = Wire(emulator, session)
        assert (await wire.call("GET", "/jobs", headers={"Authorization": "Bearer anything"})).status == 200
        wire.key = OTHER_KEY
        assert (await wire.get("/jobs")).status == 403


async def test_own_account_and_key() -> None:
    async with Emulator(account="mine", key=OTHER_KEY) as emulator, aiohttp.ClientSession() as session:
        wire = Wire(emulator, session)
        assert (await wire.get("/jobs")).status == 403
        wire.account, wire.key = "mine", OTHER_KEY
        assert (await wire.get("/jobs")).status == 200
        assert emulator.credential.account == "mine"
        assert OTHER_KEY not in repr(emulator)


async def test_no_secret_in_the_log(wire: Wire, emulator: Emulator) -> None:
    await wire.call("GET", "/jobs", headers={"Authorization": f"Bearer {token(aud='x')}"})
    assert token(aud="x") not in repr(list(emulator.requests))
