"""No path leads out of its folder."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchio.emulator.processes.beneath import FOLDER, OutsideError, folder, names_of, new_file, open_file, status
from batchio.emulator.processes.removal import remove

NAMES = st.sampled_from(["a", "b", "..", ".", "", "out", "loop", "file"])
PATHS = st.one_of(st.lists(NAMES, max_size=6).map("/".join), st.text(max_size=20))


@given(PATHS)
def test_names_stay_below(path: str) -> None:
    with suppress(OutsideError):
        names = names_of(path)
        assert names
        assert not {"..", "", "/"} & set(names)
        assert os.path.normpath("/root/" + "/".join(names)).startswith("/root/")


@given(PATHS, st.lists(st.tuples(st.sampled_from(["a", "b", "file"]), st.sampled_from(["OUT", "..", "a", "b"]))))
def test_nothing_is_read_or_written_outside(path: str, links: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        outside, root = Path(name, "outside"), Path(name, "root")
        for made in (outside, root, root / "a"):
            made.mkdir()
        (outside / "file").write_bytes(b"mine")
        (root / "out").symlink_to(outside)
        for link, target in links:
            with suppress(FileExistsError):
                (root / "a" / link).symlink_to(target.replace("OUT", str(outside)))
        with suppress(OutsideError, OSError), open_file(root, path) as file:
            assert file.read() != b"mine"
        with suppress(OutsideError, OSError):
            assert status(root, path).st_ino not in {outside.stat().st_ino, (outside / "file").stat().st_ino}
        with suppress(OutsideError, OSError), new_file(root, path, 0o600) as file:
            file.write(b"theirs")
        assert {found.name: found.read_bytes() for found in outside.iterdir()} == {"file": b"mine"}
        assert {found.name for found in Path(name).iterdir()} == {"outside", "root"}


def test_a_file_comes_whole_or_not_at_all(tmp_path: Path) -> None:
    def broken() -> None:
        with new_file(tmp_path, "deep/file", 0o640) as file:
            file.write(b"half")
            raise ValueError("broken off")

    with new_file(tmp_path, "deep/file", 0o640) as file:
        file.write(b"whole")
    with pytest.raises(ValueError, match="broken off"):
        broken()
    assert [found.name for found in (tmp_path / "deep").iterdir()] == ["file"]
    assert (tmp_path / "deep/file").read_bytes() == b"whole"
    assert (tmp_path / "deep/file").stat().st_mode & 0o777 == 0o640
    with pytest.raises(OutsideError), folder(tmp_path, ("deep", "file")):
        pass


def test_any_name_can_be_written(tmp_path: Path) -> None:
    # Two hundred bytes and more in few letters, and what could be taken for a part of the next file.
    for path in ("\u00e9" * 127, ".a.part", "a"):
        with new_file(tmp_path, path, 0o600) as file:
            file.write(path.encode())
    assert {found.name: found.read_text() for found in tmp_path.iterdir()} == {
        name: name for name in ("\u00e9" * 127, ".a.part", "a")
    }


def test_a_folder_goes_with_all_that_is_below(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "folder").mkdir(parents=True)
    (outside / "folder").chmod(0o750)
    goes = tmp_path / "goes"
    (goes / "closed" / "below").mkdir(parents=True)
    (goes / "closed" / "below" / "link").symlink_to(outside)
    (goes / "closed").chmod(0)
    remove(goes)
    link = tmp_path / "link"
    link.symlink_to(outside)
    remove(link)
    remove(tmp_path / "nothing" / "there")
    assert [found.name for found in tmp_path.iterdir()] == ["outside"]
    assert (outside / "folder").stat().st_mode & 0o777 == 0o750


def test_no_tree_is_too_deep(tmp_path: Path) -> None:
    here = os.open(tmp_path, FOLDER)
    for _ in range(1200):
        os.mkdir("d", dir_fd=here)
        above, here = here, os.open("d", FOLDER, dir_fd=here)
        os.close(above)
    os.close(here)
    remove(tmp_path / "d")
    assert not (tmp_path / "d").exists()
