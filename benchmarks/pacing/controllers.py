"""The controllers that are compared.

Law: each is made new for every client of every run, with nothing set to suit a scenario.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from batchio.bulk.controller import Pacing
from batchio.bulk.pacing import RatePacing

from .peers import Aimd, Botocore, Fixed
from .scenarios import MOST

OURS = "ours"


@dataclass(frozen=True, kw_only=True)
class Controller:
    """`frees`: a request that was refused gives its place in the window to another while it waits. `short`: run for
    the scenario's `short` seconds only.
    """

    what: str
    make: Callable[[], Pacing]
    frees: bool = False
    short: bool = False


CONTROLLERS = {
    OURS: Controller(what="batchio", make=RatePacing),
    "fixed": Controller(
        what=f"{MOST} requests in flight, always; 10 s where nothing changes, 45 s of M and N",
        make=lambda: Fixed(MOST),
        frees=True,
        short=True,
    ),
    "aimd": Controller(what="slow start, one more a round trip, halved at failures", make=lambda: Aimd(MOST)),
    "botocore": Controller(what=f"retry mode adaptive, {MOST} threads", make=lambda: Botocore(MOST)),
}
