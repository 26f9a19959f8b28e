"""The moments between two looks of the foreman at its processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from batchio.emulator.processes import foreman

from .process_farm import alive

DAEMON = """
import os, sys, time
if os.fork():
    os._exit(0)
os.setsid()
if not os.fork():
    open(sys.argv[1], "w").write(str(os.getpid()))
    time.sleep(1000)
while not os.path.exists(sys.argv[2]):
    time.sleep(0.01)
os._exit(0)
"""
"""Leaves its group; who is in between ends when it is told so."""

DRIVER = """
import importlib.util, os, pathlib, sys, time
file, folder, daemon = sys.argv[1:]
found = importlib.util.spec_from_file_location("foreman", file)
foreman = importlib.util.module_from_spec(found)
found.loader.exec_module(foreman)
read, seen = foreman.environment_of, []

def environment_of(pid):
    if not seen:
        # It was there when the children were looked at, and ends now.
        open(folder + "/end", "w").close()
        while foreman.stat_of(pid)[0] != "Z":
            time.sleep(0.01)
    seen.append(pid)
    return read(pid)

foreman.environment_of = environment_of
foreman._limit()
it = foreman.Foreman(pathlib.Path(folder))
line = f"{sys.executable} -S -c '{daemon}' {folder}/pid {folder}/end; until [ -s {folder}/pid ]; do sleep 0.01; done"
it.take({"start": 1, "arguments": ["/bin/sh", "-c", line], "folder": folder,
    "environment": {"AZ_BATCH_TASK_DIR": folder, "PATH": os.environ["PATH"]},
    "out": folder + "/out", "err": folder + "/err"})
while it._groups:
    it.look()
    time.sleep(0.01)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives orphans to the foreman")
def test_who_is_left_by_one_that_ends_just_now_ends_too(tmp_path: Path) -> None:
    driver = [sys.executable, "-I", "-S", "-c", DRIVER, foreman.__file__, str(tmp_path), DAEMON]
    told = subprocess.run(driver, capture_output=True, text=True, timeout=20, check=False)  # noqa: S603 - our own code
    assert told.stderr == ""
    assert json.loads(told.stdout) == {"ended": 1, "code": 0}
    assert not alive(int((tmp_path / "pid").read_text()))
