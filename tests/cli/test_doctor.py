"""`batchio doctor`: each obstacle, put in its way over real sockets."""

from __future__ import annotations

import base64
import json
import os
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from batchio import BadRequestError, ClientAuthenticationError, CredentialError, ThrottledError
from batchio.cli import app
from batchio.cli.finding import CHECKS, of_account, of_clock, of_refusal

from .conftest import Service, environment, serving

OTHER_KEY = base64.b64encode(b"another key, SECRETSECRET").decode()


class Doctor:
    """The command, in this process, in an environment of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capfd = capfd
        self.code = -1
        self.out = ""

    def run(self, *arguments: str, **variables: str) -> dict[str, str]:
        """The status of each check."""
        for name in os.environ:
            if name.startswith(("AZURE_", "AZ_")):
                self._monkeypatch.delenv(name)
        for name, value in environment(**variables).items():
            self._monkeypatch.setenv(name, value)
        self.code = app.run(["doctor", "--timeout", "5", *arguments])
        self.out, err = self._capfd.readouterr()
        assert err == ""
        for name, value in variables.items():
            if "KEY" in name or "SECRET" in name:
                assert value not in self.out
        if "--json" in arguments:
            return {each["check"]: each["status"] for each in json.loads(self.out)["checks"]}
        rows = [line.split(maxsplit=2) for line in self.out.splitlines() if not line.startswith(" ")]
        return {row[1]: row[0].lower() for row in rows}

    def is_stopped_by(self, check: str, statuses: dict[str, str]) -> bool:
        """Whether this check failed, those before are well, and those behind were not made."""
        at = CHECKS.index(check)
        expected = ["ok"] * at + ["failure"] + ["skipped"] * (len(CHECKS) - at - 1)
        return self.code == 1 and [statuses[name] for name in CHECKS] == expected


@pytest.fixture
def doctor(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Doctor:
    return Doctor(monkeypatch, capfd)


def of_service(service: Service, **changes: str) -> dict[str, str]:
    return {name: value for name, value in service.environment.items() if name.startswith("AZURE_")} | changes


def test_all_is_well(doctor: Doctor, service: Service) -> None:
    statuses = doctor.run(**of_service(service))
    assert doctor.code == 0
    assert statuses == dict.fromkeys(CHECKS, "ok")
    assert "the key of AZURE_BATCH_ACCESS_KEY is accepted" in doctor.out
    assert "2024-07-01.20.0 is accepted" in doctor.out
    assert service.account not in doctor.out


def test_json(doctor: Doctor, service: Service) -> None:
    assert doctor.run("--json", **of_service(service)) == dict.fromkeys(CHECKS, "ok")
    assert json.loads(doctor.out)["ok"] is True
    doctor.run("--json")
    found = json.loads(doctor.out)
    assert found["ok"] is False
    assert "export AZURE_BATCH_ENDPOINT=" in found["checks"][1]["advice"]


def test_without_any_configuration(doctor: Doctor) -> None:
    assert doctor.is_stopped_by("environment", doctor.run())
    words = " ".join(doctor.out.split())
    assert "AZURE_BATCH_ENDPOINT is missing" in words
    assert "-> export AZURE_BATCH_ENDPOINT=https://ACCOUNT.REGION.batch.azure.com" in words
    assert "`batchio emulator` starts a local service" in words


def test_a_key_without_its_account(doctor: Doctor, service: Service) -> None:
    assert doctor.is_stopped_by("environment", doctor.run(**of_service(service, AZURE_BATCH_ACCOUNT="")))
    assert "AZURE_BATCH_ACCOUNT is missing" in doctor.out


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"AZURE_BATCH_ACCESS_KEY": "SECRET: no base64"}, "correct AZURE_BATCH_ACCESS_KEY"),
        ({"AZURE_BATCH_ENDPOINT": "ftp://acme.example"}, "correct AZURE_BATCH_ENDPOINT"),
        ({"AZURE_BATCH_ENDPOINT": "https://user:SECRETSECRET@acme.example"}, "correct AZURE_BATCH_ENDPOINT"),
        ({"AZURE_BATCH_ENDPOINT": "http://acme.example"}, "would show the credential; use https"),
    ],
)
def test_settings_that_are_none(doctor: Doctor, service: Service, changes: dict[str, str], word: str) -> None:
    assert doctor.is_stopped_by("environment", doctor.run(**of_service(service, **changes)))
    assert word in doctor.out
    assert "SECRETSECRET" not in doctor.out


def test_a_host_that_nobody_knows(doctor: Doctor, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    # Not left to this machine's resolver, which may answer for every name.
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", unknown)
        endpoint = "https://acme.nowhere.invalid"
        statuses = doctor.run(**of_service(service, AZURE_BATCH_ENDPOINT=endpoint), no_proxy="*")
    assert doctor.is_stopped_by("name", statuses)
    assert "nobody knows the host acme.nowhere.invalid" in doctor.out


def test_a_port_where_nobody_listens(doctor: Doctor, service: Service) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    statuses = doctor.run(**of_service(service, AZURE_BATCH_ENDPOINT=f"http://127.0.0.1:{port}"))
    assert doctor.is_stopped_by("connection", statuses)
    assert "firewall" in doctor.out


def test_a_certificate_that_is_not_trusted(doctor: Doctor) -> None:
    service = Service("--https")
    try:
        statuses = doctor.run(**of_service(service))
    finally:
        service.stop()
    assert doctor.is_stopped_by("connection", statuses)
    assert "the certificate is refused: self" in " ".join(doctor.out.split())
    assert "SSL_CERT_FILE names" in doctor.out


def test_a_host_that_speaks_no_tls(doctor: Doctor, service: Service) -> None:
    endpoint = service.endpoint.replace("http:", "https:")
    assert doctor.is_stopped_by("connection", doctor.run(**of_service(service, AZURE_BATCH_ENDPOINT=endpoint)))
    assert "no TLS with 127.0.0.1" in doctor.out


def test_a_proxy_is_looked_at_instead_and_its_password_never_shown(doctor: Doctor, other_server: str) -> None:
    given = {
        "AZURE_BATCH_ENDPOINT": "https://acme.nowhere.invalid",
        "AZURE_BATCH_ACCOUNT": "acme",
        "AZURE_BATCH_ACCESS_KEY": OTHER_KEY,
        "no_proxy": "",
    }
    proxy = other_server.replace("http://", "http://user:SECRETSECRET@")
    assert doctor.is_stopped_by("service", doctor.run(**given, https_proxy=proxy))
    assert "to the proxy that the environment names" in doctor.out
    assert "-> is the proxy that HTTPS_PROXY names the right one" in doctor.out
    assert "SECRETSECRET" not in doctor.out
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    closed = f"http://user:SECRETSECRET@127.0.0.1:{port}"
    assert doctor.is_stopped_by("connection", doctor.run(**given, https_proxy=closed))
    assert "SECRETSECRET" not in doctor.out


@pytest.fixture
def other_server() -> Iterator[str]:
    """A web server that is not Azure Batch; gives its endpoint."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with serving(Handler) as endpoint:
        yield endpoint


def test_a_host_that_is_not_azure_batch(doctor: Doctor, service: Service, other_server: str) -> None:
    assert doctor.is_stopped_by("service", doctor.run(**of_service(service, AZURE_BATCH_ENDPOINT=other_server)))
    assert "it is not Azure Batch that answers (status 404)" in doctor.out


def test_a_wrong_key(doctor: Doctor, service: Service) -> None:
    assert doctor.is_stopped_by("sign-in", doctor.run(**of_service(service, AZURE_BATCH_ACCESS_KEY=OTHER_KEY)))
    words = " ".join(doctor.out.split())
    assert "the key of AZURE_BATCH_ACCESS_KEY is refused: 403 AuthenticationFailed" in words
    assert "-> is AZURE_BATCH_ACCESS_KEY a key of AZURE_BATCH_ACCOUNT" in words


def test_a_clock_that_is_off_by_an_hour(doctor: Doctor) -> None:
    service = Service()
    try:
        service.control("clock", {"advance": 3600}, "POST")
        # As it would be: the local service takes what is signed with this machine's time.
        service.put_faults({"operation": "Jobs_ListJobs", "first": 2, "status": 403, "code": "AuthenticationFailed"})
        statuses = doctor.run(**of_service(service))
    finally:
        service.stop()
    assert doctor.code == 1
    assert (statuses["service"], statuses["clock"], statuses["sign-in"]) == ("ok", "failure", "failure")
    words = " ".join(doctor.out.split())
    assert "behind the service's; 15 minutes are allowed, beyond that no signature counts" in words
    assert "timedatectl set-ntp true" in words


@pytest.mark.parametrize(
    ("rule", "check", "word"),
    [
        ({"status": 403, "code": "InsufficientAccountPermissions"}, "reading", "not allowed: 403 Insufficient"),
        ({"status": 400, "code": "InvalidApiVersion"}, "api-version", "is refused: 400 InvalidApiVersion"),
        ({"status": 503, "code": "ServerBusy"}, "reading", "no answer that helps: 503 ServerBusy"),
        ({"drop": "after"}, "reading", "no answer that helps: the connection was lost"),
    ],
)
def test_what_is_refused(doctor: Doctor, service: Service, rule: dict[str, Any], check: str, word: str) -> None:
    # The second listing is the one that is signed.
    service.put_faults({"operation": "Jobs_ListJobs", "first": 2, **rule})
    statuses = doctor.run(**of_service(service))
    assert doctor.code == 1
    assert [name for name in CHECKS if statuses[name] == "failure"] == [check]
    assert word in " ".join(doctor.out.split())


def test_nothing_that_the_service_quotes_is_shown() -> None:
    error = ClientAuthenticationError(
        "signature SECRETSECRET is wrong", status=403, code="AuthenticationFailed", values={"Detail": "SECRETSECRET"}
    )
    assert "SECRETSECRET" not in str(of_refusal(error, "2024-07-01.20.0", "key"))


def test_a_sign_in_that_gives_no_token() -> None:
    error = CredentialError("the credential gave no token: x\nmany\nmore lines")
    first, *others = of_refusal(error, "2024-07-01.20.0", "identity")
    assert (first.check, first.status) == ("sign-in", "failure")
    assert first.says == "azure-identity's DefaultAzureCredential: the credential gave no token: x"
    assert first.advice is not None
    assert "az login" in first.advice
    assert {other.status for other in others} == {"skipped"}


def test_the_token_of_a_node_may_not_list_jobs() -> None:
    error = ClientAuthenticationError("no", status=403, code="AuthorizationFailure")
    found = of_refusal(error, "2024-07-01.20.0", "token")
    assert [(each.check, each.status) for each in found] == [
        ("sign-in", "ok"),
        ("api-version", "skipped"),
        ("reading", "warning"),
    ]


def test_other_refusals_say_what_is_known() -> None:
    version = BadRequestError("", status=400, code="InvalidQueryParameterValue", values={"Name": "api-version"})
    assert of_refusal(version, "x", "key")[1].status == "failure"
    busy = ThrottledError("", status=429, code="TooManyRequests")
    assert "in a minute" in str(of_refusal(busy, "x", "key")[-1].advice)


@pytest.mark.parametrize(
    ("ahead", "status", "words"),
    [
        (1.0, "ok", "within 2 s"),
        (-300.0, "warning", "5 min 0 s behind"),
        (300.0, "warning", "5 min 0 s ahead of"),
        (3600.0, "failure", "1 h 0 min ahead of"),
    ],
)
def test_how_far_a_clock_is(ahead: float, status: str, words: str) -> None:
    found = of_clock(ahead)
    assert found.status == status
    assert words in found.says


def test_an_account_that_the_endpoint_does_not_name() -> None:
    given = {"AZURE_BATCH_ACCOUNT": "acme", "AZURE_BATCH_ACCESS_KEY": "x"}
    found = of_account(given, "other.westeurope.batch.azure.com")
    assert found is not None
    assert found.status == "warning"
    assert of_account(given, "ACME.westeurope.batch.azure.com") is None
    assert of_account(given, "127.0.0.1") is None
