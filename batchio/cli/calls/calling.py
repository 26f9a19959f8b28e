"""One operation, from the arguments of its command to an exit code.

Law: everything is checked before anything is sent, and what destroys asks first. Data goes to stdout; a word on what
was done goes to stderr, where there is a terminal.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from ...client import BatchClient
from ...errors import BatchioError, EncodeError
from ...models import TaskAddCollectionResult, TaskAddStatus
from ...session.files import FileStream
from ...session.pages import Pages
from ...session.request import Receipt
from ..codes import CommandError, Exit, call_code, text_of
from ..interrupt import run
from ..output import is_terminal, write_bytes, write_error
from ..versions import API_VERSION, version_of
from .body import body_of
from .fields import options_of
from .names import Names, argument_of, names_of, option_of
from .question import confirm, destroys
from .showing import Show, as_mapping

if TYPE_CHECKING:
    from ...service.operations import Operation


def call(operation: Operation[Any], path: tuple[str, ...], given: Mapping[str, Any]) -> int:
    """Run the command; gives its exit code.

    `path`: values of the path's parameters. `given`: all else that was said, by argument name, None where it was not.
    """
    options = {name: _value(operation, name, given[name]) for name in operation.takes if given.get(name) is not None}
    body = body_of(operation, given)
    names = names_of(operation)
    if destroys(operation) and not given.get("yes"):
        confirm(f"{names.words} {' '.join(path)}")
    arguments = path if operation.body is None else (*path, body)
    try:
        return run(lambda _: _call(operation, names, arguments, options, given))
    except BatchioError as error:
        raise CommandError(_in_words(operation, error), call_code(error)) from error


async def _call(
    operation: Operation[Any],
    names: Names,
    arguments: tuple[Any, ...],
    options: Mapping[str, Any],
    given: Mapping[str, Any],
) -> int:
    async with BatchClient.from_environment(api_version=version_of(given.get(API_VERSION))) as client:
        called = getattr(getattr(client, names.resource), names.method)(*arguments, **options)
        if isinstance(called, FileStream):
            return await _file(called, given.get("to"))
        show = Show(given.get("output"), given.get("select"))
        if isinstance(called, Pages):
            assert operation.items is not None  # noqa: S101 - a listing has items; this is for the type checkers
            if not await show.listing(called, operation.items):
                _say("nothing there")
            return Exit.OK
        found = await called
    shown = f"{names.words} {' '.join(map(str, arguments[: len(operation.parameters)]))}".rstrip()
    if isinstance(found, Receipt):
        _say(f"{shown}: {'accepted' if found.status == 202 else 'done'}")
        return Exit.OK
    if isinstance(found, bool):
        show.answer(yes=found, words=f"{arguments[-1]} {'exists' if found else 'does not exist'}")
        return Exit.OK if found else Exit.REFUSED
    show.thing(as_mapping(found))
    return Exit.NOT_ALL if isinstance(found, TaskAddCollectionResult) and _lacks(found) else Exit.OK


async def _file(stream: FileStream, to: str | None) -> int:
    """A file's bytes, to stdout or to a file that is whole or not there."""
    async with stream:
        if to is not None:
            try:
                _say(f"{to}: {await stream.download(to):,} bytes")
            except OSError as error:
                raise CommandError(f"--to {to}: {(error.strerror or str(error)).lower()}") from error
            return Exit.OK
        async for piece in stream:
            write_bytes(piece)
    return Exit.OK


def _lacks(result: TaskAddCollectionResult) -> bool:
    return any(each.status != TaskAddStatus.SUCCESS for each in result.value or ())


def _value(operation: Operation[Any], name: str, text: Any) -> Any:
    """An option's value; times are told by their types in the table."""
    if "datetime" not in str(operation.options.__annotations__[name]):
        return text
    try:
        moment = msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise CommandError(f"{option_of(name)}: a time with a zone such as 2024-07-01T12:00:00Z, not {text!r}")
    return moment


def _say(text: str) -> None:
    """A word for people; programs have the exit code."""
    if is_terminal(sys.stderr):
        write_error(text)


def _in_words(operation: Operation[Any], error: BatchioError) -> str:
    """The error's text, with the option behind the field or argument that it is about."""
    text = str(error)
    about, colon, rest = text.partition(": ")
    if isinstance(error, EncodeError) and operation.body is not None:
        option = next((name for name, leaf in options_of(operation.body).items() if leaf.path == error.path), None)
        return text if option is None else f"{about} ({option_of(option)}){colon}{rest}"
    if about in operation.parameters:
        return f"{argument_of(about).upper()}{colon}{rest}"
    return f"{option_of(about)}{colon}{rest}" if about in operation.takes else text_of(error)
