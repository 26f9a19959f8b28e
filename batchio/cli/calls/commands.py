"""The commands of a group, made of the rows of the operations table.

Law: made when they are asked for, and for help alone with their words; a command's options are those of its row and
of its row's body.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from cyclopts import App, Parameter

from ...models.base import OpenEnum
from ...service.operations import OPERATIONS, Operation
from ..values import GIVEN, WHOLE
from ..versions import API_VERSION, ApiVersion
from . import words
from .body import variable_of
from .fields import Leaf, options_of, secrets_of
from .names import argument_of, help_of, names_of, option_of
from .question import destroys

_AS = {timedelta: ("As PT1H30M.", "DURATION"), datetime: ("As 2024-07-01T12:00:00Z.", "TIME")}
"""How to write what is no plain text, and what stands for it."""

_EXIT_CODES = """Exit codes: 0 done; 1 the service said no, or it is not there; 2 wrong use,
or a body that cannot be sent; 3 no answer, or not now; 4 authentication;
130 interrupted."""

_LEFT_OUT = {"prefetch"}
"""Options that say nothing on a command line."""


def group_of(name: str, about: str, tokens: Sequence[str]) -> App:
    """The group of that name, for a command line whose first word is gone: what that does not need is left out."""
    group = App(name=f"batchio {name}", help=f"{about}\n\n{_EXIT_CODES}", help_format="plaintext", version_flags=[])
    chosen = tokens[0] if tokens else ""
    with_words = not chosen or chosen.startswith("-") or not {"--help", "-h"}.isdisjoint(tokens)
    fill(group, name, chosen, with_words=with_words)
    return group


def fill(group: App, name: str, chosen: str | None = None, *, with_words: bool) -> None:
    """Add the commands. `chosen`: the one that gets its options, None for all of them. `with_words`: of `--help`."""
    for operation in OPERATIONS.values():
        names = names_of(operation)
        if names.group != name:
            continue
        about = f"{words.about(operation)}\n\nREST: {operation.id}." if with_words else ""
        is_whole = chosen is None or chosen == names.command
        command = _command(operation, _parameters(operation, with_words=with_words) if is_whole else [])
        group.command(command, name=names.command, help=about)


def _parameters(operation: Operation[Any], *, with_words: bool) -> list[inspect.Parameter]:
    parameters = [*_arguments(operation), *_body(operation, with_words=with_words)]
    parameters += _options(operation, with_words=with_words)
    parameters.append(
        inspect.Parameter(API_VERSION, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=ApiVersion)
    )
    if destroys(operation):
        parameters.append(_flag("yes", "Do not ask whether you are sure; needed where there is no terminal."))
    return parameters


def _command(operation: Operation[Any], parameters: list[inspect.Parameter]) -> Callable[..., int]:
    def command(*path: str, **given: Any) -> int:
        from .calling import call  # noqa: PLC0415 - the client is not needed for help, nor where the use is wrong

        return call(operation, path, given)

    # cyclopts reads both: the hints for what a value is, the signature for how it is given.
    vars(command)["__signature__"] = inspect.Signature(parameters)
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def _arguments(operation: Operation[Any]) -> Iterator[inspect.Parameter]:
    for name in operation.parameters:
        hint = Annotated[str, GIVEN, Parameter(help=help_of(name))]
        yield inspect.Parameter(argument_of(name), inspect.Parameter.POSITIONAL_ONLY, annotation=hint)


def _body(operation: Operation[Any], *, with_words: bool) -> Iterator[inspect.Parameter]:
    model = operation.body
    if model is None:
        return
    text = f"File with the body ({model.__name__} as JSON), or - for standard input; options go before it."
    yield _option("json", str, help=text, group="Body", place="FILE")
    for name, leaf in options_of(model).items():
        text = words.of_field(leaf.owner, leaf.names[-1]) if with_words else ""
        group = f"Body: {'.'.join(leaf.wire[:-1])}" if leaf.wire[1:] else "Body"
        how, place = _AS.get(leaf.kind, ("", None))
        yield _option(name, _hint(leaf), help=f"{text} {how}".strip(), group=group, place=place)
    for name, leaf in secrets_of(model).items():
        text = f"Ask for {leaf.path}, which is a secret: it comes from here, from --json or from {variable_of(name)}."
        yield _flag(f"ask_{name}", text, group="Body")


def _options(operation: Operation[Any], *, with_words: bool) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(operation.options, localns={"Filter": str})
    for name in sorted(operation.takes - _LEFT_OUT, key=list(hints).index):
        text = words.of_option(operation.options, name) if with_words else ""
        kind = _first(hints[name])
        if kind is bool:
            yield _flag(name, text)
        else:
            shown = str if kind is datetime else kind
            how, place = _AS.get(kind, ("", None))
            yield _option(name, shown, help=f"{text} {how}".strip(), group="Request", place=place)
    if operation.file and operation.method == "GET":
        yield _option("to", str, help="File to write to, in place of standard output.", group="Output", place="FILE")
    elif operation.items or operation.answer or operation.file or 404 in operation.success:
        text = "How to write what comes back; a table on a terminal, else JSON Lines."
        yield _option("output", Literal["table", "json", "jsonl"], "-o", help=text, group="Output")


def _option(name: str, hint: Any, *short: str, help: str, group: str, place: str | None = None) -> inspect.Parameter:
    # What an empty text means is for the service to say, unless it is a file's name.
    checks = (WHOLE,) if hint is int else (GIVEN,) if place == "FILE" else ()
    said = Parameter(
        name=(option_of(name), *short),
        help=help,
        group=group,
        negative_iterable=(),
        # Alone it is standard input.
        allow_leading_hyphen=name == "json",
    )
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[hint | None, *checks, said, place]
    )


def _flag(name: str, help: str, group: str = "Request") -> inspect.Parameter:
    said = Parameter(name=option_of(name), help=help, group=group, negative="", show_default=False)
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Annotated[bool, said])


def _hint(leaf: Leaf) -> Any:
    """What an option takes: what JSON would hold; of an enum the values that are known."""
    if leaf.kind in (timedelta, datetime):
        return str
    if isinstance(leaf.kind, type) and issubclass(leaf.kind, OpenEnum):
        return Literal[tuple(member.value for member in leaf.kind)]
    return leaf.kind


def _first(hint: Any) -> Any:
    """The type that a command line can say, of those that a call takes."""
    arms = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return next(arm for arm in arms if arm is not NoneType)
