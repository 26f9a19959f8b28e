"""A terminal with somebody at it: a command runs in a real one, and what stands on its screen can be read."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager

import pyte

from .conftest import SECONDS, environment

CTRL_C, CTRL_D = b"\x03", b"\x04"


class Terminal:
    """`screen`: what is to be seen; `written`: all that came, escape codes included."""

    def __init__(self, words: list[str], variables: Mapping[str, str | None], columns: int, rows: int) -> None:
        self.screen = pyte.Screen(columns, rows)
        self.written = b""
        self._stream = pyte.ByteStream(self.screen)
        self._end, other = pty.openpty()
        self.resize(columns, rows)
        said = {**environment(), "TERM": "xterm-256color", "COLUMNS": None, "LINES": None, **variables}
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            # The terminal is that of its session: so Ctrl-C reaches it as it reaches a command of a shell.
            [sys.executable, "-c", _IN_SESSION, *words],
            env={name: value for name, value in said.items() if value is not None},
            stdin=other,
            stdout=other,
            stderr=other,
            start_new_session=True,
        )
        os.close(other)

    def resize(self, columns: int, rows: int) -> None:
        """As if somebody drew at the window's corner."""
        fcntl.ioctl(self._end, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(rows, columns)

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self._end, keys)

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip()

    def wait_until(self, what: str | Callable[[str], object]) -> None:
        """Until this stands on the screen."""
        stands = what if callable(what) else lambda text: re.search(what, text)
        deadline = time.monotonic() + SECONDS
        while not stands(self.text):
            assert self._read(deadline - time.monotonic()), (what, self.text)

    def ended(self) -> int:
        """Read to the end of the command; gives its exit code."""
        deadline = time.monotonic() + SECONDS
        while self._read(deadline - time.monotonic()):
            pass
        code = self._process.wait(SECONDS)
        assert "Traceback" not in self.text, self.text
        assert not self.screen.cursor.hidden, self.text
        return code

    def close(self) -> None:
        """Let go of it, whatever it does."""
        self._process.kill()
        self._process.wait()
        os.close(self._end)

    def _read(self, seconds: float) -> bool:
        """Read what comes next; whether there was something."""
        if seconds <= 0 or not select.select([self._end], [], [], seconds)[0]:
            return False
        try:
            piece = os.read(self._end, 65_536)
        except OSError:
            # Nobody has it open any more.
            return False
        self.written += piece
        self._stream.feed(piece)
        return bool(piece)


_IN_SESSION = """import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from batchio.__main__ import main
main()"""


@contextmanager
def terminal(
    *words: str, columns: int = 100, rows: int = 30, variables: Mapping[str, str | None] | None = None
) -> Generator[Terminal]:
    """`batchio` with these words, in a terminal of its own."""
    found = Terminal(list(words), variables or {}, columns, rows)
    try:
        yield found
    finally:
        found.close()
