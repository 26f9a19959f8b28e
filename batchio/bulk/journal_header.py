"""What a journal begins with: that it is one, its format, and whose it is.

Law: pure. A header that is damaged in any way is refused: nothing behind it means anything then.
"""

from __future__ import annotations

import zlib
from datetime import datetime
from struct import Struct

import msgspec

from ..errors import ConfigurationError

VERSION = 1
MAGIC = b"batchio\n"
_START = Struct("<HI")
_CHECK = Struct("<I")


class Header(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whose journal it is. `shard`: of which part of an input, as `2/3`; none where it is of the whole."""

    endpoint: str
    job: str
    created: datetime
    shard: str = ""

    def check(self, endpoint: str, job: str, shard: str = "") -> None:
        """Raise `ConfigurationError` where it is another job's, or another shard's."""
        if (self.endpoint, self.job.lower()) != (endpoint, job.lower()):
            raise ConfigurationError(
                f"it is the journal of job {self.job!r} at {self.endpoint}, not of job {job!r} at {endpoint}"
            )
        if self.shard != shard:
            raise ConfigurationError(f"it is the journal of {_words(self.shard)}, not of {_words(shard)}")


def _words(shard: str) -> str:
    return f"shard {shard}" if shard else "a whole input"


def encode_header(header: Header) -> bytes:
    """The bytes that a journal begins with."""
    text = msgspec.json.encode(header)
    data = MAGIC + _START.pack(VERSION, len(text)) + text
    return data + _CHECK.pack(zlib.crc32(data))


def decode_header(data: bytes) -> tuple[Header, int]:
    """The header and its length; raises `ConfigurationError`."""
    at = len(MAGIC) + _START.size
    if not data.startswith(MAGIC) or len(data) < at:
        raise ConfigurationError("it does not begin as a journal of batchio does")
    version, length = _START.unpack_from(data, len(MAGIC))
    if version > VERSION:
        raise ConfigurationError(f"its format is version {version}, and this batchio knows {VERSION} at most")
    end = at + length
    if data[end : end + _CHECK.size] != _CHECK.pack(zlib.crc32(data[:end])):
        raise ConfigurationError("its header is damaged, so that nobody can tell whose journal it is")
    try:
        return msgspec.json.decode(data[at:end], type=Header), end + _CHECK.size
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise ConfigurationError("its header does not say whose journal it is") from None
