"""A file that is written under another name until it is whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from batchio.session import saving
from batchio.session.saving import PartFile


def files_in(directory: Path) -> list[Path]:
    return list(directory.iterdir())


async def test_pieces_are_gathered_written_and_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "_ENOUGH", 4)
    path = tmp_path / "out.txt"
    sizes = list[int]()

    async def write(*pieces: bytes) -> None:
        for piece in pieces:
            await part.write(piece)
            sizes.append(beside.stat().st_size)

    async with PartFile(path) as part:
        (beside,) = files_in(tmp_path)
        assert beside.match(".????????????????.part")
        await write(b"ab", b"cd", b"e", b"fgh")
        await part.empty()
        assert beside.stat().st_size == 0
        await write(b"xyz", b"12345", b"6")
        assert not path.exists()
        await part.keep()
    assert sizes == [0, 4, 4, 8, 0, 8, 8]
    assert path.read_bytes() == b"xyz123456"
    assert files_in(tmp_path) == [path]
