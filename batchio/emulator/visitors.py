"""Pages in a browser: they reach what listens on this machine, and are no clients.

Law: a page does not come in, whatever it shows: everybody knows the key. It is known by the `Origin` that browsers add,
or by the name under which it found us; on loopback that is none which its owner could have pointed here meanwhile.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from functools import lru_cache

from .refusals import Refusal

_RESERVED = ("localhost", "internal", "local", "test")
"""Top-level domains in which nobody can register a name."""


def check_visitor(headers: Mapping[str, str], *, loopback: bool) -> None:
    """Refuse a page in a browser; `loopback`: the emulator listens there alone. Raises `Refusal`."""
    if "Origin" in headers:
        raise _refused("Not from a page in a browser")
    host = headers.get("Host", "")
    if loopback and not _is_ours(host):
        raise _refused(f"Not under the name {host[:64]!r}: use localhost, an address, or a name that is reserved")


def _refused(reason: str) -> Refusal:
    return Refusal("InsufficientAccountPermissions", (("Reason", reason),))


@lru_cache(256)
def _is_ours(host: str) -> bool:
    """Whether this is an address, a name without a dot, or one in a domain that nobody can have."""
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0].rstrip(".")
    try:
        ipaddress.ip_address(name)
    except ValueError:
        *above, last = name.lower().split(".")
        return not above or last in _RESERVED
    return True
