"""Where the emulator listens, and by which name it is reached there.

Law: it listens beyond loopback only where that was asked for, and not without a warning.
"""

from __future__ import annotations

import ipaddress
import warnings

from ..errors import ConfigurationError

ANY = ("", "0.0.0.0", "::")  # noqa: S104 - compared, not bound
"""Hosts that stand for every address of the machine."""


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def checked_host(host: str, nodes: str) -> str:
    """The host; the caller's caller is warned where it is beyond loopback, and of what `nodes` makes of that.

    Raises `ConfigurationError` for what is no host.
    """
    if not _can_be_a_host(host):
        raise ConfigurationError(f"host: an address or a name to listen on, not {host!r}")
    if not is_loopback(host):
        # The key is published, and a token needs none.
        danger = "; whoever reaches it can run any command here" if nodes == "process" else ""
        warnings.warn(f"the emulator listens on {host!r}, beyond this machine's loopback{danger}", stacklevel=3)
    return host


def _can_be_a_host(host: str) -> bool:
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return bool(host) and host.isprintable()


def url_of(host: str, port: int, *, https: bool) -> str:
    """How a client on this machine reaches it."""
    name = ("[::1]" if host == "::" else "127.0.0.1") if host in ANY else f"[{host}]" if ":" in host else host
    return f"{'https' if https else 'http'}://{name}:{port}"
