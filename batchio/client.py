"""The client: settings, lifetime, resources.

Law: what the caller made (session, credential), the caller closes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from .bulk.gate import Gate
from .bulk.totals import ClientStats
from .credentials import Credential, SharedKeyCredential, TaskTokenCredential, is_header_text
from .errors import ConfigurationError
from .hiding import without_frames, without_secrets
from .resources.applications import Applications
from .resources.certificates import Certificates
from .resources.job_schedules import JobSchedules
from .resources.jobs import Jobs
from .resources.nodes import Nodes
from .resources.pools import Pools
from .resources.tasks import Tasks
from .service.versions import DEFAULT, VERSIONS, in_environment
from .session.authorizer import authorizer_for
from .session.codec import encode_free
from .session.endpoint import parse_endpoint
from .session.options import check_free, check_timeout
from .session.request import Answer, escape
from .session.retry import RetryPolicy
from .session.session import Session
from .session.telemetry import Telemetry
from .session.transport import AiohttpTransport
from .version import __version__

if TYPE_CHECKING:
    import aiohttp

_USED = frozenset({"opentelemetry.trace", "opentelemetry.metrics"})
"""What an application that uses OpenTelemetry has imported."""
_ANY_SUCCESS = tuple(range(200, 300))


class BatchClient:
    """A client of one Azure Batch account.

    `endpoint`: the account's URL. `credential`: `SharedKeyCredential`, azure-core's `AzureNamedKeyCredential`,
    an asynchronous credential of azure-identity, `TaskTokenCredential`; None is azure-identity's
    `DefaultAzureCredential`. `api_version`: see `batchio.service.versions`. `session`: an
    `aiohttp.ClientSession` to use, which stays the caller's. `retry`: of single calls. `timeout`: seconds for
    one try, None for no limit. `cloud`: "public", "usgovernment", "china" or a token scope; found from the
    endpoint where it is not given. `trust_env`: use the proxy that the environment names. `allow_http`: allow
    http beyond loopback. `application_id`: stands at the front of the User-Agent. `telemetry`: OpenTelemetry's spans
    and metrics; None: where the application has imported OpenTelemetry by now, True and False: in any case and never,
    or a `batchio.otel.OpenTelemetry` with providers of its own.

    Raises `ConfigurationError` for a bad argument. One client serves any number of tasks of one event loop.

    >>> async with BatchClient("https://acme.westeurope.batch.azure.com", credential) as client:
    ...     job = await client.jobs.get("render")
    """

    def __init__(
        self,
        endpoint: str,
        credential: Credential | None = None,
        *,
        api_version: str = DEFAULT,
        session: aiohttp.ClientSession | None = None,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen
        timeout: float | None = 60.0,
        cloud: str | None = None,
        trust_env: bool = True,
        allow_http: bool = False,
        application_id: str | None = None,
        telemetry: bool | Telemetry | None = None,
    ) -> None:
        _check(api_version, retry, timeout, application_id)
        address = parse_endpoint(endpoint, allow_http=allow_http)
        seen = _telemetry(telemetry)
        self._transport = AiohttpTransport(
            session, trust_env=trust_env, endpoint=address.url, opened=None if seen is None else seen.opened
        )
        self._session = Session(
            address,
            api_version,
            authorizer_for(credential, address, cloud),
            self._transport,
            retry=retry,
            timeout=timeout,
            user_agent=f"{application_id} batchio/{__version__}" if application_id else f"batchio/{__version__}",
            telemetry=seen,
        )
        self._gate = Gate()
        if seen is not None:
            seen.watch(self)
        self.applications = Applications(self._session)
        self.certificates = Certificates(self._session)
        self.job_schedules = JobSchedules(self._session)
        self.jobs = Jobs(self._session)
        self.nodes = Nodes(self._session)
        self.pools = Pools(self._session)
        self.tasks = Tasks(self._session, self._gate)

    @classmethod
    def from_environment(cls, **settings: Any) -> Self:
        """A client from environment variables; `settings` as for `BatchClient`.

        `AZURE_BATCH_ENDPOINT` with `AZURE_BATCH_ACCOUNT` and `AZURE_BATCH_ACCESS_KEY` (without a key:
        azure-identity's `DefaultAzureCredential`). On a compute node `AZ_BATCH_ACCOUNT_URL` and, where the
        task asked for it, `AZ_BATCH_AUTHENTICATION_TOKEN`. `AZURE_BATCH_API_VERSION` names an api-version.
        Raises `ConfigurationError` that names what is missing or wrong.
        """
        endpoint = os.environ.get("AZURE_BATCH_ENDPOINT") or os.environ.get("AZ_BATCH_ACCOUNT_URL")
        if not endpoint:
            raise ConfigurationError("AZURE_BATCH_ENDPOINT is not set (https://ACCOUNT.REGION.batch.azure.com)")
        if "credential" not in settings:
            # The frames behind it hold the key.
            with without_frames(ConfigurationError):
                settings["credential"] = _credential_from_environment()
        if "api_version" not in settings:
            settings["api_version"] = in_environment(os.environ)
        return cls(endpoint, **settings)

    @property
    def endpoint(self) -> str:
        """The account's URL."""
        return self._session.endpoint.url

    @property
    def api_version(self) -> str:
        """The api-version of every request."""
        return self._session.api_version

    @property
    def stats(self) -> ClientStats:
        """A snapshot: what the client has sent and what became of it, and what goes on now. It costs microseconds."""
        counters, gate = self._session.counters, self._gate
        return ClientStats(
            requests=counters.requests,
            retries=counters.retries,
            refused=counters.refused,
            bytes_sent=counters.bytes_sent,
            outcomes=gate.totals.outcomes,
            in_flight=counters.in_flight,
            connections=self._transport.connections,
            pacing=gate.pacing.state,
            limit=gate.limit,
            window=gate.window,
            rate=gate.totals.rate,
            runs=gate.totals.runs,
        )

    def __repr__(self) -> str:
        return f"BatchClient({self.endpoint!r}, api_version={self.api_version!r})"

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        timeout: float | None = None,
    ) -> Answer:
        """Send a request that has no method yet, signed, checked for errors and retried like any other.

        `path` begins with a slash, is not escaped yet and holds no query. `headers` beyond those that the client
        makes itself; `json`: a model or anything else that JSON can hold; `timeout`: seconds for one try, None:
        the client's. The api-version is added. Raises as every call does.
        """
        if not isinstance(method, str) or not (method.isascii() and method.isalpha()):
            raise ConfigurationError(f"method: GET, POST and the like, not {method!r}")
        if not isinstance(path, str) or not path.startswith("/"):
            raise ConfigurationError(f"path: begins with a slash, not {path!r}")
        free_headers = check_free(query or {}, headers or {})
        request = self._session.prepare(
            without_secrets(f"{method.upper()} {path}"),
            method.upper(),
            escape("path", path, safe="/(),=!$'*:@"),
            query=query or {},
            # A packed body that was cut would not be noticed: aiohttp gives what it could unpack.
            headers={"accept-encoding": "identity", **free_headers},
            body=encode_free(json),
            timeout=self._session.timeout if timeout is None else check_timeout("timeout", timeout),
        )
        answer = await self._session.call(request, _ANY_SUCCESS)
        return Answer(answer.status, answer.headers, bytes(answer.body))

    async def close(self) -> None:
        """Close what the client has opened; calls that are on their way fail."""
        if self._session.telemetry is not None:
            self._session.telemetry.forget(self)
        self._gate.close()
        await self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()


def _check(api_version: str, retry: RetryPolicy, timeout: float | None, application_id: str | None) -> None:
    if api_version not in VERSIONS:
        raise ConfigurationError(f"api_version: {api_version!r} is unknown; known are {', '.join(VERSIONS)}")
    if not isinstance(retry, RetryPolicy):
        raise ConfigurationError(f"retry: a RetryPolicy is needed, not {type(retry).__name__}")
    check_timeout("timeout", timeout)
    if application_id and not (isinstance(application_id, str) and is_header_text(application_id)):
        raise ConfigurationError("application_id: printable ASCII is needed")


def _telemetry(given: bool | Telemetry | None) -> Telemetry | None:  # noqa: FBT001 - the client's argument
    if given is False or (given is None and sys.modules.keys().isdisjoint(_USED)):
        return None
    if given is None or given is True:
        try:
            from .otel import shared  # noqa: PLC0415 - only where it is asked for
        except ImportError as error:
            if given is None:
                return None
            raise ConfigurationError("telemetry: opentelemetry-api is missing: pip install 'batchio[otel]'") from error
        return shared()
    if not isinstance(given, Telemetry):
        raise ConfigurationError(f"telemetry: True, False, None or an OpenTelemetry, not {type(given).__name__}")
    return given


def _credential_from_environment() -> Credential | None:
    account, key = os.environ.get("AZURE_BATCH_ACCOUNT"), os.environ.get("AZURE_BATCH_ACCESS_KEY")
    if key:
        if not account:
            raise ConfigurationError("AZURE_BATCH_ACCOUNT is not set, though AZURE_BATCH_ACCESS_KEY is")
        return SharedKeyCredential(account, key)
    token = os.environ.get("AZ_BATCH_AUTHENTICATION_TOKEN")
    if token and not os.environ.get("AZURE_BATCH_ENDPOINT"):
        return TaskTokenCredential(token)
    return None
