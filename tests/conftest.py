"""What tests share: a scripted service, a client of it, and aioresponses on an aiohttp that is newer than it."""

from __future__ import annotations

import inspect
import os
import signal
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import aioresponses.core
import hypothesis
import pytest
from aiohttp import ClientResponse
from installing import node_with
from scripted import ScriptedService, connect

from batchio import BatchClient

if TYPE_CHECKING:
    from recording import Recorder

# How long an example takes says more of the machine than of the code. CI tries the same examples each time; elsewhere
# every run tries new ones.
hypothesis.settings.register_profile("batchio", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("batchio")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell's background job ignores Ctrl-C, and so would all processes that the tests start and interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
async def service() -> AsyncIterator[ScriptedService]:
    """A scripted Batch service on a port of its own."""
    async with ScriptedService() as service:
        yield service


@pytest.fixture
async def client(service: ScriptedService) -> AsyncIterator[BatchClient]:
    """A client of the scripted service; one try may take 10 seconds."""
    async with connect(service) as client:
        yield client


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment in which Node finds @azure/batch; for slow tests."""
    return node_with("@azure/batch@10.2.0", tmp_path_factory.mktemp("node"))


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """What an application's OpenTelemetry gets to see."""
    from recording import Recorder  # noqa: PLC0415 - a client looks whether OpenTelemetry was imported

    recorder = Recorder()
    yield recorder
    recorder.close()


class _Answer(ClientResponse):
    """The response that aioresponses builds, with the argument that it does not know of."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"stream_writer": Mock(output_size=0), **kwargs})


@pytest.fixture(scope="session", autouse=True)
def _aioresponses_on_new_aiohttp() -> Iterator[None]:
    """The client of aiohttp 3.14 wants a `stream_writer`; a release of aioresponses that gives it is left alone."""
    wanted = "stream_writer" in inspect.signature(ClientResponse.__init__).parameters
    given = "stream_writer" in inspect.getsource(aioresponses.core)
    with pytest.MonkeyPatch.context() as patch:
        if wanted and not given:
            patch.setattr(aioresponses.core, "ClientResponse", _Answer)
        yield
