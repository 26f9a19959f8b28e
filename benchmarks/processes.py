"""Processes of a benchmark: started, pinned to a core, read and ended.

Law: nothing outlives the benchmark. What is started here ends with its `with` block; our own children also end when
their standard input does, so even a killed benchmark leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LIMIT = 900.0
"""Seconds that one measured process may take."""


@dataclass(frozen=True, kw_only=True)
class Pins:
    """The cores of the measured process and of the responder; None leaves it to the system."""

    client: int | None = None
    responder: int | None = None


class RunFailed(Exception):  # noqa: N818 (reads as what happened; it never leaves the benchmarks)
    """A measured process did not do its work."""


def pins(text: str | None) -> Pins:
    """`CLIENT,RESPONDER`, or `auto` for the last two cores; None pins nothing."""
    if text is None:
        return Pins()
    if not hasattr(os, "sched_setaffinity"):
        raise RunFailed("--pin: this system cannot pin a process to a core")
    cores = sorted(os.sched_getaffinity(0)) if text == "auto" else [int(word) for word in text.split(",")]
    if len(cores) < 2:
        raise RunFailed("--pin: needs two cores")
    client, responder = (cores[-1], cores[-2]) if text == "auto" else (cores[0], cores[1])
    return Pins(client=client, responder=responder)


@contextmanager
def started(
    command: Sequence[str],
    *,
    program: str = sys.executable,
    core: int | None = None,
    environment: Mapping[str, str] | None = None,
    talks: bool = True,
) -> Generator[subprocess.Popen[bytes]]:
    """A process in a group of its own, so that Ctrl-C reaches the benchmark alone, which then ends it.

    `program`: this Python, unless the command is another one's. `talks`: one of our own children, whose standard
    input stays open as long as it is wanted.
    """
    # A fixed command of ours: an interpreter and a module, or the installer of another client.
    with subprocess.Popen(  # noqa: S603 - our own command
        [program, *command],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if not talks else None,
        process_group=0,
    ) as process:
        try:
            if core is not None:
                os.sched_setaffinity(process.pid, {core})
            yield process
        finally:
            if process.poll() is None:
                # Its own children, too: an installer has some.
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)


def measured(
    command: Sequence[str],
    *,
    program: str = sys.executable,
    core: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Run one of our own children to its end; it prints one JSON object as its last line."""
    with started(command, program=program, core=core, environment=environment) as process:
        output = _output(process)
        if process.returncode or not output:
            raise RunFailed(f"{' '.join(command)} ended with code {process.returncode}")
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    return found


def _output(process: subprocess.Popen[bytes]) -> bytes:
    # communicate() would close the input, which tells the child to end: so the output is read first.
    timer = threading.Timer(LIMIT, process.kill)
    timer.start()
    try:
        output = process.stdout.read() if process.stdout else b""
        process.wait()
    finally:
        timer.cancel()
    return output


def end_with_parent() -> None:
    """End this process as soon as its standard input ends. The waiting thread costs nothing."""

    def wait() -> None:
        while os.read(0, 4096):
            pass
        os._exit(1)

    threading.Thread(target=wait, name="end with parent", daemon=True).start()
