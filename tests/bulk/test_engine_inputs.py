"""The engine over each kind of input; what is wrong in the input costs nothing but itself."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import msgspec
import pytest
from scripted import ScriptedService, connect, drive, make_ids, make_mappings, make_models, submit

from batchio import BatchClient, ConfigurationError, SubmissionError, to_wire

COUNT = 250
IDS = make_ids(COUNT)


class BrokenInputError(Exception):
    """What an input of a test raises."""


def encoded() -> list[bytes]:
    return [msgspec.json.encode(task) for task in make_mappings(COUNT)]


def mixed() -> list[Any]:
    models, mappings, lines = make_models(COUNT), make_mappings(COUNT), encoded()
    return [(models, mappings, lines)[n % 3][n] for n in range(COUNT)]


def groups() -> Iterator[list[Any]]:
    tasks = mixed()
    for start in range(0, COUNT, 40):
        yield tasks[start : start + 40]
        yield []


async def one_by_one() -> AsyncIterator[Any]:
    for task in mixed():
        await asyncio.sleep(0)
        yield task


async def async_groups() -> AsyncIterator[list[Any]]:
    for group in groups():
        await asyncio.sleep(0)
        yield group


def has_processed(service: ScriptedService, count: int) -> bool:
    return service.processed == count


INPUTS: dict[str, Callable[[], Any]] = {
    "models": lambda: make_models(COUNT),
    "mappings": lambda: make_mappings(COUNT),
    "bytes": encoded,
    "mixed": mixed,
    "tuple": lambda: tuple(make_models(COUNT)),
    "generator of models": lambda: (task for task in make_models(COUNT)),
    "generator of mappings": lambda: (task for task in make_mappings(COUNT)),
    "generator of bytes": lambda: (task for task in encoded()),
    "lists": groups,
    "async generator": one_by_one,
    "async generator of lists": async_groups,
}


@pytest.mark.parametrize("kind", INPUTS)
async def test_every_kind_of_input(client: BatchClient, service: ScriptedService, kind: str) -> None:
    told = await drive(client, service, INPUTS[kind](), ids=IDS, exact=True)
    assert told.report.added == COUNT
    if kind != "async generator":
        # One that gives a task at a time may be sent before a request is full; so may a slow machine's thread.
        assert len(service.history) <= 5
    sent = [task for record in service.history for task in record.tasks]
    assert sorted(sent, key=lambda task: task["id"]) == sorted(make_mappings(COUNT), key=lambda task: task["id"])


@pytest.mark.parametrize("kind", INPUTS)
async def test_submit_takes_the_same_inputs(client: BatchClient, service: ScriptedService, kind: str) -> None:
    told = await submit(client, service, INPUTS[kind](), ids=IDS, exact=True)
    assert told.report.added == COUNT


async def test_nothing_to_send(client: BatchClient, service: ScriptedService) -> None:
    told = await drive(client, service, [], exact=True)
    assert (told.report.taken, told.report.requests, service.history) == (0, 0, [])
    assert (await client.tasks.submit(service.job, iter(()))).taken == 0


async def test_one_task(client: BatchClient, service: ScriptedService) -> None:
    told = await submit(client, service, make_models(1), exact=True)
    assert (told.report.added, told.report.requests) == (1, 1)


async def test_peers_11_tasks_leave_in_the_order_of_the_input(client: BatchClient, service: ScriptedService) -> None:
    tasks = make_models(1_050)
    await drive(client, service, iter(tasks), ids=make_ids(1_050), max_requests=1)
    assert [task_id for record in service.history for task_id in record.ids] == make_ids(1_050)


async def test_all_fields_arrive_as_they_were_given(client: BatchClient, service: ScriptedService) -> None:
    mapping = {
        "id": "full",
        "commandLine": 'sh -c "échø \\ \u2028 \U0001f680"',
        "environmentSettings": [{"name": "A", "value": "line one\nline two"}],
        "constraints": {"maxTaskRetryCount": -1, "retentionTime": "P10675199DT2H48M5.4775807S"},
        "futureField": {"kept": [1, 2.5, None, True]},
    }
    model = make_models(1)[0]
    lines = msgspec.json.encode(mapping | {"id": "bytes"})
    await drive(client, service, [mapping, model, lines], ids=["full", "task-0", "bytes"])
    (record,) = service.history
    assert record.tasks == [mapping, to_wire(model), mapping | {"id": "bytes"}]


@pytest.mark.parametrize(("pause", "count"), [(0.001, 700), (0.7, 2)])
async def test_a_slow_synchronous_source_does_not_block_the_loop(
    client: BatchClient, service: ScriptedService, pause: float, count: int
) -> None:
    def slow() -> Iterator[Any]:
        for task in make_models(count):
            time.sleep(pause)
            yield task

    gaps: list[float] = []

    async def heartbeat() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.005)
            gaps.append(-last + (last := time.perf_counter()))

    beating = asyncio.create_task(heartbeat())
    told = await drive(client, service, slow(), ids=make_ids(count))
    beating.cancel()
    assert told.report.added == count
    assert len(gaps) > 10
    assert max(gaps) < 0.4, f"the loop stood still for {max(gaps):.3f} s"


async def test_a_thread_that_is_slow_to_report(client: BatchClient, service: ScriptedService) -> None:
    """What was pulled may leave before the thread says that it has pulled it; that is not the end of the input."""
    loop = asyncio.get_running_loop()
    call: Callable[..., Any] = loop.call_soon_threadsafe

    def slowly(*arguments: Any, **options: Any) -> Any:
        time.sleep(0.04)
        return call(*arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "call_soon_threadsafe", slowly)
        told = await drive(client, service, iter(make_models(3_000)), ids=make_ids(3_000))
    assert told.report.added == 3_000


async def test_a_source_that_trickles_is_sent_while_it_trickles(client: BatchClient, service: ScriptedService) -> None:
    async def trickle() -> AsyncIterator[Any]:
        for number, task in enumerate(make_models(3)):
            # The next task comes only after the service has the one before.
            await service.until(functools.partial(has_processed, service, number))
            yield task

    told = await drive(client, service, trickle(), ids=make_ids(3))
    assert told.report.added == 3


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("count", [0, 1, 150, 1_234])
async def test_a_source_that_raises(client: BatchClient, service: ScriptedService, count: int, is_async: bool) -> None:  # noqa: FBT001 - a parameter of the test
    def broken() -> Iterator[Any]:
        yield from make_mappings(count)
        raise BrokenInputError("no more")

    async def async_broken() -> AsyncIterator[Any]:
        for task in broken():
            yield task

    source = async_broken() if is_async else broken()
    # All that the source gave is taken and has an outcome; its own error is what the caller sees, or its cause.
    expected = (BrokenInputError, SubmissionError)
    told = await drive(client, service, source, ids=make_ids(count), fails=expected, complete=True)
    assert told.error is not None
    assert isinstance(told.error, BrokenInputError) or isinstance(told.error.__cause__, BrokenInputError)


async def test_a_source_whose_own_work_is_cancelled(client: BatchClient, service: ScriptedService) -> None:
    """An input that breaks with CancelledError has not ended well: the rest of it was never given."""

    async def broken() -> AsyncIterator[Any]:
        for task in make_mappings(150):
            yield task
        awaited = asyncio.get_running_loop().create_future()
        awaited.cancel()
        await awaited

    expected = (asyncio.CancelledError, SubmissionError)
    await drive(client, service, broken(), ids=make_ids(150), fails=expected, complete=True)


WRONG: dict[str, Any] = {
    "a number": 17,
    "None": None,
    "an object": object(),
    "a string": '{"id": "text", "commandLine": "x"}',
    "no id": {"commandLine": "x"},
    "an id that is a number": {"id": 5, "commandLine": "x"},
    "an id that is null": {"id": None, "commandLine": "x"},
    "bytes that are not JSON": b"not json",
    "empty bytes": b"",
    "half an object": b'{"id": "half", "commandLine": "x"',
    "two objects": b'{"id": "one", "commandLine": "x"}{"id": "two", "commandLine": "x"}',
    "two objects with a comma": b'{"id": "one", "commandLine": "x"},{"id": "two", "commandLine": "x"}',
    "two objects on two lines": b'{"id": "one", "commandLine": "x"}\n{"id": "two", "commandLine": "x"}',
    "a JSON array": b'[{"id": "one", "commandLine": "x"}]',
    "a JSON string": b'"text"',
    "bytes with no id": b'{"commandLine": "x"}',
    "bytes that are not UTF-8": b'{"id": "\xff\xfe", "commandLine": "x"}',
    "peers 17: the shape of a collection": {"value": make_mappings(2)},
    "peers 17: the shape of a collection as bytes": msgspec.json.encode({"value": make_mappings(2)}),
}


@pytest.mark.parametrize("kind", WRONG)
async def test_what_is_no_task_is_rejected_and_the_rest_goes_on(
    client: BatchClient, service: ScriptedService, kind: str
) -> None:
    tasks: list[Any] = make_mappings(205)
    ids: list[str | None] = [*make_ids(205)]
    for index in (50, 201):
        tasks.insert(index, WRONG[kind])
        ids.insert(index, None)
    told = await drive(client, service, tasks, ids=ids)
    assert told.states("rejected") == [50, 201]
    assert told.report.added == 205
    assert len(service.history) == 3


async def test_all_that_is_wrong_at_once(client: BatchClient, service: ScriptedService) -> None:
    told = await drive(client, service, list(WRONG.values()), ids=[None] * len(WRONG))
    assert told.report.rejected == len(WRONG)
    assert service.history == []


async def test_a_value_that_cannot_be_encoded(client: BatchClient, service: ScriptedService) -> None:
    odd = {"id": "odd", "commandLine": object()}
    tasks: list[Any] = [*make_models(120), odd, *make_mappings(30, "more")]
    report = await client.tasks.submit(service.job, tasks, keep="all")
    assert [outcome.index for outcome in report.outcomes if outcome.state == "rejected"] == [120]
    assert (report.added, report.taken) == (150, 151)
    assert sorted(service.truth.adds) == sorted([*make_ids(120), *make_ids(30, "more")])


@pytest.mark.parametrize(
    "line",
    [
        b'{\n  "id": "task-0",\n  "commandLine": "run"\n}',
        b'{"id": "task-0",\r\n"commandLine": "run"}\r\n',
        b'\n\n{"commandLine": "run", "id": "task-0"}\n',
        b'\t{"id":"task-0","commandLine":"run"} ',
        b'{"commandLine":"run","id":"\\u0074ask-0"}',
    ],
)
async def test_bytes_in_any_layout(client: BatchClient, service: ScriptedService, line: bytes) -> None:
    tasks: list[Any] = [line, *make_models(3)[1:]]
    told = await drive(client, service, tasks, ids=make_ids(3))
    assert told.report.added == 3
    assert [task for record in service.history for task in record.tasks] == make_mappings(3)


async def test_a_raw_newline_inside_a_string_is_no_json(client: BatchClient, service: ScriptedService) -> None:
    told = await drive(
        client, service, [b'{"id": "task-0", "commandLine": "a\nb"}', *make_models(2)[1:]], ids=[None, "task-1"]
    )
    assert told.states("rejected") == [0]
    assert list(service.truth.adds) == ["task-1"]


@pytest.mark.parametrize(
    "option",
    [
        {"attempts": 0},
        {"patience": -1.0},
        {"deadline": -1.0},
        {"max_requests": 0},
        {"max_body": 0},
        {"max_pending_bytes": 0},
        {"on_rejected": "panic"},
        {"on_exists": "panic"},
        {"keep": "some"},
    ],
    ids=lambda option: next(iter(option)),
)
async def test_options_that_make_no_sense_are_refused(service: ScriptedService, option: dict[str, Any]) -> None:
    async with connect(service) as client:
        with pytest.raises(ConfigurationError, match=next(iter(option))):
            await client.tasks.submit(service.job, make_models(1), **option)
    assert service.history == []
