"""The face of the emulator.

Law: what starts here stops here; after `stop` no task, socket or thread is left.
"""

from __future__ import annotations

import asyncio
import base64
import math
import os
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from aiohttp import web

from ..credentials import SharedKeyCredential
from ..errors import ConfigurationError
from ..service.operations import OPERATIONS
from .addresses import checked_host, is_loopback, url_of
from .authentication import Doorkeeper
from .clock import Clock
from .connections import LocalServer
from .control import Control
from .fault_rules import FaultRule
from .faults import Faults
from .front import LOGGER, Front
from .request_log import RequestLog, RequestRecord
from .routes import Router
from .store import Store

if TYPE_CHECKING:
    from .https import Certificate
    from .keeper import Keeper
    from .process_life import Processes

DEVELOPMENT_ACCOUNT = "batchdev"
DEVELOPMENT_KEY = base64.b64encode(b"batchio emulator: a published key that protects nothing at all!!").decode()
"""The key of the account where none is given. Everybody knows it."""


class Emulator:
    """A local Batch service on a real socket.

    `host` and `port`: where it listens; port 0 takes a free one. `account` and `key` (base64): who may sign;
    without a key it is `DEVELOPMENT_KEY`. `nodes`: "none" (tasks stay active), "simulate" (pools get nodes, on
    which tasks run for a simulated time; `batchio.emulator.commands` tells how long and with which exit code), or
    "process": their command lines really run, as processes of this machine, with the rights of whoever started the
    emulator; `batchio.emulator.processes` tells more.
    `db`: None (in memory), or the path of a file (SQLite, made where it is missing) that keeps everything: no answer
    leaves before what it tells of is in the file, and a start brings back what the file holds.
    `faults`: `FaultRule`s to start with. `latency`: seconds that every answer takes.
    `auth`: "strict", or "loose" to take any bearer token. `clock`: a `Clock`, by default one that runs with real
    time.
    `https`: listen with a self-signed certificate, made at the start, for clients that insist on it; `certificate` is
    the path of the file to trust, which the stop removes.

    Attributes: `endpoint`, `certificate`, `credential`, `clock`, `faults` (change it like a list at any time),
    `requests` (the last 10,000 `RequestRecord`s). The control endpoints are told in `batchio.emulator.control`.

    Raises `ConfigurationError` for a bad argument, and where it cannot listen.

    >>> async def example():
    ...     async with Emulator() as emulator:
    ...         return emulator.endpoint.startswith("http://127.0.0.1:"), emulator.credential
    >>> asyncio.run(example())
    (True, SharedKeyCredential('batchdev', key='***'))
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        account: str = DEVELOPMENT_ACCOUNT,
        key: str | None = None,
        nodes: Literal["none", "simulate", "process"] = "none",
        db: str | os.PathLike[str] | None = None,
        faults: Iterable[FaultRule] = (),
        latency: float = 0.0,
        https: bool = False,
        auth: Literal["strict", "loose"] = "strict",
        clock: Clock | None = None,
    ) -> None:
        _check_options(nodes, db, auth, latency, port)
        self._host = checked_host(host, nodes)
        self._port = port
        self._https = https
        self._credential = SharedKeyCredential(account, DEVELOPMENT_KEY if key is None else key)
        self._first_faults = tuple(faults)
        self._faults = Faults(self._first_faults)
        self._clock = Clock() if clock is None else clock
        self._store = Store(self._clock, simulate=nodes != "none")
        if nodes == "process":
            self._store.processes = _processes(self._store, account)
        self._db = db
        self._keeper = _keeper(self._store, db)
        self._log = RequestLog()
        self._front = Front(
            store=self._store,
            doorkeeper=Doorkeeper(self._credential, self._clock, strict=auth == "strict"),
            router=Router(OPERATIONS.values()),
            faults=self._faults,
            log=self._log,
            control=Control(self._store, self._faults, self._log, self.reset),
            latency=latency,
            loopback=is_loopback(host),
            kept=None if self._keeper is None else self._keeper.kept,
        )
        self._runner: web.ServerRunner | None = None
        self._endpoint: str | None = None
        self._certificate: Certificate | None = None

    @property
    def endpoint(self) -> str:
        """Where it can be reached, e.g. `http://127.0.0.1:10000`. Raises `ConfigurationError` before it runs."""
        if self._endpoint is None:
            raise ConfigurationError("emulator: it does not run, so it has no endpoint")
        return self._endpoint

    @property
    def certificate(self) -> Path:
        """The file, PEM, to trust it by. Raises `ConfigurationError` without `https`, and before it runs."""
        if self._certificate is None:
            raise ConfigurationError("emulator: it has a certificate only while it runs with https")
        return self._certificate.path

    @property
    def credential(self) -> SharedKeyCredential:
        """What a client signs with."""
        return self._credential

    @property
    def clock(self) -> Clock:
        """The service's clock."""
        return self._clock

    @property
    def faults(self) -> Faults:
        """The fault rules in force."""
        return self._faults

    @faults.setter
    def faults(self, rules: Iterable[FaultRule]) -> None:
        # `faults += [...]` has changed the list itself, and the other rules go on counting.
        if rules is not self._faults:
            self._faults.replace(tuple(rules))

    @property
    def requests(self) -> deque[RequestRecord]:
        """The last requests, oldest first."""
        return self._log.records

    def reset(self) -> None:
        """Forget all resources, the holds, the log and the counters; the fault rules are those of the start, unused."""
        self._store.reset()
        self._log.clear()
        self._faults.replace(self._first_faults)

    @property
    def holds(self) -> list[tuple[str, str]]:
        """Kinds and states that are held."""
        return self._store.held

    def hold(self, kind: str, state: str) -> None:
        """Hold a state: what is in it or comes into it does nothing by itself, however far the clock moves.

        `kind` and `state` as `transitions.TRANSITIONS` has them: `hold("task", "preparing")`, `hold("task",
        "active")` (no task starts), `hold("node", "creating")`, `hold("allocation", "resizing")`, `hold("job",
        "terminating")`, `hold("jobschedule", "active")` (no job is made). Requests are obeyed as ever. Raises
        `ConfigurationError` for a state that nothing leaves by itself.
        """
        self._store.hold(kind, state)

    def release(self, kind: str, state: str) -> None:
        """End a hold: what was due in the meantime happens now, and ends now. One that is not there is fine."""
        self._store.release(kind, state)

    def _forget_certificate(self) -> None:
        certificate, self._certificate = self._certificate, None
        if certificate is not None:
            certificate.remove()

    async def start(self) -> None:
        """Listen. Raises `ConfigurationError` where the address is taken or the file of `db` cannot be used."""
        if self._runner is not None:
            raise ConfigurationError("emulator: it runs already")
        if self._keeper is not None:
            await self._keeper.open()
        try:
            await self._listen()
        except BaseException:
            self._forget_certificate()
            await (self._close() if self._runner is None else self.stop())
            raise

    async def _listen(self) -> None:
        processes = self._store.processes
        if processes is not None:
            await processes.start(self._db)
        context = None
        if self._https:
            self._certificate = _certificate(self._host)
            context = self._certificate.context
        runner = web.ServerRunner(LocalServer(self._front.handle, https=self._https), shutdown_timeout=0.1)
        await runner.setup()
        bound = "127.0.0.1" if self._host == "localhost" else self._host
        try:
            await web.TCPSite(runner, bound, self._port, ssl_context=context, backlog=1024).start()
        except OSError as error:
            await runner.cleanup()
            why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)
            raise ConfigurationError(f"emulator: cannot listen on {self._host}:{self._port}: {why.lower()}") from error
        self._runner = runner
        self._endpoint = url_of(self._host, runner.addresses[0][1], https=self._https)
        if processes is not None:
            processes.open(self._endpoint, None if self._keeper is None else self._keeper.kept)
        LOGGER.info("listening on %s", self._endpoint)

    async def stop(self) -> None:
        """Stop listening, break off what is under way and close every connection. State stays for the next start."""
        runner, self._runner, self._endpoint = self._runner, None, None
        if runner is None:
            return
        self._forget_certificate()
        for site in runner.sites:
            await site.stop()
        flying = list(self._front.flying)
        for task in flying:
            task.cancel()
        await asyncio.gather(*flying, return_exceptions=True)
        await runner.cleanup()
        await self._close()
        # Transports close in the loop's next rounds.
        for _ in range(3):
            await asyncio.sleep(0)

    async def _close(self) -> None:
        try:
            if self._store.processes is not None:
                await self._store.processes.stop()
        finally:
            if self._keeper is not None:
                await self._keeper.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def __repr__(self) -> str:
        return f"Emulator({self._endpoint or 'stopped'!r}, account={self._credential.account!r})"


def _check_options(nodes: str, db: object, auth: str, latency: float, port: int) -> None:
    if nodes not in ("none", "simulate", "process"):
        raise ConfigurationError(f'nodes: "none", "simulate" or "process", not {nodes!r}')
    if nodes == "process" and os.name != "posix":
        raise ConfigurationError(f"nodes: {nodes!r} needs a POSIX system, with process groups")
    if db is not None and not isinstance(db, (str, os.PathLike)):
        raise ConfigurationError(f"db: the path of a file, not {db!r}")
    if auth not in ("strict", "loose"):
        raise ConfigurationError(f'auth: "strict" or "loose", not {auth!r}')
    if not _is_number(latency) or not 0 <= latency < math.inf:
        raise ConfigurationError(f"latency: seconds, at least 0, not {latency!r}")
    if not 0 <= port < 65536:
        raise ConfigurationError(f"port: 0 to 65535, not {port!r}")


def _keeper(store: Store, db: str | os.PathLike[str] | None) -> Keeper | None:
    if db is None:
        return None
    from .keeper import Keeper  # noqa: PLC0415 - without a file nobody needs SQLite

    return Keeper(store, db)


def _processes(store: Store, account: str) -> Processes:
    from .process_life import Processes  # noqa: PLC0415 - what it needs is not on every system

    return Processes(store, account)


def _certificate(host: str) -> Certificate:
    from .https import Certificate  # noqa: PLC0415 - who speaks http pays for nothing

    return Certificate(host)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float))
