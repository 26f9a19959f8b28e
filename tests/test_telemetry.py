"""When a client tells OpenTelemetry: in processes of their own, because its providers are set once."""

from __future__ import annotations

import asyncio
import logging
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from readme import TEXT, ran
from recording import Recorder
from scripted import ScriptedService, for_requests, make_mappings, refuse

from batchio import BatchClient, ConfigurationError

ROOT = Path(__file__).parent.parent

AROUND = """
import asyncio, sys
sys.path.insert(0, "tests")
{first}
from batchio import BatchClient, ConfigurationError
from session.driving import shared_key
from session.server import Server, answer

async def main():
    async with Server() as server:
        server.otherwise = answer(200, {{"id": "j"}})
        {then}

asyncio.run(main())
"""
SDK = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
"""
SET = "trace.set_tracer_provider(provider)\n"
CALL = "async with BatchClient(server.endpoint, shared_key()) as client:\n    await client.jobs.get('j')\n"
CLIENT = "client = BatchClient(server.endpoint, shared_key())\n"
LATER = "async with client:\n    await client.jobs.get('j')\n"
SHOW = "print(*[span.name for span in exporter.get_finished_spans()])\n"


def said_by(first: str, then: str) -> str:
    """What a process says that does `first`, imports batchio and does `then`."""
    code = AROUND.format(first=first, then=textwrap.indent(then, " " * 8).strip())
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own code
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


@pytest.mark.parametrize(
    ("first", "then", "said"),
    [
        # Who does not use OpenTelemetry does not load it.
        ("", CALL + "print('opentelemetry' in sys.modules, 'batchio.otel' in sys.modules)", "False False"),
        # Who does has nothing else to do.
        (SDK + SET, CALL + SHOW, "Batch.GetJob"),
        (SDK, CLIENT + SET + LATER + SHOW, "Batch.GetJob"),
        (SDK, CALL + "print('traceparent' in server.heard[0].headers)\n" + SET + SHOW, "False"),
        (SDK + SET, CALL.replace(")) as", "), telemetry=False) as") + SHOW, ""),
        ("import opentelemetry.metrics", CALL + "print('batchio.otel' in sys.modules)", "True"),
        # Who imports it later says so.
        ("", CLIENT + SDK + SET + LATER + SHOW, ""),
        ("", CLIENT.replace("())", "(), telemetry=True)") + SDK + SET + LATER + SHOW, "Batch.GetJob"),
    ],
    ids=[
        "not used",
        "used",
        "set later",
        "no provider",
        "switched off",
        "metrics alone",
        "imported later",
        "insisted on",
    ],
)
def test_when_spans_are_made(first: str, then: str, said: str) -> None:
    assert said_by(first, then) == said


def test_without_opentelemetry() -> None:
    blocked = "sys.modules['opentelemetry'] = sys.modules['opentelemetry.trace'] = None"
    asked = (
        "try:\n    BatchClient(server.endpoint, telemetry=True)\nexcept ConfigurationError as error:\n    print(error)"
    )
    said = said_by(blocked, CALL + asked)
    assert said == "telemetry: opentelemetry-api is missing: pip install 'batchio[otel]'"


@pytest.mark.parametrize("telemetry", ["yes", 1, object()])
def test_a_bad_telemetry_is_refused(telemetry: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^telemetry: True, False, None or an OpenTelemetry, not "):
        BatchClient("http://127.0.0.1:1", telemetry=telemetry)


async def test_the_example_of_the_readme(service: ScriptedService, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "batchio")
    section = TEXT.partition("## Observability\n")[2].partition("\n## ")[0]
    recorder = Recorder()
    printed: list[Any] = []
    recorded = ""

    def show(*values: Any) -> None:
        nonlocal recorded
        printed.append(values)
        recorded += recorder.text

    service.fault = for_requests([1], refuse(503, retry_after="0"))
    names: dict[str, Any] = {
        "endpoint": service.endpoint,
        "credential": service.credential,
        "tasks": make_mappings(1_000),
        "tracers": recorder.tracers,
        "meters": recorder.meters,
        "print": show,
        "BatchClient": BatchClient,
    }
    async with asyncio.timeout(20):
        await ran("seeing.py", **names)
    assert printed[-1] == (11, 1, 1_000)
    assert [span.name for span in recorder.spans][-1] == "Batch.Submission"
    recorded += recorder.text
    recorder.close()
    # Every name that is told of there is one that is recorded.
    told = re.findall(r"`((?:batchio|azure|http|server|url|error)\.[\w.]+)`", section)
    assert len(told) > 15
    assert not [name for name in told if f'"{name}"' not in recorded]
