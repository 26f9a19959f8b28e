"""Folders that go, with all that is below them.

Law: no link is followed, and no tree is too deep: what is found in a folder below comes to lie at the top before it is
removed, so that two open folders are enough.
"""

from __future__ import annotations

import os
import stat
import uuid
from contextlib import suppress
from pathlib import Path

from . import beneath


def remove(path: Path) -> None:
    """Remove what is at a path, as far as that can be done."""
    with suppress(OSError, beneath.OutsideError), beneath.folder(path.parent, ()) as here:
        remove_at(here, path.name)


def remove_at(here: int, name: str) -> None:
    """Remove what stands under a name in an open folder. Raises `OSError`, with as much removed as could be."""
    if not stat.S_ISDIR(os.stat(name, dir_fd=here, follow_symlinks=False).st_mode):
        os.unlink(name, dir_fd=here)
        return
    top = _entered(here, name)
    try:
        folders = _emptied(top, top)
        while folders:
            folder = folders.pop()
            with suppress(OSError):
                folders += _emptied_and_gone(top, folder)
    finally:
        os.close(top)
    os.rmdir(name, dir_fd=here)


def _entered(here: int, name: str) -> int:
    """A folder, open; its owner can do with it what he likes, also where he has forbidden that to himself."""
    mode = os.stat(name, dir_fd=here, follow_symlinks=False).st_mode
    if stat.S_ISDIR(mode) and mode & stat.S_IRWXU != stat.S_IRWXU:
        os.chmod(name, stat.S_IRWXU, dir_fd=here)
    return os.open(name, beneath.FOLDER, dir_fd=here)


def _emptied_and_gone(top: int, name: str) -> list[str]:
    here = _entered(top, name)
    try:
        folders = _emptied(here, top)
    finally:
        os.close(here)
    os.rmdir(name, dir_fd=top)
    return folders


def _emptied(here: int, top: int) -> list[str]:
    """The folders that an open folder had, by their names at the top; what else it had is gone."""
    folders: list[str] = []
    with os.scandir(here) as found:
        entries = list(found)
    for entry in entries:
        with suppress(OSError):
            if entry.is_dir(follow_symlinks=False):
                os.close(_entered(here, entry.name))
                name = str(uuid.uuid4())
                os.rename(entry.name, name, src_dir_fd=here, dst_dir_fd=top)
                folders.append(name)
            else:
                os.unlink(entry.name, dir_fd=here)
    return folders
