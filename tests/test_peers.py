"""The README's comparison: the same trouble for azure-batch and for batchio, and what each of them makes of it.

Law: the README's table is what is expected; the clients run with their defaults.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from readme import TEXT
from scripted import ACCOUNT, KEY, Act, ScriptedService, connect, drop, fail, html, item_error, omit, results

from batchio.bulk.options import SubmitOptions

NODE_ADDING = Path(__file__).parent / "emulator" / "guests" / "node_adding.cjs"
COUNT = 1_000
ENDLESS = 200
"""Requests after which a run counts as one without an end; as it should be, it has 10."""

PATIENCE = 200.0
"""Seconds for a run: Node's client waits half a minute before it sends something again."""

TABLE = TEXT.split("| 1,000 tasks, and")[1].split("\n\n")[0]
ROWS = {row[0]: row[1:] for row in (line.split(" | ") for line in re.findall(r"\n\| (.*) \|(?=\n|$)", TABLE))}


def once(act: Act) -> Callable[[ScriptedService], None]:
    """The second request, and no other one."""

    def script(service: ScriptedService) -> None:
        service.fault = lambda record: act if record.number == 2 else None

    return script


def never(service: ScriptedService) -> None:
    service.items = lambda task_id, _: item_error("Busy", server=True) if task_id == "t7" else None


def there(service: ScriptedService) -> None:
    service.truth.preload(["t7"])


def large(service: ScriptedService) -> None:
    assert service.items is None  # the task is: see `tasks`


TROUBLES: dict[str, Callable[[ScriptedService], None]] = {
    "one request gets a 503": once(fail(503, "ServerBusy")),
    "one request gets a 429 without Retry-After": once(fail(429, "TooManyRequests")),
    "one connection is lost after the tasks were added": once(drop(1.0)),
    "one request gets a proxy's page with 502": once(html(502)),
    "one answer leaves 10 results out": once(results(omit(10))),
    "one id is somebody else's already": there,
    "one task is larger than a request may be": large,
    "one task gets servererror whenever it is sent": never,
}
of_troubles = pytest.mark.parametrize("trouble", TROUBLES)


def test_the_table_has_them_all() -> None:
    assert list(ROWS) == list(TROUBLES)


def tasks(kind: Any, trouble: str) -> list[Any]:
    """A thousand tasks as a client wants them."""
    given = [kind(id=f"t{number}", command_line="run") for number in range(COUNT)]
    if TROUBLES[trouble] is large:
        given[7] = kind(id="t7", command_line="x" * 1_200_000)
    return given


async def account(service: ScriptedService, trouble: str, running: Awaitable[int]) -> str:
    """What became of a run that gives the number of its results, in the README's words."""
    TROUBLES[trouble](service)
    run = asyncio.ensure_future(running)
    endless = asyncio.create_task(service.until(lambda: len(service.history) > ENDLESS, PATIENCE))
    await asyncio.wait([run, endless], return_when=asyncio.FIRST_COMPLETED)
    if not run.done():
        await endless
        # It would ask for ever.
        service.job_error = (404, "JobNotFound")
        with contextlib.suppress(Exception):
            await run
        return f"no end: more than {ENDLESS} requests"
    endless.cancel()
    added = len(service.truth.adds)
    try:
        return f"tells {await run} results, {added} added"
    except Exception:  # noqa: BLE001 - whatever the client raises
        return f"raises, {added} added"


@pytest.fixture(scope="module")
def azure() -> Any:
    return pytest.importorskip("azure.batch")


# Its ways with dates and large bodies are its own business.
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
@of_troubles
async def test_azure_batch_15(azure: Any, service: ScriptedService, trouble: str) -> None:
    if not azure.__version__.startswith("15."):
        pytest.skip(f"this is azure-batch {azure.__version__}")
    key = importlib.import_module("azure.core.credentials").AzureNamedKeyCredential(ACCOUNT, KEY)
    asynchronous = importlib.import_module("azure.batch.aio")

    async def run() -> int:
        async with asynchronous.BatchClient(service.endpoint, key) as client:
            added = await client.create_tasks(service.job, tasks(azure.models.BatchTaskCreateOptions, trouble))
            return len(added.result_values)

    assert await account(service, trouble, run()) == ROWS[trouble][1]


async def test_azure_batch_14(azure: Any) -> None:
    if not azure.__version__.startswith("14."):
        pytest.skip(f"this is azure-batch {azure.__version__}")
    credential = importlib.import_module("azure.batch.batch_auth").SharedKeyCredentials(ACCOUNT, KEY)
    models = importlib.import_module("azure.batch.models")
    told: dict[str, str] = {}

    def run(service: ScriptedService, trouble: str) -> int:
        client = azure.BatchServiceClient(credential, batch_url=service.endpoint)
        added = client.task.add_collection(service.job, tasks(models.TaskAddParameter, trouble))
        return len(added.value)

    for trouble in TROUBLES:
        async with ScriptedService() as service:
            told[trouble] = await account(service, trouble, asyncio.to_thread(run, service, trouble))
    assert told == {trouble: ROWS[trouble][0] for trouble in TROUBLES}


@pytest.mark.slow
async def test_node(node: dict[str, str]) -> None:
    told: dict[str, str] = {}

    async def run(service: ScriptedService, trouble: str) -> int:
        words = ["large"] if TROUBLES[trouble] is large else []
        process = await asyncio.create_subprocess_exec(
            *("node", str(NODE_ADDING), service.endpoint, ACCOUNT, KEY, service.job, *words),
            env=node,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, said = await process.communicate()
        if process.returncode:
            assert b"RestError" in said
            raise RuntimeError(said)
        return int(out)

    async def one(trouble: str) -> None:
        async with ScriptedService() as service:
            told[trouble] = await account(service, trouble, run(service, trouble))

    # All at once: it waits for half a minute before it sends something again.
    await asyncio.gather(*map(one, TROUBLES))
    assert told == {trouble: ROWS[trouble][2] for trouble in TROUBLES}


def mapping(*, id: str, command_line: str) -> dict[str, str]:
    return {"id": id, "commandLine": command_line}


@of_troubles
async def test_batchio(service: ScriptedService, trouble: str) -> None:
    TROUBLES[trouble](service)
    mappings = tasks(mapping, trouble)
    async with connect(service) as client:
        # Its ten tries with their pauses take half a minute.
        fewer: SubmitOptions = {"attempts": 3} if TROUBLES[trouble] is never else {}
        report = await client.tasks.submit(service.job, mappings, **fewer)
    assert report.summary().partition(" (")[0] == ROWS[trouble][3]
    assert report.added == len(service.truth.adds)
    assert set(service.truth.adds.values()) == {1}
