"""What lies in a task's folder before its command line runs: the folder itself and the resource files.

Law: a resource file comes to lie below the working directory or not at all; what goes wrong is a failure with the
service's code.
"""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

import aiohttp
import msgspec
from yarl import URL

from . import beneath
from .orders import FailedError, ResourceFile

WORKING = "wd"
DEFAULT_MODE = "0770"
CHUNK = 2**18
TIMEOUT = aiohttp.ClientTimeout(total=3600, sock_connect=30, sock_read=60)
"""Seconds that a download may take, in all and between two pieces."""

_REFUSALS = {401: "BlobAccessDenied", 403: "BlobAccessDenied", 404: "BlobNotFound", 410: "BlobNotFound"}


def make_folder(root: Path, names: tuple[str, ...]) -> None:
    """Make a task's folder below the root of all nodes, with its working directory. Raises `FailedError`."""
    try:
        with beneath.folder(root, (*names, WORKING), make=True):
            pass
    except (beneath.OutsideError, OSError) as error:
        raise FailedError("ResourceDirectoryCreateFailed", "/".join(names)) from error


async def bring(session: aiohttp.ClientSession, file: ResourceFile, working: Path) -> None:
    """Put one resource file where it belongs. Raises `FailedError`."""
    url, path = file.http_url, file.file_path
    if url is None or path is None:
        raise FailedError("BlobDownloadMiscError", "Only resource files with httpUrl and filePath are there")
    try:
        mode = int(file.file_mode or DEFAULT_MODE, 8) & 0o777
        beneath.names_of(path)
    except (beneath.OutsideError, ValueError) as error:
        raise FailedError("ResourceFileCreateFailed", path) from error
    target = _Target(working, path, mode)
    if _scheme(url) == "file":
        await asyncio.to_thread(_copy, url, target)
    else:
        await _download(session, url, target)


def _scheme(url: str) -> str:
    with suppress(ValueError):
        scheme = urlsplit(url).scheme
        if scheme in ("file", "http", "https"):
            return scheme
    raise FailedError("BlobDownloadMiscError", f"{url.partition('?')[0]}: no http, https or file URL")


class _Target(msgspec.Struct, frozen=True):
    working: Path
    path: str
    mode: int


@contextmanager
def _placed(target: _Target) -> Generator[IO[bytes]]:
    """The file to be written, with the service's codes for what goes wrong."""
    try:
        with beneath.new_file(target.working, target.path, target.mode) as file:
            yield file
    except beneath.OutsideError as error:
        raise FailedError("ResourceFileCreateFailed", target.path) from error
    except OSError as error:
        code = "DiskFull" if error.errno == errno.ENOSPC else "ResourceFileWriteFailed"
        raise FailedError(code, target.path) from error


def _copy(url: str, target: _Target) -> None:
    with _opened(url) as source, _placed(target) as file:
        shutil.copyfileobj(source, file, CHUNK)


def _opened(url: str) -> IO[bytes]:
    """The file of a file URL."""
    parts = urlsplit(url)
    try:
        # A pipe does not make it wait, a device does not fill the disk.
        found = open(unquote(parts.path), "rb", opener=lambda path, flags: os.open(path, flags | os.O_NONBLOCK))  # noqa: SIM115 - an opener; the caller closes
    except (OSError, ValueError) as error:
        code = "BlobAccessDenied" if isinstance(error, PermissionError) else "BlobNotFound"
        raise FailedError(code, url) from error
    if parts.netloc not in ("", "localhost") or not stat.S_ISREG(os.fstat(found.fileno()).st_mode):
        found.close()
        raise FailedError("BlobNotFound", url)
    return found


async def _download(session: aiohttp.ClientSession, url: str, target: _Target) -> None:
    # What is behind the question mark may be a secret.
    shown = url.partition("?")[0]
    try:
        async with session.get(URL(url, encoded="%" in url)) as answer:
            if answer.status != HTTPStatus.OK:
                raise FailedError(_REFUSALS.get(answer.status, "BlobDownloadMiscError"), f"{shown}: {answer.status}")
            with _placed(target) as file:
                async for chunk in answer.content.iter_chunked(CHUNK):
                    await asyncio.to_thread(file.write, chunk)
    except TimeoutError as error:
        raise FailedError("BlobDownloadTimedOut", shown) from error
    except (aiohttp.ClientError, ValueError) as error:
        raise FailedError("BlobDownloadMiscError", f"{shown}: {type(error).__name__}") from error
