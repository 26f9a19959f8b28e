"""The controllers that are compared."""
from __future__ import annotations
from collections.abc import Callable
from dataclasses import dataclass
from batchio.bulk.pacing import Pacing, RatePacing
from .peers import Aimd, Botocore, Fixed
from .scenarios import MOST

@dataclass(frozen=True, kw_only=True)
class Controller:
    what: str
    make: Callable[[], Pacing]
    frees: bool = False

CONTROLLERS = {
    "ours": Controller(what="", make=RatePacing),
    "fixed": Controller(what="", make=lambda: Fixed(MOST), frees=True),
    "aimd": Controller(what="", make=lambda: Aimd(MOST), frees=True),
    "botocore": Controller(what="", make=lambda: Botocore(MOST), frees=False),
}
