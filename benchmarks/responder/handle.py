"""The responder as a benchmark holds it: started, asked for its counts, ended.

Law: control and counting never happen while a client is measured.
"""

from __future__ import annotations

import http.client
import json
import ssl
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.processes import RunFailed, started

_SECONDS = 120
_TRUST = "SSL_CERT_FILE"
"""Where OpenSSL, and so Python's default context, is told what to trust."""


class Responder:
    """A running responder at `url`."""

    def __init__(self, url: str, latency: float, certificate: Path | None = None) -> None:
        self.url = url
        self.latency = latency
        """Seconds for each collection, unless a run says otherwise."""
        self.trust = {_TRUST: str(certificate)} if certificate else {}
        """The environment of a client that trusts this responder's certificate; nothing without TLS."""
        self._context = ssl.create_default_context(cafile=certificate) if certificate else None

    def reset(self) -> None:
        """Forget what has arrived."""
        self._get("/benchmark/reset")

    def take(self, seconds: float) -> None:
        """From now on take so long for each collection."""
        self._get(f"/benchmark/latency?seconds={seconds}")

    def cpu(self) -> float:
        """Seconds of CPU that the responder has taken so far."""
        found: float = self._get("/benchmark/cpu")["cpu"]
        return found

    def counts(self, tasks: int) -> dict[str, Any]:
        """What has arrived since the last reset, of tasks numbered from 0 to `tasks` - 1."""
        return self._get(f"/benchmark/counts?tasks={tasks}")

    def delivered(self, tasks: int) -> dict[str, Any]:
        """The counts; raises `RunFailed` unless each task has arrived exactly once."""
        counts = self.counts(tasks)
        if not counts["tasks"] == counts["distinct"] == tasks or counts["refused"]:
            told = {name: count for name, count in counts.items() if name != "first_task"}
            raise RunFailed(f"{tasks} tasks should have arrived, each once, but: {told}")
        return counts

    def answered(self, reads: int) -> dict[str, Any]:
        """The counts; raises `RunFailed` unless so many reads were answered, and nothing else."""
        counts = self.counts(0)
        if counts["reads"] != reads or counts["requests"] or counts["refused"]:
            raise RunFailed(f"{reads} reads should have arrived, but: {counts}")
        return counts

    def _get(self, target: str) -> dict[str, Any]:
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        if self._context is None:
            connection = http.client.HTTPConnection(host, parts.port, timeout=_SECONDS)
        else:
            connection = http.client.HTTPSConnection(host, parts.port, timeout=_SECONDS, context=self._context)
        try:
            connection.request("GET", target)
            found: dict[str, Any] = json.loads(connection.getresponse().read())
        except OSError as error:
            raise RunFailed(f"the responder does not answer: {error}") from error
        finally:
            connection.close()
        return found


@contextmanager
def responder(
    *, latency: float = 0.0, chunked: bool = False, tls: bool = False, core: int | None = None
) -> Generator[Responder]:
    """A responder as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="batchio-benchmark-") as folder:
        certificate = Path(folder) / "certificate.pem" if tls else None
        command = ["-m", "benchmarks.responder", "--latency", str(latency)]
        command += [*(["--chunked"] if chunked else []), *(["--tls", str(certificate)] if certificate else [])]
        with started(command, core=core) as process:
            url = process.stdout.readline().decode().strip() if process.stdout else ""
            if not url:
                raise RunFailed("the responder did not start")
            yield Responder(url, latency, certificate)
