"""The api-versions that can be chosen, and which of them have a thing that was added or taken away.

Law: what has a `since` or an `until` (an operation, an option, a model's field) says so where it stands; here is
how the two are read. Source: the service's versioning document.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Protocol

from ..errors import ConfigurationError

DEFAULT = "2024-07-01.20.0"

VERSIONS = (
    "2019-08-01.10.0",
    "2020-03-01.11.0",
    "2020-09-01.12.0",
    "2021-06-01.14.0",
    "2022-01-01.15.0",
    "2022-10-01.16.0",
    "2023-05-01.17.0",
    "2023-11-01.18.0",
    "2024-02-01.19.0",
    "2024-07-01.20.0",
    "2025-06-01",
)
"""Oldest first."""


VARIABLE = "AZURE_BATCH_API_VERSION"
"""Names the api-version in the environment."""


def in_environment(environment: Mapping[str, str]) -> str:
    """The version that the environment names, or the default; raises `ConfigurationError` for one that is none."""
    version = environment.get(VARIABLE) or DEFAULT
    if version not in VERSIONS:
        raise ConfigurationError(f"{VARIABLE}: {version!r} is unknown; known are {', '.join(VERSIONS)}")
    return version


class Versioned(Protocol):
    """What only some versions have: from `since` to `until`, both included; None is as far as versions go."""

    @property
    def since(self) -> str | None: ...  # noqa: D102 - said above
    @property
    def until(self) -> str | None: ...  # noqa: D102 - said above


def is_known(thing: Versioned, version: str) -> bool:
    """Whether an api-version has it."""
    return (thing.since is None and thing.until is None) or version in _between(thing.since, thing.until)


def versions_of(thing: Versioned) -> str:
    """The versions that have it, in words."""
    known = _between(thing.since, thing.until)
    return known[0] if len(known) == 1 else f"{known[0]} to {known[-1]}"


@cache
def _between(since: str | None, until: str | None) -> tuple[str, ...]:
    first = VERSIONS.index(since) if since else 0
    last = VERSIONS.index(until) if until else len(VERSIONS) - 1
    return VERSIONS[first : last + 1]
