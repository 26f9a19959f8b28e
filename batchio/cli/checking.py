"""Whether a piece of the input is a task.

Law: pure. The quick check is one call of msgspec a task (one JSON object with a string `id`, which is what the
engine needs); the full check is the one that single calls of the client make. A fault's text never quotes the
task: it may hold secrets.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterable

import msgspec

from .portions import LIMIT, LIMIT_WORDS

Judge = Callable[[bytes], object]
"""Raises one of `FAULTS` for what is no task; what it returns does not matter."""


class _Identity(msgspec.Struct, gc=False):
    id: str


class Fault(msgspec.Struct, frozen=True):
    """Why a piece is no task. `offset`: bytes from its start. `broken`: it is not even JSON."""

    offset: int
    why: str
    broken: bool = False


class ModelFault(Exception):  # noqa: N818 - its sentence is for the user, it is not a failure of ours
    """The piece is JSON, but not a task as the service defines it; the text leads to the field."""


FAULTS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ModelFault)

_identify = msgspec.json.Decoder(_Identity).decode
quick: Judge = _identify
"""One JSON object with a string `id`."""

_AT_BYTE = re.compile(r" \(byte (\d+)\)$")
TOO_DEEP = "the JSON is nested too deeply"
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def id_of(task: bytes) -> str:
    """The id of what passes the quick check."""
    return _identify(task).id


def full_judge(version: str) -> Judge:
    """The judge of a dry run: everything that the client would check of a single task, and the size."""
    # The models are only needed for this.
    from ..bulk.packer import fits_alone  # noqa: PLC0415 - keeps `--help` fast
    from ..errors import EncodeError, VersionError  # noqa: PLC0415 - as above
    from ..models import TaskAddParameter  # noqa: PLC0415 - as above
    from ..session.check import check_body  # noqa: PLC0415 - as above
    from .options import MAX_BODY  # noqa: PLC0415 - as above

    as_mapping = msgspec.json.Decoder(dict[str, object]).decode

    def judge(task: bytes) -> None:
        quick(task)
        if not fits_alone(len(task), MAX_BODY):
            raise ModelFault(f"a task of {len(task):,} bytes does not fit into a request of {MAX_BODY:,}")
        try:
            check_body(as_mapping(task), TaskAddParameter, version=version)
        except (EncodeError, VersionError) as error:
            raise ModelFault(str(error)) from error

    return judge


def all_pass(judge: Judge, pieces: Iterable[bytes]) -> bool:
    """Whether every piece is a task; costs one call a piece and no Python in between."""
    try:
        # A deque without room runs the iterator at C speed and keeps nothing.
        deque(map(judge, pieces), maxlen=0)
    except FAULTS:
        return False
    return True


def fault_of(piece: bytes, judge: Judge) -> Fault | None:
    """Why a piece is no task, or None."""
    if len(piece) > LIMIT:
        return Fault(0, LIMIT_WORDS)
    try:
        piece.decode("utf-8")
        judge(piece)
    except FAULTS as error:
        return _explain(piece, error)
    return None


def _explain(piece: bytes, error: Exception) -> Fault:
    if isinstance(error, UnicodeDecodeError):
        return Fault(error.start, "the text is not UTF-8", broken=True)
    if isinstance(error, RecursionError):
        return Fault(0, TOO_DEEP, broken=True)
    if isinstance(error, ModelFault):
        return Fault(_indent(piece), str(error))
    if isinstance(error, msgspec.ValidationError):
        return Fault(_indent(piece), _shape(str(error)))
    return _syntax(piece, str(error))


def _shape(text: str) -> str:
    if text.startswith("Object missing"):
        return "the task has no id"
    if text.endswith("$.id`"):
        return "the task's id is not a string"
    if text.startswith("Expected `object`"):
        return "a task is a JSON object, not " + text.rpartition(" ")[2].strip("`")
    return "the task cannot be read: " + text


def _syntax(piece: bytes, text: str) -> Fault:
    """Where JSON is broken; the standard library says it exactly, msgspec is now and then some bytes off."""
    readable = piece.decode("utf-8")
    try:
        # Python refuses to read a number of thousands of digits.
        json.loads(readable, parse_int=str)
    except json.JSONDecodeError as error:
        return Fault(len(readable[: error.pos].encode()), f"not JSON: {error.msg.removesuffix(' at')}", broken=True)
    except RecursionError:
        return Fault(0, TOO_DEEP, broken=True)
    # What the standard library takes beyond JSON: NaN, Infinity, half of a surrogate pair.
    surrogate = _SURROGATE.search(piece)
    if surrogate and not _AT_BYTE.search(text):
        return Fault(surrogate.start(), "not JSON: half of a surrogate pair", broken=True)
    found = _AT_BYTE.search(text)
    return Fault(int(found[1]) if found else 0, "not JSON: invalid value", broken=True)


def _indent(piece: bytes) -> int:
    return len(piece) - len(piece.lstrip())
