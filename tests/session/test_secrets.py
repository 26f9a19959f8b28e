"""No secret shows: not in logs, not in reprs, not in errors or in all that hangs under them."""

from __future__ import annotations

import base64
import logging
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from azure.core.credentials import AzureNamedKeyCredential

from batchio import BatchClient, BatchioError, RetryPolicy, SharedKeyCredential, TaskTokenCredential, models, to_wire

from .credentials import TokenCredential
from .driving import AT_ONCE, Clock, said_by
from .server import DROP, HANG, Reply, Server, answer, refusal

# Put together at run time: a traceback quotes lines of this file.
MARK = "terces-si-siht"[::-1]
RAW_KEY = base64.b64encode(f"{MARK} key".encode()).decode()
SECRETS = {
    "key": RAW_KEY,
    "token": f"{MARK}-token",
    "signature": f"{MARK}%2Bsignature%3D",
    "password": f"{MARK}-password",
    "header": f"{MARK}-header",
    "query": f"{MARK}-query",
}
SAS = f"https://acct.blob.core.windows.net/c?sv=2022&sig={SECRETS['signature']}&sp=r"

POOL = models.PoolAddParameter(
    id="p",
    vm_size="s",
    user_accounts=[models.UserAccount(name="n", password=SECRETS["password"])],
    start_task=models.StartTask(command_line="x", resource_files=[models.ResourceFile(http_url=SAS, file_path="f")]),
)

ECHO = answer(
    400,
    {
        "code": "InvalidPropertyValue",
        "message": {"value": f"The value {SAS} is wrong."},
        "values": [{"key": "PropertyValue", "value": SAS}],
    },
)

ANSWERS: dict[str, Reply] = {
    "success": answer(201, {"id": "p"}, Location=SAS, Set_Cookie=SECRETS["token"], ETag='"1"'),
    "refused, with an echo": ECHO,
    "throttled": refusal(503, "ServerBusy", Location=SAS),
    "unauthenticated": refusal(401, "AuthenticationFailed", WWW_Authenticate=SECRETS["token"]),
    "forbidden": refusal(403, "AuthenticationFailed"),
    "redirected": answer(307, Location=SAS),
    "a page": answer(502, f"<html><a href='{SAS}'>".encode()),
    "dropped": DROP,
    "half": answer(200, b'{"id": "' + b"x" * 1000).cut(300),
    "unreadable": answer(200, {"startTask": {"commandLine": SECRETS["password"], "resourceFiles": 5}}),
    "unpromised": answer(200, f"<html>{SAS}".encode()),
    "silence": HANG,
}

CALLS: dict[str, Callable[[BatchClient], Awaitable[Any]]] = {
    "create": lambda client: client.pools.create(POOL),
    "create from a mapping": lambda client: client.pools.create(to_wire(POOL)),
    "create what is wrong": lambda client: client.pools.create({**to_wire(POOL), "resizeTimeout": SAS}),
    "create what cannot be written": lambda client: client.pools.create({**to_wire(POOL), "vmSize": object()}),
    "get": lambda client: client.pools.get("p"),
    "request": lambda client: client.request(
        "PUT", "/x", query={"Sig": SECRETS["query"]}, headers={"x-mine": SECRETS["header"]}, json={"u": SAS}
    ),
    "wrong request": lambda client: client.request("PUT", "/x", headers={"x-mine": SECRETS["header"] + "\n"}),
}

CREDENTIALS: dict[str, Callable[[], Any]] = {
    "key": lambda: SharedKeyCredential("acme", RAW_KEY),
    "named key": lambda: AzureNamedKeyCredential("acme", RAW_KEY),
    "task token": lambda: TaskTokenCredential(SECRETS["token"]),
}


class FixedToken(TokenCredential):
    """Gives the marked token."""

    def __init__(self) -> None:
        super().__init__(Clock(9e9))

    async def get_token(self, *scopes: str, **more: Any) -> Any:
        return (await super().get_token(*scopes, **more))._replace(token=SECRETS["token"])


CREDENTIALS["token"] = FixedToken


def shown_by(error: BaseException) -> str:
    """All that an error may show."""
    parts = [str(error), repr(error), "".join(traceback.format_exception(error))]
    return "\n".join(parts)


def check(text: str) -> None:
    """Fail where a secret shows, in any of its forms."""
    for name, secret in SECRETS.items():
        assert secret not in text, name
    assert MARK not in text


@pytest.mark.parametrize(
    ("credential", "call", "reply"),
    [
        *[("token", call, reply) for call in CALLS for reply in ANSWERS],
        *[(credential, "create", reply) for credential in CREDENTIALS for reply in ANSWERS if credential != "token"],
    ],
)
async def test_nothing_shows(
    server: Server, caplog: pytest.LogCaptureFixture, credential: str, call: str, reply: str
) -> None:
    caplog.set_level(logging.DEBUG)
    server.otherwise = ANSWERS[reply]
    retry = RetryPolicy(attempts=2, base=0.0, cap=0.0)
    made = CREDENTIALS[credential]()
    async with BatchClient(server.endpoint, made, retry=retry, timeout=0.02 if reply == "silence" else 10.0) as client:
        try:
            found = await CALLS[call](client)
        except BatchioError as error:
            found = None
            check(shown_by(error))
        check(repr(client) + repr(found) + (repr(made) if credential != "named key" else ""))
    check(caplog.text)
    if server.heard and ANSWERS[reply].data and reply != "half":
        assert "-> " in caplog.text


async def test_what_the_log_says(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "batchio")
    server.say(refusal(503, "ServerBusy", Retry_After="0"), answer(200, ETag='"1"', Location=SAS))
    async with BatchClient(server.endpoint, SharedKeyCredential("acme", RAW_KEY), retry=AT_ONCE) as client:
        await client.request("GET", "/x", query={"$filter": "id eq 'a'", "other": SECRETS["query"]})
    records = said_by(caplog)
    assert [record.levelname for record in records] == ["DEBUG", "INFO", "DEBUG"]
    first, again, last = (record.getMessage() for record in records)
    assert first.startswith("GET /x GET /x $filter=id eq 'a' other=*** api-version=2024-07-01.20.0 -> 503 in ")
    assert "request-id=request-1 Retry-After=0" in first
    assert "failed, again in 0.00 s: GET /x: 503 ServerBusy: No. [request request-1]" in again
    assert last.lower().endswith('etag="1" location=***')


async def test_nobody_who_does_not_ask_gets_a_log(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    server.say(refusal(503, "ServerBusy"), answer(200, {"id": "p"}))
    async with BatchClient(server.endpoint, SharedKeyCredential("acme", RAW_KEY), retry=AT_ONCE) as client:
        await client.pools.get("p")
    assert not said_by(caplog)


def test_reprs() -> None:
    check(repr(POOL))
    check(repr(SharedKeyCredential("acme", RAW_KEY)))
    check(repr(TaskTokenCredential(SECRETS["token"])))
    assert repr(SharedKeyCredential("acme", RAW_KEY)) == "SharedKeyCredential('acme', key='***')"
