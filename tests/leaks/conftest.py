"""Everything that listens is switched on: all loggers at DEBUG, asyncio's debug mode, OpenTelemetry."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import pytest
from session.server import Server

from .marks import check

if TYPE_CHECKING:
    from recording import Recorder


class Ear(logging.Handler):
    """Keeps what a log could show of each record: the message, its arguments, its fields, its traceback."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.said: list[str] = []
        self.loggers: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        self.loggers.add(record.name)
        fields = {name: value for name, value in vars(record).items() if name not in ("exc_info", "msg")}
        error = record.exc_info[1] if record.exc_info else None
        trace = "".join(traceback.format_exception(error)) if error else ""
        self.said.append(f"{record.name}: {record.getMessage()} {fields!r} {trace}")

    def check(self) -> None:
        """Fail where a secret was logged."""
        for line in self.said:
            check(line, "log")


@pytest.fixture
def ear() -> Iterator[Ear]:
    """What is logged, by whomever; a secret in it is a failure at the end."""
    root, ear = logging.getLogger(), Ear()
    before = {name: logging.getLogger(name).level for name in ("", "asyncio", "azure", "aiohttp", "batchio")}
    root.addHandler(ear)
    for name in before:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield ear
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)
    root.removeHandler(ear)
    ear.check()


@pytest.fixture
async def loud(ear: Ear, recorder: Recorder) -> AsyncIterator[Ear]:
    """The same for a test with a loop, which tells of every callback, and with telemetry."""
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 0.0
    yield ear
    check(recorder.text, "telemetry")


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A scripted server."""
    async with Server() as server:
        yield server
