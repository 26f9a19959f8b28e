"""Whose answer it is that came.

Law: pure. A service that repeats the id of each request is believed where it says that an answer is another one's; one
that does not, or that has a way of its own to write ids, is not asked.
"""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp

_ID = "client-request-id"
_GUID = 36


class Echo:
    """Tells the answer to an earlier request from the answer to this one.

    What is sent twice, or too late, lies in the socket when the next request goes out, and nobody has looked where the
    event loop was blocked.
    """

    __slots__ = ("_is_heard",)

    def __init__(self) -> None:
        self._is_heard = False

    def check(self, asked: Mapping[str, str], answered: Mapping[str, str]) -> None:
        """Look at the headers of a request and of what came; raises `ClientPayloadError` for another one's answer."""
        said = answered.get(_ID)
        if said is None:
            return
        given = asked.get(_ID)
        if said == given:
            self._is_heard = True
        elif self._is_heard and given is not None and _are_two(said, given):
            raise aiohttp.ClientPayloadError("what came is the answer to another request")


def _are_two(said: str, given: str) -> bool:
    """Whether these are GUIDs, and not the same one."""
    return len(said) == len(given) == _GUID and said.lower() != given.lower()
