"""Journals: any bytes at all, and any records whose checks are right."""

from __future__ import annotations

import contextlib
import sys
import tempfile
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from struct import Struct

from batchio.bulk import journal
from batchio.bulk.blocks import BLOCK, Digest
from batchio.bulk.journal import FINAL, Chain, Ending, Kind, State, opening, replay
from batchio.bulk.journal_file import JournalFile
from batchio.bulk.journal_header import Header, encode_header
from batchio.cli.journal import as_mapping, in_words
from batchio.errors import ConfigurationError

from .target import Target

NOW = datetime(2024, 7, 1, tzinfo=UTC)
HEADER = Header("https://farm.westeurope.batch.azure.com", "render", NOW)
BEGIN = encode_header(HEADER)
MOST_OPENING = 64 * 1024
"""Bytes that a resumed run writes first, beside what the journal itself has of ranges."""

_layouts: dict[int, Struct] = journal._LAYOUTS  # pyright: ignore[reportPrivateUsage]  # to seal what is changed
_folder = tempfile.TemporaryDirectory(prefix="batchio-fuzz-")


def read_journal(data: bytes) -> None:
    """Resumed or refused; what is resumed stays what it was, however often."""
    if data[:1] == b"\0":
        data = BEGIN + sealed(data[1:])
    try:
        state = replay(data)
    except ConfigurationError:
        return
    check(data, state)
    path = Path(_folder.name, "journal")
    path.write_bytes(data)
    first = resumed(path)
    assert first is None or first == (state.settled(), state.known)
    if first is not None:
        more, _ = opening(state)
        assert path.read_bytes() == data[: state.end] + more
        assert resumed(path) == first


def check(data: bytes, state: State) -> None:
    """What is believed is possible, and what a resumed run writes says the same again."""
    found = state.settled()
    assert found.done.end <= state.known <= BLOCK * max(1, len(data))
    assert sum(found.counts[kind] for kind in FINAL) == found.done.count
    assert state.end + state.lost == len(data)
    shown = as_mapping(state)
    assert shown["settled"] + shown["open"] == shown["read"]
    assert len(in_words("x", state, shown)) < 10_000 + 10 * len(data)
    more, _ = opening(state)
    assert len(more) <= MOST_OPENING + len(data)
    after = replay(data[: state.end] + more)
    assert after.lost == 0
    assert after.settled() == found
    assert after.known == state.known
    for start, end in state.maybe:
        assert not after.maybe.gaps(start, min(end, sys.maxsize))


def resumed(path: Path) -> object:
    """What a run that goes on with it finds; None where it is refused."""
    with contextlib.suppress(ConfigurationError):
        opened = JournalFile.open(str(path), HEADER.endpoint, HEADER.job, NOW)
        opened.close()
        return opened.state and (opened.state.settled(), opened.state.known)
    return None


def sealed(data: bytes) -> bytes:
    """The records in these bytes, whatever their checks are, with the right ones."""
    check, at, parts = zlib.crc32(BEGIN), 0, list[bytes]()
    while at < len(data):
        layout = _layouts.get(data[at])
        if layout is None or at + layout.size > len(data):
            at += 1
            continue
        end = at + layout.size + (data[at + layout.size - 1] if data[at] == Kind.REJECTED else 0)
        check = zlib.crc32(data[at:end], check)
        parts.append(data[at:end] + check.to_bytes(4, "little"))
        at = end + 4
    return b"".join(parts)


def journal_seeds() -> Iterator[bytes]:
    """Journals of runs, and their records alone."""
    to = Chain(replay(BEGIN).check)
    digest = Digest()
    ids = [f"task-{number}" for number in range(BLOCK + 500)]
    parts = [to.reserve(65_536)]
    digest.add(ids[:300])
    part = digest.part()
    assert part is not None
    parts += [to.block(part), to.range(Kind.EXISTED, 100, 103), to.range(Kind.ADDED, 0, 100)]
    parts += [to.rejected(120, 121, "Bad"), *map(to.block, digest.add(ids[300:]))]
    parts += [to.range(Kind.MAYBE, 130, 140), to.range(Kind.ADDED, 140, 260), to.end(300, Ending.STOPPED)]
    parts += [to.reserve(65_536), to.range(Kind.ADDED, 300, 4_000), to.everything(), to.end(4_596, Ending.WHOLE)]
    for length in range(1, len(parts) + 1):
        yield BEGIN + b"".join(parts[:length])
        yield b"\0" + b"".join(parts[:length])


_NUMBERS = (0, 1, BLOCK, 65_536, 2**32 - 1, 2**32, 2**40, 2**63 - 1, 2**63, 2**64 - 1)
JOURNALS = Target(
    read_journal,
    journal_seeds,
    (*(bytes([kind]) for kind in Kind), *(number.to_bytes(8, "little") for number in _NUMBERS)),
)
