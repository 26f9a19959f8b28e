"""The emulator over https: its certificate, whom it convinces, and what is left of it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path

import aiohttp
import pytest

from batchio import BatchClient, ConnectError, ConnectionLostError, RetryPolicy
from batchio.emulator import Emulator, FaultRule
from batchio.emulator.https import Certificate
from batchio.errors import ConfigurationError

ROOT = Path(__file__).parent.parent.parent
ONCE = RetryPolicy(attempts=1)


@contextlib.asynccontextmanager
async def client_of(emulator: Emulator, endpoint: str | None = None) -> AsyncGenerator[BatchClient]:
    """A client that trusts this emulator and nobody else, as strictly as Python can."""
    context = ssl.create_default_context(cafile=emulator.certificate)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session,
        BatchClient(endpoint or emulator.endpoint, emulator.credential, session=session, retry=ONCE) as client,
    ):
        yield client


async def test_a_client_that_trusts_the_certificate() -> None:
    async with Emulator(https=True) as emulator, client_of(emulator) as client:
        assert emulator.endpoint.startswith("https://127.0.0.1:")
        await client.jobs.create({"id": "j", "poolInfo": {"poolId": "p"}})
        await client.tasks.submit("j", [{"id": f"t{n}", "commandLine": "true"} for n in range(250)])
        # The second page is behind a link, which must lead to https again.
        assert len([task async for task in client.tasks.list("j", page_size=200)]) == 250
        job = await client.jobs.get("j")
        assert job.url is not None
        assert job.url.startswith(f"{emulator.endpoint}/")


async def test_the_names_it_stands_for() -> None:
    async with (
        Emulator(https=True) as emulator,
        client_of(emulator, emulator.endpoint.replace("127.0.0.1", "localhost")) as client,
    ):
        assert [job async for job in client.jobs.list()] == []
    async with Emulator(https=True, host="127.0.0.2") as emulator, client_of(emulator) as client:
        assert "127.0.0.2" in emulator.endpoint
        assert [job async for job in client.jobs.list()] == []


async def test_it_stands_for_version_6_of_ip() -> None:
    emulator = Emulator(https=True, host="::1")
    try:
        await emulator.start()
    except ConfigurationError:
        pytest.skip("there is no ::1 here")
    try:
        async with client_of(emulator) as client:
            assert [job async for job in client.jobs.list()] == []
    finally:
        await emulator.stop()


async def test_who_does_not_trust_it_is_told_so() -> None:
    async with Emulator(https=True) as emulator:
        async with BatchClient(emulator.endpoint, emulator.credential, retry=ONCE) as client:
            with pytest.raises(ConnectError, match="certificate"):
                await client.jobs.get("j")
        plain = emulator.endpoint.replace("https", "http")
        async with BatchClient(plain, emulator.credential, retry=ONCE) as client:
            with pytest.raises(ConnectionLostError):
                await client.jobs.get("j")
        # Each emulator has a certificate of its own.
        async with Emulator(https=True) as other, client_of(emulator, other.endpoint) as client:
            with pytest.raises(ConnectError, match="certificate"):
                await client.jobs.get("j")


async def test_what_stays_on_disk() -> None:
    emulator = Emulator(https=True)
    async with emulator:
        path = emulator.certificate
        assert [file.name for file in path.parent.iterdir()] == [path.name]
        assert b"PRIVATE" not in path.read_bytes()
        if os.name == "posix":
            assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert not path.parent.exists()
    async with emulator:
        assert emulator.certificate.exists()
        assert emulator.certificate != path


async def test_a_start_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    async with Emulator() as first:
        second = Emulator(https=True, port=int(first.endpoint.rpartition(":")[2]))
        with pytest.raises(ConfigurationError, match="cannot listen"):
            await second.start()
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - nothing else runs here
    for name in ("cryptography", "cryptography.x509"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigurationError, match="https: a certificate is made with cryptography"):
        await Emulator(https=True).start()
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - nothing else runs here


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_only_its_owner_can_read_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    class Context:
        def load_cert_chain(self, _: Path, key: Path) -> None:
            seen.append(stat.S_IMODE(key.stat().st_mode))

    monkeypatch.setattr(ssl, "create_default_context", lambda _: Context())
    Certificate("bücher.example").remove()
    assert seen == [0o600]


async def test_it_has_no_certificate_without_https() -> None:
    async with Emulator() as emulator:
        with pytest.raises(ConfigurationError, match="https"):
            assert emulator.certificate


@pytest.mark.parametrize("shaken", [True, False])
async def test_a_stop_waits_for_no_client(*, shaken: bool) -> None:
    async with Emulator(https=True) as emulator, asyncio.timeout(10):
        context = ssl.create_default_context(cafile=emulator.certificate)
        port = int(emulator.endpoint.rpartition(":")[2])
        raw = socket.create_connection(("127.0.0.1", port), timeout=5)
        with raw, contextlib.ExitStack() as stack:
            if shaken:
                # It never answers when TLS is closed.
                own = raw.dup()
                stack.enter_context(await asyncio.to_thread(context.wrap_socket, own, server_hostname="127.0.0.1"))
            else:
                # It connects and says nothing: the next one is accepted after it.
                async with client_of(emulator) as client:
                    assert [job async for job in client.jobs.list()] == []
            await emulator.stop()
            assert len(asyncio.all_tasks()) == 1
            with contextlib.suppress(ConnectionError):
                while await asyncio.to_thread(raw.recv, 1024):
                    pass


@pytest.mark.parametrize("drop", ["before", "after", "body"])
async def test_faults_work_as_they_do_over_http(drop: str) -> None:
    rule = FaultRule(operation="Jobs_ListJobs", drop=drop, count=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # one of the three
    async with Emulator(https=True, faults=[rule]) as emulator, client_of(emulator) as client:
        with pytest.raises(ConnectionLostError):
            [job async for job in client.jobs.list()]
        assert [job async for job in client.jobs.list()] == []


@pytest.mark.parametrize(
    ("variable", "module", "code"),
    [
        ("SSL_CERT_FILE", "ssl", "import urllib.request as u; u.urlopen(URL)"),
        ("REQUESTS_CA_BUNDLE", "requests", "import requests; requests.get(URL).raise_for_status()"),
    ],
)
async def test_the_variables_by_which_clients_find_it(variable: str, module: str, code: str) -> None:
    pytest.importorskip(module)
    async with Emulator(https=True) as emulator:
        url = f"{emulator.endpoint}/_emulator/health"
        kept = {name: value for name, value in os.environ.items() if name != "REQUESTS_CA_BUNDLE"}
        for variables, well in (({**kept, variable: str(emulator.certificate)}, True), (kept, False)):
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", code.replace("URL", repr(url))), env=variables, stderr=subprocess.PIPE
            )
            _, said = await process.communicate()
            assert (process.returncode == 0) is well, said.decode()
            assert well or b"CERTIFICATE_VERIFY_FAILED" in said
