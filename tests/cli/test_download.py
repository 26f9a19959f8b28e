"""`batchio download`, of files that real processes have written, and from a service that means harm."""

from __future__ import annotations

import errno
import json
import os
import signal
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from batchio import (
    ClientAuthenticationError,
    ConnectError,
    ConnectionLostError,
    CredentialError,
    ResourceNotFoundError,
)
from batchio.cli import app
from batchio.cli.download import concerns_all
from batchio.cli.paths import PathRefused, Pattern, safe_path
from batchio.session.saving import PartFile

from .conftest import ended, environment, serving, start
from .farm import Farm, farm_with

FILES = {"a.txt": b"a", "b.log": b"bb", "deep/er/c.txt": b"c" * 300_000, "with space#%25é.txt": b"d", "empty": b""}
DATE = "Mon, 01 Jul 2024 12:00:00 GMT"


@pytest.fixture(scope="module")
def _farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """With a job `files`, whose task `t` has written `FILES`."""
    with farm_with(FILES, tmp_path_factory.mktemp("files")) as farm:
        yield farm


@pytest.fixture
def farm(_farm: Farm) -> Iterator[Farm]:
    if os.name != "posix":
        pytest.skip("tasks are processes, which needs POSIX")
    yield _farm
    _farm.service.put_faults()


def found_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_all_files_with_their_times(
    farm: Farm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert farm.run(monkeypatch, "download", "files", "t") == 0
    out, err = capfd.readouterr()
    assert err == ""
    assert out.startswith("7 files, 300,004 bytes, in ")
    assert out.endswith(" s, to files/t\n")
    folder = tmp_path / "files" / "t"
    assert found_in(folder) == {
        "stdout.txt": b"",
        "stderr.txt": b"",
        **{f"wd/{name}": content for name, content in FILES.items()},
    }
    listed = farm.do(_times)
    assert {name: int((folder / name).stat().st_mtime) for name in listed} == listed


async def _times(client: Any) -> dict[str, int]:
    files = client.tasks.list_files("files", "t", recursive=True)
    return {file.name: int(file.properties.last_modified.timestamp()) async for file in files if file.properties}


def test_what_is_there_is_not_fetched_again(
    farm: Farm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def tally(*arguments: str) -> dict[str, Any]:
        assert farm.run(monkeypatch, "download", "files", "t", "--to", str(tmp_path), "--json", *arguments) == 0
        found: dict[str, Any] = json.loads(capfd.readouterr().out)
        return {name: found[name] for name in ("fetched", "there", "failed")}

    assert tally() == {"fetched": 7, "there": 0, "failed": 0}
    assert tally() == {"fetched": 0, "there": 7, "failed": 0}
    (tmp_path / "wd" / "b.log").write_bytes(b"xx")
    os.utime(tmp_path / "wd" / "b.log", (0, 0))
    (tmp_path / "wd" / "a.txt").write_bytes(b"longer")
    assert tally() == {"fetched": 2, "there": 5, "failed": 0}
    assert (tmp_path / "wd" / "b.log").read_bytes() == b"bb"
    assert tally("--overwrite") == {"fetched": 7, "there": 0, "failed": 0}


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.txt", {"stdout.txt", "stderr.txt", "wd/a.txt", "wd/deep/er/c.txt", "wd/with space#%25é.txt"}),
        ("wd/*.txt", {"wd/a.txt", "wd/with space#%25é.txt"}),
        ("wd/**", {f"wd/{name}" for name in FILES}),
        ("**/er/*", {"wd/deep/er/c.txt"}),
        ("std[!o]*", {"stderr.txt"}),
        ("wd/?.[lt]*", {"wd/a.txt", "wd/b.log"}),
        ("wd/empty", {"wd/empty"}),
    ],
)
def test_a_pattern(farm: Farm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pattern: str, names: set[str]) -> None:
    assert farm.run(monkeypatch, "download", "files", "t", pattern, "--to", str(tmp_path)) == 0
    assert set(found_in(tmp_path)) == names


def test_streams_that_break_go_on(farm: Farm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    farm.service.put_faults({"operation": "Tasks_GetTaskFile", "drop": "body", "count": 2, "path": "*c.txt"})
    assert farm.run(monkeypatch, "download", "files", "t", "c.txt", "--to", str(tmp_path)) == 0
    assert found_in(tmp_path) == {"wd/deep/er/c.txt": FILES["deep/er/c.txt"]}


def test_a_file_that_cannot_be_fetched_is_told_and_the_others_come(
    farm: Farm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    farm.service.put_faults({"operation": "Tasks_GetTaskFile", "status": 404, "code": "FileNotFound", "path": "*b.log"})
    (tmp_path / "wd" / "a.txt").mkdir(parents=True)
    assert farm.run(monkeypatch, "download", "files", "t", "wd/*", "--to", str(tmp_path)) == 1
    out, err = capfd.readouterr()
    assert "; 2 could not be fetched" in out
    assert "batchio: 'wd/b.log': Tasks_GetTaskFile: 404 FileNotFound" in err
    assert "batchio: 'wd/a.txt': " in err
    assert "is a directory" in err
    assert set(found_in(tmp_path)) == {"wd/with space#%25é.txt", "wd/empty"}


def test_a_full_disk_ends_it(
    farm: Farm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def full(_: PartFile) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(PartFile, "_flush", full)
    assert farm.run(monkeypatch, "download", "files", "t", "--to", str(tmp_path)) == 3
    out, err = capfd.readouterr()
    assert (out, err) == ("", f"batchio: {tmp_path}: no space left on device\n")
    assert found_in(tmp_path) == {}


@pytest.mark.parametrize(
    ("error", "all_of_them"),
    [
        (ConnectError("nobody is there"), True),
        (CredentialError("no token"), True),
        (ClientAuthenticationError(status=403, code="AuthenticationFailed"), True),
        (OSError(errno.EROFS, "Read-only file system"), True),
        (OSError(errno.EISDIR, "Is a directory"), False),
        (ResourceNotFoundError(status=404, code="FileNotFound"), False),
        (ConnectionLostError("in the middle, again and again"), False),
    ],
    ids=repr,
)
def test_what_concerns_one_file_and_what_concerns_all(error: Exception, *, all_of_them: bool) -> None:
    assert concerns_all(error) is all_of_them


def test_ctrl_c_leaves_no_half_file(farm: Farm, tmp_path: Path) -> None:
    farm.service.put_faults({"operation": "Tasks_GetTaskFile", "latency": 30, "path": "*c.txt"})
    process = start(
        *("download", "files", "t", "wd/**", "--to", str(tmp_path), "--json"), environment=farm.service.environment
    )
    while not (tmp_path / "wd" / "empty").exists():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    ran = ended(process)
    assert ran.code == 130
    assert "the same command fetches what is not there yet" in ran.err
    assert "wd/deep/er/c.txt" not in found_in(tmp_path)
    assert not list(tmp_path.rglob("*.part"))
    assert ran.json["fetched"] <= len(found_in(tmp_path)) < 7


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("none", "t"), 2, "JobNotFound"),
        (("files", "none"), 2, "TaskNotFound"),
        (("files", "t", "*.exr"), 2, "no file of task t matches *.exr"),
        (("files", "t", ""), 2, "PATTERN: it is empty"),
        (("files", "t", "--at-once", "0"), 2, "--at-once: 1 to 64, not 0"),
        (("files", "t", "--to", __file__), 2, "this is no directory"),
        (("../x", "t"), 2, "JOB: 1 to 64 letters"),
    ],
)
def test_what_is_not_there(
    farm: Farm,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    code: int,
    word: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert farm.run(monkeypatch, "download", *arguments) == code
    out, err = capfd.readouterr()
    assert out == ""
    assert word in err
    assert list(tmp_path.iterdir()) == []


HOSTILE = [
    "../outside.txt",
    "wd/../../outside.txt",
    "..\\outside.txt",
    "/absolute.txt",
    "\\absolute.txt",
    "//host/share.txt",
    "wd/..",
    "nul\0.txt",
    "escape\x1b[2J.txt",
    "link/inside.txt",
    "twice.txt",
    "./twice.txt",
    "x" * 300,
]


@pytest.fixture
def hostile() -> Iterator[str]:
    """A service that lists names that lead elsewhere; gives its endpoint."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            if path.endswith("/files"):
                properties = {"lastModified": "2024-07-01T12:00:00Z", "contentLength": "4"}
                files = [{"name": name, "isDirectory": False, "properties": properties} for name in HOSTILE]
                self._say(json.dumps({"value": [*files, {"name": "good.txt", "properties": properties}, {}]}).encode())
            else:
                self._say(unquote(path).rpartition("/")[2][:4].encode())

        def _say(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Last-Modified", DATE)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with serving(Handler) as endpoint:
        yield endpoint


def test_nothing_is_written_outside_of_the_directory(
    hostile: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, value in environment(
        AZURE_BATCH_ENDPOINT=hostile, AZURE_BATCH_ACCOUNT="acme", AZURE_BATCH_ACCESS_KEY="c2VjcmV0"
    ).items():
        monkeypatch.setenv(name, value)
    inside, outside = tmp_path / "a" / "inside", tmp_path / "outside"
    inside.mkdir(parents=True)
    outside.mkdir()
    (inside / "link").symlink_to(outside)
    assert app.run(["download", "job", "t", "--to", str(inside), "--at-once", "1"]) == 1
    out, err = capfd.readouterr()
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()} == {
        "a/inside/good.txt",
        "a/inside/twice.txt",
    }
    assert out.startswith("2 files, 8 bytes, ")
    assert f"{len(HOSTILE) - 1} could not be fetched" in out
    assert err.count("a path with ..") == 4
    assert err.count("an absolute path") == 3
    assert "a link in the directory leads out of it" in err
    assert "'./twice.txt': another file goes to the same place" in err
    assert "\x1b" not in err


@pytest.mark.parametrize("name", ["a:b", "con", "NUL.txt", "dot.", "space ", "a<b", "x/com1.log"])
def test_names_that_windows_does_not_allow(name: str) -> None:
    assert str(safe_path(name, windows=False)) == name
    with pytest.raises(PathRefused, match="Windows"):
        safe_path(name, windows=True)


@pytest.mark.parametrize("name", ["", "/", ".", "./", "a/..", "..", "\\\\host\\x", "a\nb", "a\0b"])
def test_names_that_lead_nowhere(name: str) -> None:
    with pytest.raises(PathRefused):
        safe_path(name, windows=False)


@pytest.mark.parametrize("pattern", ["[", "[]", "[!]", "a[b", "[^a]", "[a-", "(", "a{1}", "\\", "[z-a]", "[[]", "[/]"])
def test_odd_patterns_mean_something(pattern: str) -> None:
    assert not Pattern(pattern).matches("anything")
