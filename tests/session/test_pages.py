"""Listings: by item, by page, from a token on, with a limit, and never to another host or in a circle."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchio import BatchClient, DecodeError, Page, Pages, ResourceNotFoundError, TransportError, models
from batchio.session.endpoint import parse_endpoint
from batchio.session.pages import PageBody

from .driving import connect, signature_of, stray_tasks, until
from .server import DROP, HANG, Server, answer, page, refusal


def jobs(*ids: str) -> list[dict[str, str]]:
    """Jobs in wire shape."""
    return [{"id": each} for each in ids]


def link(server: Server, token: str) -> str:
    """A nextLink as the service makes it."""
    return f"{server.endpoint}/jobs?$filter=state%20eq%20%27active%27&api-version=2024-07-01.20.0&$skiptoken={token}"


async def ids_of(pages: Pages[models.CloudJob]) -> list[str | None]:
    """The ids of a listing, by item."""
    return [job.id async for job in pages]


async def test_by_item(server: Server, client: BatchClient) -> None:
    server.say(
        page(*jobs("a", "b"), to=link(server, "1")),
        page(to=link(server, "2")),
        page(*jobs("c"), to=link(server, "3")),
        answer(200, {"value": None}),
    )
    assert await ids_of(client.jobs.list(filter="state eq 'active'")) == ["a", "b", "c"]
    first, *others = server.heard
    assert first.query == {"$filter": "state eq 'active'", "api-version": "2024-07-01.20.0"}
    assert [heard.query["$skiptoken"] for heard in others] == ["1", "2", "3"]
    assert all(heard.query["$filter"] == "state eq 'active'" for heard in server.heard)
    assert [heard.headers["authorization"] for heard in server.heard] == [signature_of(h) for h in server.heard]
    assert len({heard.headers["client-request-id"] for heard in server.heard}) == 4


async def test_nothing_is_sent_before_it_is_iterated(server: Server, client: BatchClient) -> None:
    client.jobs.list().by_page()
    assert not server.heard


async def test_a_listing_can_be_iterated_again(server: Server, client: BatchClient) -> None:
    server.say(page(*jobs("a")), page(*jobs("a", "b")))
    pages = client.jobs.list()
    assert await ids_of(pages) == ["a"]
    assert await ids_of(pages) == ["a", "b"]
    first, second = server.heard
    assert first.headers["client-request-id"] != second.headers["client-request-id"]


async def test_an_id_that_the_caller_gave_marks_all_pages(server: Server, client: BatchClient) -> None:
    server.say(page(*jobs("a"), to=link(server, "1")), page(*jobs("b")))
    guid = "8b0f6a4e-5d2d-4b5c-9c5b-0e7f3e8f3a11"
    assert await ids_of(client.jobs.list(client_request_id=guid)) == ["a", "b"]
    assert [heard.headers["client-request-id"] for heard in server.heard] == [guid, guid]


async def test_by_page_and_from_a_token_on(server: Server, client: BatchClient) -> None:
    server.say(page(*jobs("a", "b"), to=link(server, "1")), page(*jobs("c")), page(*jobs("c")))
    found = [page async for page in client.jobs.list().by_page()]
    assert [[job.id for job in page.items] for page in found] == [["a", "b"], ["c"]]
    assert [page.continuation_token for page in found] == [link(server, "1"), None]
    again = [page async for page in client.jobs.list().by_page(found[0].continuation_token)]
    assert again == [Page(items=[models.CloudJob(id="c")])]
    assert server.heard[2].target == server.heard[1].target


async def test_empty_pages_are_pages(server: Server, client: BatchClient) -> None:
    server.say(page(to=link(server, "1")), page())
    assert [page.items async for page in client.jobs.list().by_page()] == [[], []]


@pytest.mark.parametrize(
    ("limit", "found", "requests"),
    [(0, [], 0), (1, ["a"], 1), (2, ["a", "b"], 1), (3, ["a", "b", "c"], 2), (9, ["a", "b", "c", "d"], 2)],
)
async def test_a_limit_over_pages(
    server: Server, client: BatchClient, limit: int, found: list[str], requests: int
) -> None:
    server.say(page(*jobs("a", "b"), to=link(server, "1")), page(*jobs("c", "d")))
    assert await ids_of(client.jobs.list(limit=limit)) == found
    assert len(server.heard) == requests


async def test_a_page_that_a_limit_has_cut_has_no_token(server: Server, client: BatchClient) -> None:
    server.say(page(*jobs("a", "b"), to=link(server, "1")))
    assert [page.continuation_token async for page in client.jobs.list(limit=1).by_page()] == [None]
    server.say(page(*jobs("a", "b"), to=link(server, "1")))
    assert [page.continuation_token async for page in client.jobs.list(limit=2).by_page()] == [link(server, "1")]


async def test_a_page_is_tried_again_like_any_call(server: Server, client: BatchClient) -> None:
    server.say(page(*jobs("a"), to=link(server, "1")), DROP, refusal(503, "ServerBusy"), page(*jobs("b")))
    assert await ids_of(client.jobs.list()) == ["a", "b"]
    second, third, fourth = (heard.headers["client-request-id"] for heard in server.heard[1:])
    assert second == third == fourth


async def test_a_page_that_fails_does_not_take_the_others_with_it(server: Server, client: BatchClient) -> None:
    server.say(page(*jobs("a"), to=link(server, "1")), refusal(404, "JobNotFound"))
    found: list[str | None] = []

    async def read() -> None:
        async for job in client.jobs.list():
            found.append(job.id)  # noqa: PERF401 - what came before the failure counts

    with pytest.raises(ResourceNotFoundError):
        await read()
    assert found == ["a"]


# Links.

CIRCLE = r"^the pages' nextLinks lead in a circle$"
ELSEWHERE = r"^the page's nextLink leads to another host; it was not followed$"


async def test_a_link_to_somebody_else_is_not_followed(server: Server, client: BatchClient) -> None:
    async with Server() as elsewhere:
        elsewhere.otherwise = page()
        port = server.endpoint.rsplit(":", 1)[1]
        strangers = [
            f"{elsewhere.endpoint}/jobs",  # another port
            f"https://127.0.0.1:{port}/jobs",  # another scheme
            f"http://127.0.0.2:{port}/jobs",  # another host
            f"http://localhost:{port}/jobs",
            f"http://127.0.0.1:{port}@evil.example/jobs",
            f"http://user@127.0.0.1:{port}/jobs",
            f"http://user:password@127.0.0.1:{port}/jobs",
            f"//127.0.0.1:{port}/jobs",
            "/jobs?$skiptoken=1",
            "jobs",
            "http://[::1/jobs",
            "http://127.0.0.1:99999/jobs",
            "file:///etc/passwd",
        ]
        for stranger in strangers:
            server.say(page(*jobs("a"), to=stranger))
            with pytest.raises(DecodeError, match=ELSEWHERE):
                await ids_of(client.jobs.list())
        assert len(server.heard) == len(strangers)
        with pytest.raises(DecodeError, match=ELSEWHERE):
            [page async for page in client.jobs.list().by_page(f"{elsewhere.endpoint}/jobs")]
        assert not elsewhere.connections
        assert len(server.heard) == len(strangers)


@pytest.mark.parametrize(
    ("link", "is_own"),
    [
        ("https://acme.batch.azure.com/x", True),
        ("https://ACME.batch.azure.com/x", True),
        ("HTTPS://acme.batch.azure.com:443/x", True),
        ("https://acme.batch.azure.com", True),
        ("https://acme.batch.azure.com:444/x", False),
        ("http://acme.batch.azure.com/x", False),
        ("http://acme.batch.azure.com:443/x", False),
        ("https://acme.batch.azure.com.evil.example/x", False),
        ("https://evil.example/acme.batch.azure.com", False),
        ("https://x@acme.batch.azure.com/x", False),
        ("https://:x@acme.batch.azure.com/x", False),
        ("https://@acme.batch.azure.com/x", False),
        ("https://[::1", False),
        ("https://acme.batch.azure.com:port", False),
        ("", False),
    ],
)
def test_whose_a_link_is(link: str, *, is_own: bool) -> None:
    assert parse_endpoint("https://acme.batch.azure.com").owns(link) is is_own


async def test_an_empty_link_is_the_end(server: Server, client: BatchClient) -> None:
    server.say(page(*jobs("a"), to=""))
    assert await ids_of(client.jobs.list()) == ["a"]


@pytest.mark.parametrize("body", [{}, {"status": "welcome"}, {"Value": [{"id": "a"}]}, {"value": {}}, []])
async def test_what_is_no_page_is_not_an_empty_one(server: Server, client: BatchClient, body: Any) -> None:
    """Somebody else may have answered: a gateway says 200, too."""
    server.say(answer(200, body))
    with pytest.raises(DecodeError, match=r"^the answer is no PageBody: "):
        await ids_of(client.jobs.list())


async def test_a_link_is_sent_as_it_came_and_signed_as_the_service_reads_it(
    server: Server, client: BatchClient
) -> None:
    raw = f"{server.endpoint}/jobs?$skiptoken=a%2Bb%3D%3D!x~;y&$filter=id eq 'ü'&api-version=2024-07-01.20.0&empty="
    server.say(page(to=raw), page())
    assert await ids_of(client.jobs.list()) == []
    second = server.heard[1]
    assert "$skiptoken=a%2Bb%3D%3D!x~;y&$filter=id%20eq%20'%C3%BC'&" in second.target
    assert second.headers["authorization"] == signature_of(second)


async def test_a_link_without_a_path_is_signed_as_it_is_sent(server: Server, client: BatchClient) -> None:
    server.say(page(to=f"{server.endpoint}?$skiptoken=a"), page())
    assert await ids_of(client.jobs.list()) == []
    second = server.heard[1]
    assert second.target == "/?$skiptoken=a"
    assert second.headers["authorization"] == signature_of(second)


@pytest.mark.parametrize("length", [1, 2, 3, 7, 50])
async def test_a_circle_of_links_comes_to_an_end(server: Server, client: BatchClient, length: int) -> None:
    links = [link(server, str(number)) for number in range(length)]
    for number in range(length * 4 + 4):
        server.say(page(*jobs("a"), to=links[number % length]))
    with pytest.raises(DecodeError, match=CIRCLE):
        await ids_of(client.jobs.list())
    assert len(server.heard) <= 3 * length + 2


@given(before=st.integers(0, 20), length=st.integers(1, 20))
async def test_a_circle_is_found_wherever_it_begins(before: int, length: int) -> None:
    fetched = 0

    async def fetch(token: str | None) -> PageBody[int]:
        nonlocal fetched
        fetched += 1
        assert fetched <= 4 * (before + length) + 4
        number = int(token or 0) + 1
        return PageBody(value=[number], next_link=str(number if number < before + length else before))

    with pytest.raises(DecodeError, match=CIRCLE):
        [item async for item in Pages(fetch, None, prefetch=False)]


async def test_a_token_that_leads_to_itself(server: Server, client: BatchClient) -> None:
    server.say(page(*jobs("a"), to=link(server, "1")))
    with pytest.raises(DecodeError, match=CIRCLE):
        [page async for page in client.jobs.list().by_page(link(server, "1"))]


@given(sizes=st.lists(st.integers(0, 5), max_size=12), limit=st.none() | st.integers(0, 40))
async def test_whatever_the_pages_are_the_items_are_all_there(sizes: list[int], limit: int | None) -> None:
    numbers = iter(range(100))
    bodies = [[next(numbers) for _ in range(size)] for size in [*sizes, 0]]

    async def fetch(token: str | None) -> PageBody[int]:
        number = int(token or 0)
        return PageBody(value=bodies[number], next_link=str(number + 1) if number < len(sizes) else None)

    everything = list(range(sum(sizes)))
    assert [item async for item in Pages(fetch, limit)] == everything[:limit]
    pages = [each async for each in Pages(fetch, limit).by_page()]
    assert [item for each in pages for item in each.items] == everything[:limit]
    for each in pages:
        if each.continuation_token is not None and each.items:
            rest = [item async for other in Pages(fetch, None).by_page(each.continuation_token) for item in other.items]
            assert rest == everything[each.items[-1] + 1 :]


async def test_a_listing_that_is_left_early_leaves_nothing(server: Server, client: BatchClient) -> None:
    server.otherwise = page(*jobs("a", "b"), to=link(server, "1"))
    items: Any = client.jobs.list().__aiter__()
    assert (await anext(items)).id == "a"
    await items.aclose()
    assert len(server.heard) == 1


# The next page, while this one is read.


def script(server: Server, pages: int) -> None:
    """So many pages with one job each."""
    for number in range(pages):
        server.say(page(*jobs(str(number)), to=link(server, str(number + 1)) if number + 1 < pages else None))


async def test_one_page_is_fetched_ahead_and_no_more(server: Server, client: BatchClient) -> None:
    script(server, 4)
    reader = client.jobs.list().by_page()
    for number in range(4):
        found = await anext(reader)
        assert [job.id for job in found.items] == [str(number)]
        ahead = min(4, number + 2)
        await server.hears(ahead)
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(server.heard) == ahead
    assert [each async for each in reader] == []


@pytest.mark.parametrize(
    ("prefetch", "limit", "fetched"), [(True, None, 2), (True, 3, 2), (True, 2, 2), (True, 1, 1), (False, None, 1)]
)
async def test_what_is_fetched_ahead(*, prefetch: bool, limit: int | None, fetched: int) -> None:
    tokens = list[str | None]()

    async def fetch(token: str | None) -> PageBody[int]:
        tokens.append(token)
        if token is not None:
            await asyncio.Event().wait()
        return PageBody(value=[1], next_link="next")

    reader = Pages(fetch, limit, prefetch=prefetch).by_page()
    await anext(reader)
    await asyncio.sleep(0)
    assert tokens == [None, "next"][:fetched]
    assert [task.get_name() for task in stray_tasks()] == ["batchio next page"][: fetched - 1]
    await reader.aclose()
    assert not stray_tasks()


async def test_prefetching_can_be_switched_off(server: Server, client: BatchClient) -> None:
    script(server, 2)
    reader = client.jobs.list(prefetch=False).by_page()
    await anext(reader)
    for _ in range(20):
        await asyncio.sleep(0)
    assert not stray_tasks(server)
    assert len(server.heard) == 1
    await anext(reader)
    assert [each async for each in reader] == []
    assert "prefetch" not in server.heard[0].query


async def test_nothing_is_fetched_ahead_behind_a_limit(server: Server, client: BatchClient) -> None:
    script(server, 3)
    reader = client.jobs.list(limit=2).by_page()
    await anext(reader)
    await server.hears(2)
    await anext(reader)
    assert not stray_tasks(server)
    assert [each async for each in reader] == []
    assert len(server.heard) == 2


@pytest.mark.parametrize("by_page", [True, False])
async def test_an_iteration_that_is_left_leaves_no_task(server: Server, client: BatchClient, *, by_page: bool) -> None:
    server.say(page(*jobs("a", "b"), to=link(server, "1")), HANG)
    pages = client.jobs.list()
    reader: Any = pages.by_page() if by_page else pages.__aiter__()
    await anext(reader)
    await server.hears(2)
    await reader.aclose()
    assert not stray_tasks(server)
    await server.is_left()


async def test_an_iteration_that_is_broken_off_leaves_no_task(server: Server, client: BatchClient) -> None:
    server.say(page(*jobs("a", "b"), to=link(server, "1")), HANG)
    async for _ in client.jobs.list():
        await server.hears(2)
        break
    await until(lambda: not stray_tasks(server))
    await server.is_left()


@pytest.mark.parametrize("while_it_waits", [True, False])
async def test_an_iteration_that_is_cancelled_leaves_no_task(
    server: Server, client: BatchClient, *, while_it_waits: bool
) -> None:
    server.say(page(*jobs("a"), to=link(server, "1")), HANG)
    read = asyncio.Event()

    async def iterate() -> None:
        async for _ in client.jobs.list():
            read.set()
            if not while_it_waits:
                await asyncio.Event().wait()

    task = asyncio.create_task(iterate())
    await read.wait()
    await server.hears(2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: not stray_tasks(server))
    await server.is_left()


async def test_a_failure_ahead_of_its_time_concerns_nobody_who_has_left(server: Server, client: BatchClient) -> None:
    server.say(page(*jobs("a"), to=link(server, "1")), refusal(404, "JobNotFound"))
    reader: Any = client.jobs.list().by_page()
    await anext(reader)
    await until(lambda: not stray_tasks(server) and len(server.heard) == 2)
    await reader.aclose()


async def test_a_client_is_closed_while_a_page_is_fetched_ahead(server: Server) -> None:
    server.say(page(*jobs("a"), to=link(server, "1")), HANG)
    client = connect(server)
    reader = client.jobs.list().by_page()
    await anext(reader)
    await server.hears(2)
    await client.close()
    with pytest.raises(TransportError):
        await anext(reader)
    assert not stray_tasks(server)
