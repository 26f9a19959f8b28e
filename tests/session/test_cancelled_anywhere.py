"""A call that is cancelled, or whose client is closed, wherever it is: nothing of it stays."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from suspending import Moment, at_every_suspension

from batchio import BatchClient, BatchioError, RetryPolicy

from .credentials import Token, TokenCredential
from .driving import Clock, connect, stray_tasks, until
from .server import DROP, Heard, Reply, Server, answer, page, refusal

Use = Callable[[BatchClient, Path], Awaitable[object]]
CONTENT = b"0123456789abcdef" * 10_000
SWIFT = RetryPolicy(attempts=4, base=0.001, cap=0.001)


async def get(client: BatchClient, _: Path) -> None:
    assert (await client.jobs.get("j")).id == "j"


async def create(client: BatchClient, _: Path) -> None:
    await client.jobs.create({"id": "j", "poolInfo": {"poolId": "p"}})


async def items(client: BatchClient, _: Path) -> None:
    assert [job.id async for job in client.jobs.list()] == ["1", "2", "3"]


async def pages(client: BatchClient, _: Path) -> None:
    assert len([page async for page in client.jobs.list(prefetch=False).by_page()]) == 3


async def read(client: BatchClient, _: Path) -> None:
    async with client.tasks.get_file("j", "t", "out") as file:
        assert await file.read() == CONTENT


async def download(client: BatchClient, directory: Path) -> None:
    async with client.tasks.get_file("j", "t", "out") as file:
        await file.download(directory / "out")


async def wait(client: BatchClient, _: Path) -> None:
    async def see(_: object) -> None:
        await asyncio.sleep(0)

    await client.jobs.wait("j", until="completed", interval=0.001, deadline=60.0, callback=see)


USES: dict[str, Use] = {use.__name__: use for use in (get, create, items, pages, read, download, wait)}


class Story:
    """What the server says to one use from its beginning: a refusal, a loss, half a file, and what was asked for."""

    def __init__(self) -> None:
        self._heard = 0

    def begin(self) -> None:
        """The next request is the first one of a use."""
        self._heard = 0

    def __call__(self, heard: Heard) -> Reply:
        self._heard += 1
        if heard.method == "POST":
            return answer(201)
        if self._heard == 1:
            return refusal(503, "ServerBusy")
        if self._heard == 2:
            return DROP
        if "/files/" in heard.path:
            reply = answer(200, CONTENT, Last_Modified="Fri, 17 Feb 2017 00:00:00 GMT")
            return reply if "ocp-range" in heard.headers else reply.cut(100_000)
        if heard.path == "/jobs":
            return self._page(heard)
        return answer(200, {"id": "j", "state": "completed" if self._heard > 4 else "active"})

    @staticmethod
    def _page(heard: Heard) -> Reply:
        number = int(heard.query.get("p", "1"))
        scheme = "https" if heard.headers["user-agent"].startswith("https") else "http"
        link = f"{scheme}://{heard.headers['host']}/jobs?p={number + 1}"
        return page({"id": str(number)}, to=link if number < 3 else None)


class SlowCredential(TokenCredential):
    """Is awaited for real."""

    async def get_token(self, *scopes: str, **_: Any) -> Token:
        await asyncio.sleep(0)
        return await super().get_token(*scopes)


BOTH_WAYS = pytest.mark.parametrize(
    "way", ["connections", pytest.param("session", marks=pytest.mark.slow)], indirect=True
)


async def rests(client: Any) -> None:
    """Wait until nothing of the client goes on, and see that nobody holds one of its connections."""
    await until(lambda: not client.stats.in_flight)
    connections = client._session._transport._connections
    assert {link for links in connections._resting.values() for link in links} == connections._links


@pytest.fixture
async def story(server: Server) -> AsyncIterator[Story]:
    """The server's part; when all is over no socket, task or timer is left."""
    loop: Any = asyncio.get_running_loop()
    before = set(loop._scheduled)
    server.otherwise = story = Story()
    yield story
    await server.is_left()
    assert not stray_tasks(server)
    assert not {timer for timer in loop._scheduled if not timer.cancelled()} - before
    gc.collect()  # a socket that was forgotten says so


@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize("use", USES)
@BOTH_WAYS
@pytest.mark.usefixtures("way")
async def test_cancelled_on_a_client_that_goes_on(
    server: Server, story: Story, tmp_path: Path, use: str, moment: Moment
) -> None:
    struck = 0
    async with connect(server, retry=SWIFT) as client:

        async def begin() -> None:
            story.begin()
            await USES[use](client, tmp_path)

        async for task in at_every_suspension(begin, moment):
            struck += 1
            assert task.cancelled()
            await rests(client)
            await until(lambda: not stray_tasks(server))
            assert [path.name for path in Path.iterdir(tmp_path)] in ([], ["out"])
        story.begin()
        await get(client, tmp_path)
    assert struck >= 3


@pytest.fixture(params=["http", *(pytest.param(each, marks=pytest.mark.slow) for each in ("by name", "https"))])
def endpoint(request: pytest.FixtureRequest, server: Server, safe_server: Server, story: Story) -> str:
    """The address of a server that tells the story."""
    safe_server.otherwise = story
    if request.param == "https":
        return safe_server.endpoint
    return server.endpoint.replace("127.0.0.1", "localhost") if request.param == "by name" else server.endpoint


@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize("what", ["cancelled", "closed"])
@BOTH_WAYS
@pytest.mark.usefixtures("way")
async def test_a_client_from_its_first_moment_to_its_last(
    server: Server, safe_server: Server, story: Story, endpoint: str, what: str, moment: Moment, tmp_path: Path
) -> None:
    """It is made, finds its token and its service, lists, and is closed; somewhere in between it ends."""
    clients = list[BatchClient]()
    closings = list[asyncio.Task[None]]()

    async def begin() -> None:
        story.begin()
        scheme = endpoint.partition(":")[0]
        client = BatchClient(
            endpoint, SlowCredential(Clock()), retry=SWIFT, timeout=5.0, trust_env=False, application_id=scheme
        )
        clients.append(client)
        async with client:
            await items(client, tmp_path)

    def strike(task: asyncio.Task[Any]) -> None:
        if what == "cancelled":
            task.cancel()
        else:
            closings.append(asyncio.create_task(clients[-1].close()))

    struck = 0
    async for task in at_every_suspension(begin, moment, strike):
        struck += 1
        await asyncio.gather(*closings)
        if what == "cancelled":
            assert task.cancelled()
        else:
            # Nobody has cancelled the call: it ends well, or with an error of ours.
            assert isinstance(task.exception(), BatchioError | None)
        await clients[-1].close()
        await until(lambda: not stray_tasks(server, safe_server))
        await server.is_left()
        await safe_server.is_left()
    assert struck > 10
