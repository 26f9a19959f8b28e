"""The account's address: checked once, and asked before a credential goes anywhere.

Law: pure. Credentials go to this scheme, host and port only; http is for loopback hosts alone unless allowed.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

import msgspec

from ..errors import ConfigurationError

CLOUDS = {
    "public": "https://batch.core.windows.net//.default",
    "usgovernment": "https://batch.core.usgovcloudapi.net//.default",
    "china": "https://batch.chinacloudapi.cn//.default",
}
"""Cloud -> scope of its tokens. The double slash is right: the resource's id ends in a slash."""

_PLACE = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[1-9][0-9]*)?")
_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?")
_ADDRESS = re.compile(r"[0-9.]+|[0-9a-f.]*:[0-9a-f:.]*|.*\.[0-9]+")
_SUFFIXES = {"usgovcloudapi.net": "usgovernment", "chinacloudapi.cn": "china"}


class Endpoint(msgspec.Struct, frozen=True):
    """`scheme://host[:port]` of a Batch account."""

    url: str
    scheme: str
    host: str
    port: int

    def owns(self, link: str) -> bool:
        """Whether a link leads to this very scheme, host and port."""
        try:
            parts = urlsplit(link)
            port = parts.port or port_of(parts.scheme)
        except ValueError:
            return False
        return (parts.scheme, parts.hostname, port) == (self.scheme, self.host, self.port) and "@" not in parts.netloc


def parse_endpoint(endpoint: str, *, allow_http: bool = False) -> Endpoint:
    """Check an endpoint; without a scheme it is https. Raises `ConfigurationError`."""
    if not isinstance(endpoint, str) or not endpoint.strip():
        raise ConfigurationError("endpoint: the account's URL is missing (https://ACCOUNT.REGION.batch.azure.com)")
    text = endpoint.strip() if "://" in endpoint else f"https://{endpoint.strip()}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port or port_of(parts.scheme)
    except ValueError:
        # The chained error could quote a password.
        raise ConfigurationError("endpoint: not a URL (https://ACCOUNT.REGION.batch.azure.com)") from None
    if "@" in parts.netloc:
        raise ConfigurationError("endpoint: a URL with a user name or password is refused")
    # A line break or tab inside of it, which `urlsplit` leaves out, makes another host of it.
    is_plain = text.isprintable() and _PLACE.fullmatch(parts.netloc)
    if parts.scheme not in ("https", "http") or not is_plain or not _is_host(host):
        raise ConfigurationError(
            "endpoint: an https URL with a host is needed (https://ACCOUNT.REGION.batch.azure.com)"
        )
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ConfigurationError("endpoint: only scheme and host, without a path or query")
    if parts.scheme == "http" and not (allow_http or is_loopback(host)):
        raise ConfigurationError(f"endpoint: http to {host} would show the credential; use https")
    return Endpoint(f"{parts.scheme}://{parts.netloc}", parts.scheme, host, port)


def _is_host(host: str) -> bool:
    """Whether it is a name that can be looked up, or an address as it is usually written."""
    try:
        if _ADDRESS.fullmatch(host):
            return bool(ipaddress.ip_address(host))
        return bool(_NAME.fullmatch(host) and host.encode().decode("idna"))
    except ValueError:
        return False


def token_scope(endpoint: Endpoint, cloud: str | None) -> str:
    """The scope of the tokens for this endpoint; `cloud` (a name of `CLOUDS`, or a scope) goes first."""
    if cloud is not None:
        if isinstance(cloud, str) and "://" in cloud:
            return cloud
        if cloud not in CLOUDS:
            raise ConfigurationError(f"cloud: {cloud!r} is unknown; known are {', '.join(CLOUDS)}, or give a scope")
        return CLOUDS[cloud]
    for suffix, name in _SUFFIXES.items():
        if endpoint.host.endswith("." + suffix):
            return CLOUDS[name]
    return CLOUDS["public"]


def port_of(scheme: str) -> int:
    """The port that a URL without one means."""
    return 80 if scheme == "http" else 443


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, whatever the network looks like."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
