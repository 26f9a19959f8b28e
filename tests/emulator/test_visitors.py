"""Pages in a browser can reach what listens on this machine; they must not come in, whatever they sign with."""

from __future__ import annotations

import aiohttp
import pytest

from batchio.emulator import Emulator

from .wire import Wire

PAGES = {
    "another site": {"Origin": "https://evil.example"},
    "a page that hides where it is from": {"Origin": "null"},
    # A name that its owner points to this machine once the page has been loaded: no browser sees another origin.
    "a name that points here": {"Host": "evil.example:10000"},
    "that name with its last dot": {"Host": "EVIL.example."},
    "a name that looks like a number": {"Host": "127.0.0.1.evil.example"},
    "a name that ends like ours": {"Host": "evil-localhost.example"},
}


@pytest.mark.parametrize("page", PAGES)
async def test_a_page_does_not_come_in(wire: Wire, page: str) -> None:
    """It knows the published key, and signs as everybody can."""
    pages = PAGES[page]
    made = await wire.call("POST", "/jobs", {"id": "job", "poolInfo": {"poolId": "pool"}}, headers=pages)
    assert (made.status, made.code) == (403, "InsufficientAccountPermissions")
    assert made.values["Reason"]
    assert (await wire.call("GET", "/jobs", headers=pages)).status == 403
    for method, name in (("GET", "requests"), ("GET", "health"), ("POST", "reset")):
        told = await wire.raw(method, f"{wire.emulator.endpoint}/_emulator/{name}", None, pages)
        assert (told.status, told.code) == (403, "InsufficientAccountPermissions")
    assert (await wire.get("/jobs")).items == []


async def test_a_page_is_told_nothing_before_it_asks(wire: Wire) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    reply = await wire.raw("OPTIONS", f"{wire.emulator.endpoint}/jobs", None, asked)
    assert reply.status in (401, 403)
    assert not [name for name in reply.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize(
    "name",
    [
        *("localhost", "LOCALHOST.:1", "127.0.0.1", "127.0.0.1:10000", "[::1]:10000", "10.1.2.3", "emulator:10000"),
        *("batchdev.westeurope.batch.localhost", "host.docker.internal", "batch.ci.svc.cluster.local", "batch.test"),
    ],
)
async def test_names_that_nobody_else_can_own_come_in(wire: Wire, name: str) -> None:
    assert (await wire.call("GET", "/jobs", headers={"Host": name})).status == 200


async def test_beyond_loopback_any_name_may_be_ours() -> None:
    with pytest.warns(UserWarning, match="beyond this machine's loopback"):
        emulator = Emulator(host="0.0.0.0")  # noqa: S104 - that is what is asked for
    async with emulator, aiohttp.ClientSession() as session:
        wire = Wire(emulator, session)
        assert (await wire.call("GET", "/jobs", headers={"Host": "batch.corp.example"})).status == 200
        page = {"Host": "batch.corp.example", "Origin": "http://batch.corp.example"}
        assert (await wire.call("GET", "/jobs", headers=page)).status == 403
