"""`batchio emulator` and `batchio demo` as processes."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Service, ended, environment, run, start

Write = Callable[[str, bytes], str]


def test_the_ready_lines_point_clients_to_it() -> None:
    process = start("emulator", "--account", "mine", environment=environment())
    assert process.stdout is not None
    ready, *exports = (process.stdout.readline().decode().rstrip() for _ in range(4))
    assert ready.startswith("batchio emulator is ready at http://127.0.0.1:")
    variables = dict(line.removeprefix("export ").split("=", 1) for line in exports)
    assert variables["AZURE_BATCH_ACCOUNT"] == "mine"
    assert variables["AZURE_BATCH_ENDPOINT"] in ready
    ran = run("submit", "j", "-", "--create-job", "--pool", "p", environment=environment(**variables))
    assert ran.code == 0, ran.err
    process.send_signal(signal.SIGINT)
    assert ended(process).code == 0


def test_the_lines_over_https_tell_of_the_certificate() -> None:
    process = start("emulator", "--https", environment=environment())
    assert process.stdout is not None
    ready, *exports = (process.stdout.readline().decode().rstrip() for _ in range(7))
    variables = dict(line.removeprefix("export ").split("=", 1) for line in exports)
    path = variables["SSL_CERT_FILE"]
    assert ready.startswith("batchio emulator is ready at https://127.0.0.1:")
    assert ready.endswith(f", certificate {path}; Ctrl-C stops it")
    assert variables["REQUESTS_CA_BUNDLE"] == variables["NODE_EXTRA_CA_CERTS"] == path
    ran = run("submit", "j", "-", "--create-job", "--pool", "p", environment=environment(**variables))
    assert ran.code == 0, ran.err
    assert Path(path).exists()
    process.send_signal(signal.SIGINT)
    assert ended(process).code == 0
    assert not Path(path).parent.exists()


def test_the_object_over_https_has_the_certificate() -> None:
    process = start("emulator", "--https", "--json", environment=environment())
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    assert ready["endpoint"].startswith("https://")
    assert Path(ready["certificate"]).read_bytes().startswith(b"-----BEGIN CERTIFICATE-----")
    process.send_signal(signal.SIGTERM)
    assert ended(process).code == 0
    assert not Path(ready["certificate"]).exists()


def test_faults_come_from_a_file(write: Write, job: str) -> None:
    rules = [{"operation": "Jobs_GetJob", "status": 403, "code": "InsufficientAccountPermissions"}]
    service = Service("--faults", write("faults.json", json.dumps(rules).encode()), "--latency", "0.01")
    try:
        assert service.submit(job, "-").code == 4
    finally:
        service.stop()


def test_a_port_that_is_taken(service: Service) -> None:
    port = service.endpoint.rpartition(":")[2]
    ran = run("emulator", "--port", port, environment=environment())
    assert ran.code == 2
    assert port in ran.err


def test_listening_beyond_loopback_is_warned_of() -> None:
    process = start("emulator", "--host", "0.0.0.0", environment=environment())  # noqa: S104 - what is warned of
    assert process.stdout is not None
    assert process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    ran = ended(process)
    assert ran.code == 0
    assert ran.err.startswith("warning: ")


def test_the_demo_agrees() -> None:
    ran = run("demo", "--tasks", "5000", "--json", environment=environment())
    assert ran.code == 0, ran.err
    found = ran.json
    assert (found["sent"], found["added"], found["present"], found["agree"]) == (5000, 5000, 5000, True)
    assert "they agree" in ran.err


@pytest.mark.slow
def test_the_whole_demo() -> None:
    ran = run("demo", environment=environment())
    assert ran.code == 0, ran.err
    assert "sent 100,000, reported as added 100,000, counted by the service 100,000: they agree" in ran.out
