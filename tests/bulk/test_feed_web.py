"""The web backend of the README, as it stands there, in front of the scripted service."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from scripted import ACCOUNT, KEY, ScriptedService, leaves_nothing, make_ids, settled

README = (Path(__file__).parent.parent.parent / "README.md").read_text("utf-8")


def example(job: str) -> dict[str, Any]:
    """What the example defines, for another job."""
    (code,) = (block for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "cleanup_ctx" in block)
    names: dict[str, Any] = {"__name__": "example"}
    exec(code.replace('"render"', repr(job)), names)  # noqa: S102 - our own README
    return names


async def test_many_requests_to_a_backend_are_few_to_the_service(
    service: ScriptedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_BATCH_ENDPOINT", service.endpoint)
    monkeypatch.setenv("AZURE_BATCH_ACCOUNT", ACCOUNT)
    monkeypatch.setenv("AZURE_BATCH_ACCESS_KEY", KEY)
    service.truth.preload(["frame-7"])
    service.latency = 0.05
    names = example(service.job)
    with leaves_nothing():
        runner = web.AppRunner(names["app"])
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        (_, port, *_) = runner.addresses[0]
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=200)) as session:

            async def post(frame: int) -> tuple[int, Any]:
                async with session.post(f"http://127.0.0.1:{port}/frames/{frame}") as answer:
                    return answer.status, await answer.json()

            answers = await asyncio.gather(*map(post, range(600)))
        feed = names["app"][names["FEED"]]
        await runner.cleanup()
        await settled()
    assert Counter(status for status, _ in answers) == {201: 599, 409: 1}
    assert answers[7] == (409, {"state": "existed"})
    assert sorted(service.truth.adds) == sorted(set(make_ids(600, "frame")) - {"frame-7"})
    assert feed.report.taken == 600
    # 600 requests came in; some of those that went out are full, and none of them was for one task alone as a rule.
    assert len(service.history) < 100
