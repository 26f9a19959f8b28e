"""The body of a request: from --json, from options, and secrets from where nobody else reads them.

Law: it becomes one mapping in wire shape, which the client checks in full before anything is sent. A secret is
never an argument: other users of a machine can read those.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..checking import TOO_DEEP
from ..codes import CommandError
from .fields import options_of, secrets_of
from .names import option_of
from .question import secret

if TYPE_CHECKING:
    from ...service.operations import Operation

_MAX_BYTES = 64 << 20
"""Of a body, as text; far more than the service takes."""


def body_of(operation: Operation[Any], given: Mapping[str, Any]) -> dict[str, Any] | None:
    """The body that the arguments say, None where the operation can do without and nothing was said.

    Raises `CommandError`.
    """
    model = operation.body
    if model is None:
        return None
    options = {name: leaf for name, leaf in options_of(model).items() if given.get(name) is not None}
    name = given.get("json")
    body = read_object(name) if name is not None else {}
    for option, leaf in options.items():
        _put(body, leaf.wire, given[option], option)
    for name_of_secret, leaf in secrets_of(model).items():
        wire = leaf.wire[0]
        value = _secret(name_of_secret, ask=bool(given.get(f"ask_{name_of_secret}")), is_there=wire in body)
        if value is not None:
            body[wire] = value
    if body or name is not None:
        return body
    if operation.body_optional:
        return None
    some = [option_of(option) for option in options_of(model)][:3]
    also = f", or options such as {', '.join(some)}" if some else ""
    raise CommandError(f"nothing is given to send: --json FILE{also}")


def read_object(name: str) -> dict[str, Any]:
    """The JSON object in a file, `-` for standard input; raises `CommandError` that says where it is none."""
    shown = "standard input" if name == "-" else name
    try:
        text = _read(name)
        if len(text) > _MAX_BYTES:
            raise CommandError(f"{shown}: more than {_MAX_BYTES >> 20} MiB, which no body has")
        found = json.loads(text.decode("utf-8-sig"), parse_constant=_refuse, object_pairs_hook=_object)
    except OSError as error:
        raise CommandError(f"--json {name}: {(error.strerror or str(error)).lower()}") from error
    except json.JSONDecodeError as error:
        raise CommandError(f"{shown}:{error.lineno}:{error.colno}: not JSON: {error.msg.lower()}") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{shown}: the text is not UTF-8") from error
    except RecursionError as error:
        raise CommandError(f"{shown}: {TOO_DEEP}") from error
    except ValueError as error:
        raise CommandError(f"{shown}: not JSON: {error}") from error
    if not isinstance(found, dict):
        raise CommandError(
            f"{shown}: a JSON object is needed, not {'a list' if isinstance(found, list) else 'a value'}"
        )
    return found


def _read(name: str) -> bytes:
    if name == "-":
        if sys.stdin is None:
            raise CommandError("standard input is closed")
        return sys.stdin.buffer.read(_MAX_BYTES + 1)
    with Path(name).open("rb") as file:
        return file.read(_MAX_BYTES + 1)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        (twice, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"{twice!r} stands twice in one object")
    return found


def _put(body: dict[str, Any], wire: tuple[str, ...], value: Any, option: str) -> None:
    """An option goes before what the file says."""
    for index, name in enumerate(wire[:-1]):
        inner = body.get(name)
        if inner is None:
            inner = body[name] = {}
        if not isinstance(inner, dict):
            raise CommandError(
                f"--json: {'.'.join(wire[: index + 1])} is no object, into which {option_of(option)} goes"
            )
        body = inner
    body[wire[-1]] = value


def _secret(name: str, *, ask: bool, is_there: bool) -> str | None:
    if ask:
        return secret(name)
    return None if is_there else os.environ.get(variable_of(name))


def variable_of(secret: str) -> str:
    """The environment variable that a secret is taken from."""
    return f"BATCHIO_{secret.upper()}"
