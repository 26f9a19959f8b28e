"""The file of `--failures` needs the secrets to be usable, so it is for its owner alone, whatever was there before."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from batchio import OutcomeState, TaskOutcome
from batchio.cli.codes import CommandError
from batchio.cli.failures import FailuresFile

from .marks import sas

pytestmark = pytest.mark.skipif(os.name != "posix", reason="no modes here")
BODY = f'{{"id": "t", "commandLine": "get {sas("command")}"}}'.encode()
OUTCOME = TaskOutcome(index=0, task_id="t", state=OutcomeState.REJECTED, body=BODY)


def write(path: Path, *, go_on: bool = False) -> None:
    file = FailuresFile(str(path), exists_is_ok=False, go_on=go_on)
    file.write([OUTCOME])
    file.close()


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o000, 0o022, 0o777])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("before", [None, 0o600, 0o644, 0o666, 0o777])
@pytest.mark.parametrize("go_on", [True, False])
def test_whatever_its_mode_was(tmp_path: Path, before: int | None, *, go_on: bool) -> None:
    path = tmp_path / "failures.jsonl"
    if before is not None:
        path.write_bytes(b"old\n")
        path.chmod(before)
    write(path, go_on=go_on)
    assert mode_of(path) == 0o600
    assert path.read_bytes() == (b"old\n" if go_on and before is not None else b"") + BODY + b"\n"


def test_through_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"old\n")
    target.chmod(0o644)
    link.symlink_to(target)
    write(link)
    assert link.is_symlink()
    assert mode_of(target) == 0o600
    assert target.read_bytes() == BODY + b"\n"


def test_through_a_link_to_nothing(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    write(tmp_path / "link")
    assert mode_of(tmp_path / "target") == 0o600


def test_in_a_folder_that_everybody_may_write_to(tmp_path: Path) -> None:
    folder = tmp_path / "everybody"
    folder.mkdir()
    folder.chmod(0o1777)
    write(folder / "failures.jsonl")
    assert mode_of(folder / "failures.jsonl") == 0o600


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("kind", ["file", "pipe", "link"])
def test_a_file_that_somebody_else_has_put_there(tmp_path: Path, kind: str) -> None:
    path = trap = tmp_path / "failures.jsonl"
    reader = -1
    if kind == "pipe":
        os.mkfifo(path)
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    else:
        trap = tmp_path / "trap"
        trap.write_bytes(b"")
        if kind == "link":
            path.symlink_to(trap)
        else:
            path = trap
    os.chown(trap, 65534, 65534)
    trap.chmod(0o666)
    with pytest.raises(CommandError, match=r"--failures .*: this file is somebody else's"):
        write(path)
    if kind == "pipe":
        assert os.read(reader, 1) == b""
        os.close(reader)
    else:
        assert trap.read_bytes() == b""
        assert mode_of(trap) == 0o666


def test_a_device_is_left_as_it_is() -> None:
    before = mode_of(Path(os.devnull))
    write(Path(os.devnull))
    assert mode_of(Path(os.devnull)) == before
