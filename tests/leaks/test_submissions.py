"""Submissions, feeds, journals and sweeps whose tasks are full of secrets, through trouble of every kind."""

from __future__ import annotations

import asyncio
import json
import pickle
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from session.server import DROP, Heard, Reply, Server, answer

import batchio
from batchio import BatchClient, BatchioError, ConfigurationError, SubmissionError, TaskTokenCredential, to_wire

from .conftest import Ear
from .marks import check, mark, sas, shown_by
from .planting import TASK, tasks
from .test_library import ECHOES, text_of

if TYPE_CHECKING:
    from recording import Recorder

COUNT = 110


def _mappings() -> list[dict[str, Any]]:
    return list(map(to_wire, tasks(COUNT)))


INPUTS: dict[str, Callable[[], Iterable[Any]]] = {
    "models": lambda: tasks(COUNT),
    "a generator of mappings": lambda: (each for each in _mappings()),
    "JSON": lambda: [msgspec.json.encode(each) for each in _mappings()],
    "what cannot be sent": lambda: [
        *_mappings(),
        {"id": 5, "commandLine": mark("no-id")},
        {"commandLine": mark("no-id")},
        {"id": "bad", "commandLine": f"{mark('half')}\ud800"},
        {"id": "worse", "environmentSettings": [{"name": "n", "value": mark, "x": mark("object")}]},
        f'{{"id": "torn", "commandLine": "{sas("torn")}'.encode(),
        f'{{"id": "no UTF-8", "commandLine": "{sas("torn")} \xff"}}'.encode("latin-1"),
        mark("a string"),
    ],
}


def _result(number: int, task: dict[str, Any]) -> dict[str, Any]:
    """One of a kind for each task: added, refused with its own words, failed."""
    found = {"status": "success", "taskId": task["id"], "location": sas("location"), "eTag": '"1"'}
    if number % 5 == 3:
        quoted = {"key": "PropertyValue", "value": json.dumps(task)}
        error = {"code": "InvalidPropertyValue", "message": {"value": json.dumps(task)}, "values": [quoted]}
        found |= {"status": "clienterror", "error": error}
    elif number % 5 == 4:
        found |= {"status": "servererror", "error": {"code": "Failed", "message": {"value": json.dumps(task)}}}
    return found


def _results(heard: Heard) -> Reply:
    return answer(200, {"value": [_result(at, task) for at, task in enumerate(json.loads(text_of(heard))["value"])]})


SERVICES: dict[str, Any] = {
    "each in its way": _results,
    "refused": ECHOES["refused"],
    "not let in": ECHOES["not let in"],
    "not the service": ECHOES["in an answer of the wrong kind"],
    "dropped": DROP,
    "an answer for others": answer(200, {"value": [{"status": mark("status"), "taskId": "x", "error": {"code": 5}}]}),
}


@pytest.mark.parametrize(
    ("way", "kind"),
    [*(("each in its way", kind) for kind in INPUTS), *((way, "a generator of mappings") for way in [*SERVICES][1:])],
)
@pytest.mark.usefixtures("loud")
async def test_a_submission(server: Server, recorder: Recorder, tmp_path: Path, way: str, kind: str) -> None:
    server.otherwise = SERVICES[way]
    journal = tmp_path / "journal"
    told: list[str] = []
    async with BatchClient(server.endpoint, TaskTokenCredential(mark("token")), telemetry=recorder.telemetry) as client:
        run = client.tasks.submitting(
            "j",
            INPUTS[kind](),
            attempts=2,
            patience=0.2,
            details=True,
            keep="all",
            journal=journal,
            progress=lambda progress: told.append(repr(progress)),
        )
        try:
            async with run:
                told += [repr(outcomes) async for outcomes in run]
            run.report.raise_for_failures()
        except SubmissionError as error:
            told.append(shown_by(error))
        told += [repr(run), repr(run.report), run.report.summary(), repr(client.stats), repr(run.progress)]
        told += [repr(outcome.error) for outcome in run.report.failures]
    for text in told:
        check(text, f"{kind}, {way}")
    check(journal.read_bytes(), "journal")
    assert run.report.taken >= COUNT


@pytest.mark.parametrize("way", SERVICES)
@pytest.mark.usefixtures("loud")
async def test_a_feed(server: Server, recorder: Recorder, way: str) -> None:
    server.otherwise = SERVICES[way]
    async with BatchClient(server.endpoint, TaskTokenCredential(mark("token")), telemetry=recorder.telemetry) as client:
        try:
            async with client.tasks.feed("j", attempts=2, patience=0.2) as feed:
                told = await asyncio.gather(
                    *map(feed.add, tasks(20)), *map(feed.add, _mappings()[20:40]), return_exceptions=True
                )
                check(repr(feed) + repr(feed.progress), "feed")
        except SubmissionError as error:
            told = [error]
    for outcome in told:
        check(shown_by(outcome) if isinstance(outcome, BatchioError) else repr(outcome), way)


async def test_an_input_that_breaks(server: Server, loud: Ear) -> None:
    def broken() -> Iterable[Any]:
        yield from tasks(10)
        raise RuntimeError(f"GET {sas('input')} failed")

    server.otherwise = _results
    async with BatchClient(server.endpoint, TaskTokenCredential(mark("token"))) as client:
        with pytest.raises(SubmissionError) as caught:
            await client.tasks.submit("j", broken(), attempts=1)
    # What the input raised is the caller's own, and hangs below as it is.
    check(str(caught.value) + repr(caught.value), "error")
    assert loud.said


BAD_TEMPLATES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a place that is not there": lambda task: {**task, "commandLine": f"{mark('template')} {{there}}"},
    "a format that does not fit": lambda task: {**task, "commandLine": f"{mark('template')} {{frame:Q}}"},
    "a brace too many": lambda task: {**task, "commandLine": f"{mark('template')} }}"},
}


def test_a_sweep() -> None:
    template = {**to_wire(TASK), "id": "frame-{frame}"}
    swept = batchio.sweep(template, frame=range(3))
    check(repr(swept) + repr(swept[1:]) + repr(batchio.shard(swept, 1, 2)), "sweep")
    for change in BAD_TEMPLATES.values():
        with pytest.raises(ConfigurationError) as caught:
            batchio.sweep(change(template), frame=range(3))
        check(str(caught.value) + repr(caught.value), "error")
    with pytest.raises(ConfigurationError) as caught:
        list(batchio.fill({"id": "{name:d}", "commandLine": "x"}, [{"name": mark("row")}]))
    check(str(caught.value) + repr(caught.value) + repr(caught.value.__cause__), "row")


def test_a_report_that_is_handed_on_is_whole() -> None:
    body = msgspec.json.encode(to_wire(tasks(1)[0]))
    outcome = batchio.TaskOutcome(index=0, task_id="t-0", state=batchio.OutcomeState.REJECTED, body=body)
    report = batchio.SubmissionReport(taken=1, rejected=1, failures=(outcome,))
    error = SubmissionError("no", report=report)
    check(repr(report) + shown_by(error), "report")
    # What failed can be submitted again from another process: that is what the bodies are for.
    assert pickle.loads(pickle.dumps(error)).report == report  # noqa: S301 - our own
