"""The marked secrets, and the search for them in all their forms.

Law: the marks are put together at run time, because a traceback quotes lines of these files.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from urllib.parse import quote

import pytest

STEM = "terces-dekram"[::-1]
TESTS = str(Path(__file__).parents[1])


def mark(name: str) -> str:
    """A secret, which says in a failure which one it is."""
    return f"{STEM}.{name}.{'x' * 12}"


KEY = base64.b64encode(mark("account-key").encode()).decode()
OTHER_KEY = base64.b64encode(mark("rotated-key").encode()).decode()
SIGNATURE = quote(f"{mark('signature')}+/=", safe="")


def sas(name: str, host: str = "https://acct.blob.core.windows.net") -> str:
    """A URL with a signature of its own."""
    return f"{host}/c/{name}?sv=2022-11-02&se=2030-01-01&sr=c&sp=r&sig={mark(name)}%2B%2F%3D"


def _forms() -> dict[str, bytes]:
    stem = STEM.encode()
    forms = {"as it is": stem, "in hex": binascii.hexlify(stem), "in UTF-16": STEM.encode("utf-16-le")}
    for shift in range(3):
        # What is before and behind it changes the first and the last letters.
        text = base64.b64encode(b"\0" * shift + stem)
        forms[f"in base64, shifted by {shift}"] = text[4 if shift else 0 : len(text) // 4 * 4 - 4]
    return forms


FORMS = _forms()


def leaks(found: str | bytes) -> list[str]:
    """Where a mark stands in it, with what is around."""
    data = found.encode("utf-8", "surrogatepass") if isinstance(found, str) else found
    shown: list[str] = []
    for form, mark_form in FORMS.items():
        at = data.find(mark_form)
        if at >= 0:
            shown.append(f"{form}: ...{data[max(0, at - 120) : at + 80].decode('utf-8', 'replace')}...")
    return shown


def check(found: str | bytes, where: str) -> None:
    """Fail where a secret shows."""
    shown = leaks(found)
    if shown:
        pytest.fail(f"{where}: {shown[0]}", pytrace=False)


def shown_by(error: BaseException) -> str:
    """All that an error shows: its text, what hangs under it, and what the frames hold that are not the test's own."""
    parts = ["".join(traceback.format_exception(error))]
    for link in _chain(error):
        parts += [str(link), repr(link), repr(getattr(link, "__notes__", ""))]
        parts += [f"{name}={value!r}" for name, value in vars(link).items()]
        parts += [line for frame, _ in traceback.walk_tb(link.__traceback__) for line in _locals_of(frame)]
    return "\n".join(parts)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """As a traceback tells it."""
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for each in error.exceptions:
                yield from _chain(each)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _locals_of(frame: FrameType) -> Iterator[str]:
    if not frame.f_code.co_filename.startswith(TESTS):
        for name, value in frame.f_locals.items():
            with contextlib.suppress(Exception):
                yield f"{frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_name}: {name}={value!r}"
