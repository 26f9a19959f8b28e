"""A file that is written under another name until it is whole."""

from __future__ import annotations

import errno
import io
from pathlib import Path
from typing import Any

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


class FullDisk:
    """A file on a disk that is full after some bytes; some systems tell when it is closed, and only then."""

    def __init__(self, file: io.FileIO, room: int, *, is_late: bool) -> None:
        self._file = file
        self._room = room
        self._is_late = is_late

    def write(self, data: memoryview) -> int:
        some = data if self._is_late else data[: self._room]
        self._room -= len(some)
        if not some:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self._file.write(some)

    def close(self) -> None:
        self._file.close()
        if self._room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("is_late", [False, True])
@pytest.mark.parametrize("is_kept", [False, True])
async def test_a_disk_that_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_late: bool, is_kept: bool
) -> None:
    """Nothing is left, and what was there before stands."""
    monkeypatch.setattr(saving, "_ENOUGH", 4)
    real = Path.open

    def on_full_disk(path: Path, *args: Any, **kwargs: Any) -> Any:
        return FullDisk(real(path, *args, **kwargs), 3, is_late=is_late)

    path = tmp_path / "out.txt"
    path.write_bytes(b"before")
    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", on_full_disk)
        with pytest.raises(OSError, match="No space left on device"):
            await _download(path, is_kept=is_kept)
    assert path.read_bytes() == b"before"
    assert files_in(tmp_path) == [path]


async def _download(path: Path, *, is_kept: bool) -> None:
    async with PartFile(path) as part:
        await part.write(b"abcdefgh")
        if is_kept:
            await part.keep()
