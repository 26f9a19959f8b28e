"""Bytes that are almost right: a seed with some of its words changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

_WORD = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\w.$+-]+|\s+|.', re.DOTALL)
NASTY = (
    *(b"null", b"true", b"0", b"-1", b"1e400", b"1.5", b"9" * 30, b"9223372036854775808", b"NaN", b"-0", b"1_0"),
    *(b'""', b'"\\ud800"', b'"\\u0000"', b'"null"', b'"a', b"\\", b'"', b"'", b"''", b"{}", b"[]", b"{", b"}", b"["),
    *(b'"P10675199DT2H48M5.4775807S"', b'"-P1D"', b'"P1Y"', b'"PT0.00000001S"', b'"P999999999D"'),
    *(b'"9999-12-31T23:59:59.9999999Z"', b'"0001-01-01T00:00:00+14:00"', b'"2024-02-30T00:00:00Z"', b'"24:00"'),
    *(
        b"\xff",
        b"\x00",
        b"\xef\xbb\xbf",
        b"\r\n",
        b"\n",
        b"\r",
        b",",
        b":",
        b" ",
        b"\xed\xa0\x80",
        "\u0130\u212a".encode(),
    ),
)
_DEEP = (b"[", b"(", b'{"a":', b"-", b"{", b" ")


def change(data: bytes, random: Random, words: Sequence[bytes] = ()) -> bytes:
    """The bytes with one to four changes."""
    known = [*NASTY, *words]
    for _ in range(random.randint(1, 4)):
        data = _changed(data, random, known)
    return data


def _changed(data: bytes, random: Random, words: Sequence[bytes]) -> bytes:
    found = [each.span() for each in _WORD.finditer(data, 0, 20_000)] or [(0, 0)]
    (start, end), (first, last) = random.choice(found), random.choice(found)
    at = random.randrange(len(data) + 1)
    left, right = min(start, at), max(start, at)
    changes = (
        lambda: data[:start] + random.choice(words) + data[end:],
        lambda: data[:start] + random.choice(words) + data[start:],
        lambda: data[:start] + data[end:],
        lambda: data[:start] + data[first:last] + data[end:],
        lambda: data[:right] + data[left:right] * random.choice((1, 1, 2, 30)) + data[right:],
        lambda: data[:at],
        lambda: data[:at] + random.randbytes(random.randint(1, 3)) + data[at + random.randint(0, 3) :],
        lambda: data[:start] + random.choice(_DEEP) * random.choice((2, 40, 3_000)) + data[start:],
    )
    return random.choice(changes)()
