"""The checks of `batchio doctor`, from the environment to a read of the account.

Law: each check is bounded in time and changes nothing; what `finding` makes of the answers is decided there. Where a
check makes the later ones pointless, they are skipped, and said to be.
"""

from __future__ import annotations

import asyncio
import os
import platform
import socket
import ssl
import time
import urllib.request
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from ..client import BatchClient
from ..errors import BatchioError, ConfigurationError, TransportError
from ..service import operations as op
from ..session.endpoint import Endpoint, is_loopback, parse_endpoint
from ..session.request import Answer, http_date
from ..session.retry import RetryPolicy
from ..session.transport import AiohttpTransport
from ..version import __version__
from . import finding
from .finding import CHECKS, Finding, skipped
from .versions import version_of

_CONNECT_ADVICE = "is the endpoint right? a firewall, a VPN that is off or a private endpoint may be in the way"
_PROXY_ADVICE = "is the proxy that HTTPS_PROXY names the right one, with its user and password? NO_PROXY goes around it"


class Examination:
    """One examination. `timeout`: seconds for each check. `api_version`: None leaves it to the environment."""

    def __init__(self, timeout: float, api_version: str | None) -> None:
        self._timeout = timeout
        self._api_version = api_version

    async def findings(self) -> AsyncIterator[Finding]:
        """What is found, in the order of `CHECKS`, each when it is known."""
        last = "program"
        async for found in self._until_the_first_obstacle():
            yield found
            last = found.check
        for check in CHECKS[CHECKS.index(last) + 1 :]:
            yield skipped(check, "not tried")

    async def _until_the_first_obstacle(self) -> AsyncIterator[Finding]:
        yield Finding("program", "ok", f"batchio {__version__}, Python {platform.python_version()}, {_aiohttp()}")
        environment = finding.of_environment(os.environ)
        try:
            client = self._client() if environment.status == "ok" else None
        except ConfigurationError as error:
            environment, client = finding.of_settings(error), None
        if client is None:
            yield environment
            return
        async with client:
            endpoint = parse_endpoint(client.endpoint)
            yield environment
            if (doubt := finding.of_account(os.environ, endpoint.host)) is not None:
                yield doubt
            async for found in self._of_service(client, endpoint):
                yield found

    async def _of_service(self, client: BatchClient, endpoint: Endpoint) -> AsyncIterator[Finding]:
        for check in (self._name, self._connection):
            found = await check(endpoint)
            yield found
            if found.status == "failure":
                return
        answer = await self._unsigned(client, endpoint)
        if isinstance(answer, Finding):
            yield answer
            return
        yield Finding("service", "ok", "Azure Batch answers")
        yield _clock(answer)
        for found in await self._signed(client):
            yield found

    def _client(self) -> BatchClient:
        return BatchClient.from_environment(
            retry=RetryPolicy(attempts=1), timeout=self._timeout, api_version=version_of(self._api_version)
        )

    async def _name(self, endpoint: Endpoint) -> Finding:
        if _proxy(endpoint):
            return Finding("name", "ok", "left to the proxy that the environment names")
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._timeout):
                found = await loop.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
        except TimeoutError:
            return Finding("name", "failure", f"{endpoint.host} is not resolved in time", "is there a network?")
        except (OSError, UnicodeError):
            advice = "look for a typing error in AZURE_BATCH_ENDPOINT (account and region); is there a network?"
            return Finding("name", "failure", f"nobody knows the host {endpoint.host}", advice)
        addresses = sorted({str(address[0]) for *_, address in found})
        return Finding("name", "ok", f"{endpoint.host} is {', '.join(addresses)}")

    async def _connection(self, endpoint: Endpoint) -> Finding:
        proxy = _proxy(endpoint)
        host, port = proxy or (endpoint.host, endpoint.port)
        where = "the proxy that the environment names" if proxy else f"{host}, port {port}"
        context = ssl.create_default_context() if endpoint.scheme == "https" and not proxy else None
        try:
            async with asyncio.timeout(self._timeout):
                _, writer = await asyncio.open_connection(host, port, ssl=context)
        except ssl.SSLCertVerificationError as error:
            advice = "a proxy that reads along needs its certificate in the file that SSL_CERT_FILE names"
            return Finding("connection", "failure", f"the certificate is refused: {error.verify_message}", advice)
        except ssl.SSLError as error:
            return Finding("connection", "failure", f"no TLS with {where}: {error.reason}", _CONNECT_ADVICE)
        except TimeoutError:
            return Finding("connection", "failure", f"none to {where} within {self._timeout:g} s", _CONNECT_ADVICE)
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            return Finding("connection", "failure", f"none to {where}: {why}", _CONNECT_ADVICE)
        secured = writer.get_extra_info("ssl_object")
        said = f", {secured.version()}" if secured else ""
        # Not closed politely: that could take for ever.
        writer.transport.abort()
        return Finding("connection", "ok", f"to {where}{said}")

    async def _unsigned(self, client: BatchClient, endpoint: Endpoint) -> Answer | Finding:
        """What is answered without a credential: it is refused, and says who refuses, and when."""
        transport = AiohttpTransport(None, trust_env=True, endpoint=endpoint.url)
        url = URL(f"{endpoint.url}{op.LIST_JOBS.path}").with_query({"api-version": client.api_version})
        try:
            answer = await transport.send("GET", url, {}, None, self._timeout)
        except TransportError as error:
            advice = _PROXY_ADVICE if _proxy(endpoint) else _CONNECT_ADVICE
            return Finding("service", "failure", str(error), advice)
        finally:
            await transport.close()
        if "request-id" in answer.headers:
            return answer
        advice = "AZURE_BATCH_ENDPOINT is https://ACCOUNT.REGION.batch.azure.com; a proxy may answer in its place"
        return Finding("service", "failure", f"it is not Azure Batch that answers (status {answer.status})", advice)

    async def _signed(self, client: BatchClient) -> list[Finding]:
        try:
            jobs = [job async for job in client.jobs.list(limit=1, select="id", prefetch=False)]
        except BatchioError as error:
            return finding.of_refusal(error, client.api_version, _kind())
        return finding.of_answer(client.api_version, _kind(), len(jobs))


def _clock(answer: Answer) -> Finding:
    date = http_date(answer.headers.get("Date"))
    if date is None:
        return Finding(
            "clock", "warning", "the service did not tell its time", "see to it that this machine's is right"
        )
    return finding.of_clock(time.time() - date.timestamp())


def _kind() -> str:
    """How the client signs in; see `BatchClient.from_environment`."""
    if os.environ.get("AZURE_BATCH_ACCESS_KEY"):
        return "key"
    on_node = os.environ.get("AZ_BATCH_AUTHENTICATION_TOKEN") and not os.environ.get("AZURE_BATCH_ENDPOINT")
    return "token" if on_node else "identity"


def _proxy(endpoint: Endpoint) -> tuple[str, int] | None:
    """Host and port of the proxy that the client uses."""
    proxy = urllib.request.getproxies().get(endpoint.scheme)
    if not proxy or is_loopback(endpoint.host) or urllib.request.proxy_bypass(endpoint.host):
        return None
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    return (parts.hostname, parts.port or 80) if parts.hostname else None


def _aiohttp() -> str:
    return f"aiohttp {aiohttp.__version__}"
