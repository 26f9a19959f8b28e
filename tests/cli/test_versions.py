"""The api-version: chosen for every command that talks to the service, and refused where it is none."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

import pytest

from batchio import BatchClient, ConfigurationError
from batchio.cli import app
from batchio.cli.calls.names import names_of
from batchio.cli.going_on import how_to_add_the_rest, how_to_go_on
from batchio.cli.options import SubmitOptions
from batchio.service.operations import OPERATIONS
from batchio.service.versions import DEFAULT, VARIABLE, VERSIONS

from .conftest import as_lines, serving, task

Write = Callable[[str, bytes], str]
OTHER, THIRD = "2023-11-01.18.0", "2022-01-01.15.0"
COMMANDS = (
    *("jobs list", "jobs get job", "pools exists pool", "tasks list job", "files get job task stdout.txt"),
    *("watch job", "tail job task stdout.txt", "download job task", "doctor", "submit job FILE"),
)
_TALKING = ("submit", "watch", "tail", "download", "doctor")


class Refusing(BaseHTTPRequestHandler):
    """Says that there is no such thing, and remembers which versions were spoken."""

    spoken: set[str]

    def do_HEAD(self) -> None:
        self.spoken.update(parse_qs(urlsplit(self.path).query).get("api-version", ["none"]))
        self.send_response(404)
        self.send_header("request-id", "1")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def spoken(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """The versions that an account hears."""
    Refusing.spoken = set()
    with serving(Refusing) as endpoint:
        monkeypatch.setenv("AZURE_BATCH_ENDPOINT", endpoint)
        monkeypatch.setenv("AZURE_BATCH_ACCOUNT", "account")
        monkeypatch.setenv("AZURE_BATCH_ACCESS_KEY", "a2V5")
        monkeypatch.delenv(VARIABLE, raising=False)
        yield Refusing.spoken


@pytest.mark.parametrize("command", COMMANDS)
def test_the_option_goes_before_the_environment(
    command: str, spoken: set[str], write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = command.replace("FILE", write("t.jsonl", as_lines([task("a")]))).split()
    for variable, option, expected in ((None, None, DEFAULT), (OTHER, None, OTHER), (OTHER, THIRD, THIRD)):
        if variable is not None:
            monkeypatch.setenv(VARIABLE, variable)
        spoken.clear()
        assert app.run([*words, *(["--api-version", option] if option else [])]) != 0
        assert spoken == {expected}


@pytest.mark.parametrize("command", [*_TALKING, *(names_of(operation).words for operation in OPERATIONS.values())])
def test_every_command_that_talks_to_the_service_has_it(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run([*command.split(), "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "--api-version VERSION" in shown
    assert ", ".join(VERSIONS) in shown


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_no_version_is_told_with_those_that_are(
    command: str, spoken: set[str], write: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = command.replace("FILE", write("t.jsonl", as_lines([task("a")]))).split()
    assert app.run([*words, "--api-version", "2024-07-01"]) == 2
    told = capsys.readouterr().err
    assert "--api-version" in told
    assert all(version in told for version in VERSIONS)
    monkeypatch.setenv(VARIABLE, "2024-07-01")
    assert app.run(words) == (1 if command == "doctor" else 2)
    shown = capsys.readouterr()
    told = " ".join((shown.out if command == "doctor" else shown.err).split())
    assert f"{VARIABLE}: '2024-07-01' is unknown; known are {', '.join(VERSIONS)}" in told
    if command == "doctor":
        assert f"-> correct {VARIABLE}, or unset it" in told
    assert not spoken


def test_the_doctor_tells_it(spoken: set[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["doctor", "--json", "--api-version", OTHER]) == 1
    checks = {each["check"]: each for each in json.loads(capsys.readouterr().out)["checks"]}
    assert checks["service"]["status"] == "ok"
    assert spoken == {OTHER}


@pytest.mark.parametrize("arguments", ["FILE --dry-run", "--template FILE --sweep n=1..2", "FILE --job-json FILE"])
def test_what_is_checked_before_it_is_sent_is_checked_for_it(
    arguments: str, spoken: set[str], write: Write, capfd: pytest.CaptureFixture[str]
) -> None:
    newer = {
        "id": "job" if "dry" in arguments else "job{n}",
        "commandLine": "x",
        "resourceFiles": [{"identityReference": {"resourceId": "r"}}],
    }
    body = newer if "job-json" not in arguments else {"id": "job", "poolInfo": {}, "maxParallelTasks": 3}
    path = write("one.json", json.dumps(body).encode())
    words = ["submit", "job", *arguments.replace("FILE", path).split(), "--api-version", VERSIONS[0]]
    assert app.run(words) == 2
    assert VERSIONS[0] in capfd.readouterr().err
    assert not spoken


def test_what_is_printed_to_go_on_speaks_it_too() -> None:
    options = SubmitOptions(journal="j", api_version=OTHER)
    assert f"--api-version {OTHER}" in how_to_go_on("job", "t.jsonl", options)
    assert f"--api-version {OTHER}" in how_to_add_the_rest("job", "t.jsonl", options)


async def test_a_client_of_the_environment_speaks_it(spoken: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, OTHER)
    async with BatchClient.from_environment() as client:
        assert client.api_version == OTHER
    async with BatchClient.from_environment(api_version=THIRD) as client:
        assert client.api_version == THIRD
    monkeypatch.setenv(VARIABLE, "")
    async with BatchClient.from_environment() as client:
        assert client.api_version == DEFAULT
    monkeypatch.setenv(VARIABLE, "latest")
    with pytest.raises(ConfigurationError, match=f"^{VARIABLE}: 'latest' is unknown"):
        BatchClient.from_environment()
    assert not spoken
