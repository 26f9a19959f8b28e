"""What is written: data to stdout, everything else to stderr.

Law: a stream that is closed or broken never disturbs the command, and no secret of a URL leaves through here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import TextIO

from ..hiding import without_secrets
from .codes import CommandError


def log_in_one_line() -> None:
    """Show what libraries log as warnings, without their tracebacks; BATCHIO_DEBUG shows those, too."""
    import logging  # noqa: PLC0415 - keeps `--help` fast

    class OneLine(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            write_error(f"{record.levelname.lower()}: {record.name}: {record.getMessage()}")
            if record.exc_info and os.environ.get("BATCHIO_DEBUG"):
                write_error(logging.Formatter().formatException(record.exc_info))

    logging.basicConfig(level=logging.WARNING, handlers=[OneLine()])


def write_error(text: str) -> None:
    """A line on stderr, if there is one."""
    if sys.stderr is None:
        return
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{without_secrets(text)}\n")
        sys.stderr.flush()


def write_data(text: str) -> None:
    """A line on stdout. Who closed it wants no more: then it is dropped without a word."""
    try:
        write_or_stop(text)
    except BrokenPipeError:
        drop_output()


def write_or_stop(text: str, *, end: str = "\n") -> None:
    """The same for what goes on and on: raises `BrokenPipeError`, with which the command ends without a word."""
    if sys.stdout is None:
        return
    encoding = sys.stdout.encoding or "utf-8"
    with _telling():
        # What the terminal cannot show is written as an escape.
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + end)
        sys.stdout.flush()


def is_terminal(stream: TextIO | None) -> bool:
    """Whether somebody sits there; None is a stream that was closed before the start."""
    return stream is not None and stream.isatty()


def can_draw(stream: TextIO | None) -> bool:
    """Whether it is a terminal that knows more than lines."""
    return is_terminal(stream) and os.environ.get("TERM", "") not in ("dumb", "")


def strong(text: str) -> str:
    """The text as a heading, where stdout is a terminal that shows such."""
    return f"\x1b[1m{text}\x1b[0m" if can_draw(sys.stdout) and not os.environ.get("NO_COLOR") else text


def write_bytes(piece: bytes) -> None:
    """Bytes as they are; raises `BrokenPipeError` as well."""
    if sys.stdout is None:
        raise CommandError("standard output is closed")
    with _telling():
        sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()


@contextmanager
def _telling() -> Generator[None]:
    """Why stdout takes no more, unless it is that nobody reads it."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        drop_output()
        raise CommandError(f"standard output: {(error.strerror or str(error)).lower()}") from error


def drop_output() -> None:
    """Send what is still to be written to stdout nowhere: the interpreter flushes at its end, and would complain."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
