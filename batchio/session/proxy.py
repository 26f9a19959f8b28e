"""The proxy that the environment names.

Law: it is looked up once, and its password stands in no URL.
"""

from __future__ import annotations

import base64
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from yarl import URL

from ..errors import ConfigurationError
from ..hiding import without_frames
from .endpoint import is_loopback, port_of


def proxy_for(endpoint: str) -> dict[str, Any]:
    """What aiohttp is told of the environment's proxy: nothing where there is none."""
    # The frames behind it hold the proxy's password.
    with without_frames(ConfigurationError):
        return _proxy_for(endpoint)


def _proxy_for(endpoint: str) -> dict[str, Any]:
    # aiohttp's trust_env looks this up in a thread, for every request, and reads .netrc, which would fight
    # with our own Authorization header.
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    proxy = urllib.request.getproxies().get(parts.scheme)
    if not proxy or is_loopback(host) or _is_bypassed(host, parts.port or port_of(parts.scheme)):
        return {}
    try:
        url = URL(proxy if "://" in proxy else f"http://{proxy}")
    except ValueError:
        # The chained error could quote a password.
        raise ConfigurationError("trust_env: the environment's proxy is no URL") from None
    if url.scheme not in ("http", "https"):
        raise ConfigurationError("trust_env: the environment's proxy is neither http nor https")
    if url.user is None:
        return {"proxy": url}
    basic = base64.b64encode(f"{url.user}:{url.password or ''}".encode()).decode()
    # Apart from the URL, which aiohttp's errors quote; it makes a Proxy-Authorization of this.
    return {"proxy": url.with_user(None), "proxy_headers": {"Authorization": f"Basic {basic}"}}


def _is_bypassed(host: str, port: int) -> bool:
    """Whether the environment names the host, or the host with this port, as one that is reached without a proxy."""
    places = (host, f"{host}:{port}")
    return any(urllib.request.proxy_bypass(place) for place in places)
