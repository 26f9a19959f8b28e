"""CPU time and memory of this process.

Law: CPU is user and system time of the whole process, never wall time; a peak is a peak since `Memory.mark`.
"""

from __future__ import annotations

import contextlib
import resource
import sys
import time
from pathlib import Path
from typing import Self

MB = 1024 * 1024

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
# Kilobytes on Linux, bytes on macOS.
_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


def cpu_seconds() -> float:
    """User and system time of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def resident() -> float:
    """Megabytes of this process that are in memory now; the most there ever were where the system does not tell."""
    return (_status("VmRSS") or _maxrss()) / MB


class Clock:
    """CPU and wall time of a `with` block."""

    def __enter__(self) -> Self:
        self.cpu = self.wall = 0.0
        self._started = (cpu_seconds(), time.perf_counter())
        return self

    def __exit__(self, *_exception: object) -> None:
        cpu, wall = self._started
        self.cpu, self.wall = cpu_seconds() - cpu, time.perf_counter() - wall


class Memory:
    """Memory since `mark`.

    `ru_maxrss` never falls and, on Linux, starts with what the parent process had when it made this one, so the
    growth comes from `/proc/self/status` (VmHWM, set back at the mark) where there is one.
    """

    def mark(self) -> None:
        """From here on growth counts: call it after the imports."""
        with contextlib.suppress(OSError):
            _CLEAR.write_text("5")
        self._before = _status("VmRSS") or _maxrss()

    def growth(self) -> float:
        """Megabytes of the peak above the mark."""
        return (self.peak() - self._before / MB) if _STATUS.exists() else (_maxrss() - self._before) / MB

    def peak(self) -> float:
        """Megabytes at the peak since the mark, the interpreter and the imports included."""
        return (_status("VmHWM") or _maxrss()) / MB

    @staticmethod
    def maxrss() -> float:
        """Megabytes of `ru_maxrss`."""
        return _maxrss() / MB


def _maxrss() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MAXRSS_UNIT


def _status(name: str) -> int:
    if not _STATUS.exists():
        return 0
    for line in _STATUS.read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    return 0
