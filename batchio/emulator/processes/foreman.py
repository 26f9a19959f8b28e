"""The one process that starts the processes of tasks, and ends them.

Law: no process outlives the foreman and the foreman does not outlive the service: it reads orders from a pipe that
the service holds, and kills everything when that pipe breaks, which a `kill -9` of the service does, too. It has no
threads, so that it can fork, and imports nothing of batchio: it is run as a file, by `python -I -S`.

An order is a line of JSON on stdin, with the number of the work that it is about:

    {"start": 7, "arguments": [...], "folder": ..., "environment": {...}, "out": ..., "err": ...}
    {"stop": 7, "grace": 1.0}                   SIGTERM to the group, after so many seconds SIGKILL

What becomes of it is a line on stdout: `{"ended": 7, "code": 0}`, or `{"failed": 7, "error": "..."}` with the name
of an errno where nothing was started. A work has ended when its whole process group has: what a process leaves
behind is killed with it, on Linux also what has left the group, unless it hides its environment. Each group has a
record in the folder of records: a file with the group's number for a name and the time at which its leader started
in it, by which the next service finds what was left.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

OPEN_FILES = 4096
"""The most files that a process can have open, unless the system's own limit is lower."""
KILLED_BY = 128
"""Added to the number of the signal that ended a process, as shells do, this is its exit code."""
LOOK = 0.02
"""Seconds between two looks at groups that are dying."""
PATIENCE = 5.0
"""Seconds after which a killed group is given up; it hangs inside of the system."""
MARK = "AZ_BATCH_TASK_DIR"
"""The variable that each task's processes have, with a value of its own."""
_SUBREAPER = 36
"""`PR_SET_CHILD_SUBREAPER` of Linux."""


class Group:
    """A process group: its leader and the leader's exit code; by the `mark` those are known that have left it."""

    def __init__(self, work: int, leader: subprocess.Popen[bytes], record: Path, mark: bytes) -> None:
        self.work = work
        self.leader = leader
        self.mark = mark
        self.record = record
        self.code: int | None = None
        self.stopped = False
        self.deadline: float | None = None

    def signal(self, number: int) -> bool:
        """Send a signal to all of it, whose number is given to nobody else meanwhile; False where nobody is left."""
        try:
            os.killpg(self.leader.pid, number)
        except ProcessLookupError:
            return False
        except PermissionError:
            # macOS says so of a group of zombies.
            return self.code is None
        return True


class Foreman:
    """Starts, watches and kills groups; `records` is the folder of their records."""

    def __init__(self, records: Path) -> None:
        self._records = records
        self._groups: dict[int, Group] = {}

    def take(self, order: dict[str, Any]) -> None:
        """Do what an order says."""
        if "start" in order:
            self._start(order)
        else:
            self._stop(order["stop"], order["grace"])

    def _start(self, order: dict[str, Any]) -> None:
        work = order["start"]
        try:
            with _created(order["out"]) as out, _created(order["err"]) as err:
                leader = subprocess.Popen(  # noqa: S603 - running what users send is what this is for
                    order["arguments"],
                    cwd=order["folder"],
                    env=order["environment"],
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    start_new_session=True,
                )
        except (OSError, ValueError) as error:
            number = error.errno if isinstance(error, OSError) else errno.EINVAL
            _tell(failed=work, error=errno.errorcode.get(number or 0, "EIO"))
            return
        record = self._records / str(leader.pid)
        # Of no process may it be lost sight, however full the disk is.
        with suppress(OSError):
            record.write_text(start_time(leader.pid) or "")
        mark = f"{MARK}={order['environment'].get(MARK)}"
        self._groups[leader.pid] = Group(work, leader, record, mark.encode())

    def _stop(self, work: int, grace: float) -> None:
        for group in self._groups.values():
            if group.work == work and not group.stopped:
                group.stopped = True
                group.deadline = time.monotonic() + grace
                group.signal(signal.SIGTERM)

    def look(self) -> None:
        """Reap what has ended, kill what is left behind or late, and tell of groups that are gone."""
        self._reap()
        now, (orphans, ending) = time.monotonic(), self._orphans()
        for pid, group in list(self._groups.items()):
            if group.deadline is None:
                continue
            left = [orphan for orphan, variables in orphans.items() if group.mark in variables]
            if group.code is not None and not left and not ending and not group.signal(0):
                self._tell_end(pid, group)
            elif now >= group.deadline + PATIENCE:
                group.code = group.code if group.code is not None else KILLED_BY + signal.SIGKILL
                self._tell_end(pid, group)
            elif now >= group.deadline:
                group.signal(signal.SIGKILL)
                _kill(left)

    def _orphans(self) -> tuple[dict[int, list[bytes]], bool]:
        """What came here because its parent has ended, with its environment; and whether more is about to come."""
        if all(group.code is None for group in self._groups.values()):
            return {}, False
        found = {pid: environment_of(pid) for pid in children(os.getpid()) - self._groups.keys()}
        return found, any(map(is_ending, found))

    def _reap(self) -> None:
        """Take the exit codes of leaders, and of orphans that came here."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            group = self._groups.get(pid)
            if group is not None:
                code = os.waitstatus_to_exitcode(status)
                group.code = group.leader.returncode = code if code >= 0 else KILLED_BY - code
                # What is stopped by request may take its grace; what a task leaves behind may not.
                group.deadline = time.monotonic() if group.deadline is None else group.deadline
                if not group.stopped:
                    group.signal(signal.SIGKILL)

    def _tell_end(self, pid: int, group: Group) -> None:
        del self._groups[pid]
        group.record.unlink(missing_ok=True)
        _tell(ended=group.work, code=group.code)

    @property
    def pause(self) -> float | None:
        """Seconds until the next look; None: until something happens."""
        return LOOK if any(group.deadline is not None for group in self._groups.values()) else None

    def kill_all(self) -> None:
        """Kill every group, and what comes here because its parent was killed, until nothing more does."""
        last = time.monotonic() + PATIENCE
        while time.monotonic() < last:
            alive = [group.signal(signal.SIGKILL) for group in self._groups.values()]
            _kill(left := children(os.getpid()))
            self._reap()
            if not left and not any(alive):
                break
            time.sleep(LOOK)
        for group in self._groups.values():
            group.record.unlink(missing_ok=True)


def _kill(pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _created(path: str) -> Any:
    """A new file in the place of what was there; no link leads anywhere else."""
    with suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108 - as below
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "wb")


def _tell(**event: Any) -> None:
    os.write(1, json.dumps(event).encode() + b"\n")


def stat_of(pid: int) -> list[str]:
    """The fields of `/proc/PID/stat` behind the name, the state first; nothing where there is no such process."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    return []


def is_ending(pid: int) -> bool:
    """Whether a process has given its memory back, its environment too: its children come here only after that."""
    return stat_of(pid)[20:21] in ([], ["0"])


def start_time(pid: int) -> str | None:
    """When a process started, in the system's own words: no other process of this number says the same."""
    if Path("/proc/self/stat").exists():
        fields = stat_of(pid)
        return f"{_boot()} {fields[19]}" if len(fields) > 19 else None
    found = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607 - the system's ps
    return found.stdout.strip() or None


def _boot() -> str:
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


def environment_of(pid: int) -> list[bytes]:
    """The environment with which a process was started; nothing where the system does not tell."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return []


def children(pid: int) -> set[int]:
    """The processes right below a process, where the system tells."""
    with suppress(OSError):
        return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
    numbers = [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]
    return {number for number in numbers if stat_of(number)[1:2] == [str(pid)]}


def _limit() -> None:
    """Limits that every process takes over; and orphans come here instead of to the system's first process."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    files = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def _nothing(*_: object) -> None:
    """What a signal does that only wakes up."""


def _watch_children() -> int:
    """A file that can be read whenever a child has ended."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.signal(signal.SIGCHLD, _nothing)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    return reader


def serve(foreman: Foreman) -> None:
    """Take orders until the pipe breaks."""
    children, rest = _watch_children(), b""
    while True:
        ready = select.select([0, children], [], [], foreman.pause)[0]
        if children in ready:
            os.read(children, 65536)
        if 0 in ready:
            chunk = os.read(0, 65536)
            if not chunk:
                return
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                foreman.take(json.loads(line))
        foreman.look()


def main(records: str) -> None:
    """Serve until the service is gone; then nothing is left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # It ends when the service does. What is ignored would be ignored by every process that is started, too.
        signal.signal(number, _nothing)
    _limit()
    foreman = Foreman(Path(records))
    try:
        with suppress(BrokenPipeError):
            serve(foreman)
    finally:
        foreman.kill_all()


if __name__ == "__main__":
    main(sys.argv[1])
