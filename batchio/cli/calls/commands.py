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
from . import words
from .body import variable_of
from .calling import call, destroys
from .fields import Leaf, options_of, secrets_of
from .names import argument_of, help_of, names_of, option_of

_AS = {timedelta: "As PT1H30M.", datetime: "As 2024-07-01T12:00:00Z."}
"""How to write what is no plain text."""

_EXIT_CODES = """Exit codes: 0 done; 1 the service said no, or it is not there; 2 wrong use,
or a body that cannot be sent; 3 no answer, or not now; 4 authentication;
130 interrupted."""

_LEFT_OUT = {"prefetch"}
"""Options that say nothing on a command line."""


def group_of(name: str, tokens: Sequence[str]) -> App:
    """The group of that name, with its commands, for a command line whose first word is gone."""
    group = App(name=f"batchio {name}", help=_EXIT_CODES, help_format="plaintext", version_flags=[])
    fill(group, name, with_words=not tokens or tokens[0].startswith("-") or bool({"--help", "-h"} & {*tokens}))
    return group


def fill(group: App, name: str, *, with_words: bool) -> None:
    """Add the commands. `with_words`: with what `--help` says of their options, too."""
    for operation in OPERATIONS.values():
        names = names_of(operation)
        if names.group == name:
            about = f"{words.about(operation)}\n\nREST: {operation.id}." if with_words else ""
            group.command(_command(operation, with_words=with_words), name=names.command, help=about)


def _command(operation: Operation[Any], *, with_words: bool) -> Callable[..., int]:
    def command(*path: str, **given: Any) -> int:
        return call(operation, path, given)

    parameters = [*_arguments(operation), *_body(operation, with_words=with_words)]
    parameters += _options(operation, with_words=with_words)
    if destroys(operation):
        parameters.append(_flag("yes", "Do not ask whether you are sure; needed where there is no terminal."))
    # cyclopts reads both: the hints for what a value is, the signature for how it is given.
    vars(command)["__signature__"] = inspect.Signature(parameters)
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def _arguments(operation: Operation[Any]) -> Iterator[inspect.Parameter]:
    for name in operation.parameters:
        hint = Annotated[str, Parameter(help=help_of(name))]
        yield inspect.Parameter(argument_of(name), inspect.Parameter.POSITIONAL_ONLY, annotation=hint)


def _body(operation: Operation[Any], *, with_words: bool) -> Iterator[inspect.Parameter]:
    model = operation.body
    if model is None:
        return
    text = f"File with the body ({model.__name__} as JSON), or - for standard input; options go before it."
    yield _option("json", str, help=text, group="Body")
    for name, leaf in options_of(model).items():
        text = words.of_field(leaf.owner, leaf.names[-1]) if with_words else ""
        group = f"Body: {'.'.join(leaf.wire[:-1])}" if leaf.wire[1:] else "Body"
        yield _option(name, _hint(leaf), help=f"{text} {_AS.get(leaf.kind, '')}".strip(), group=group)
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
            yield _option(name, shown, help=f"{text} {_AS.get(kind, '')}".strip(), group="Request")
    if operation.file and operation.method == "GET":
        yield _option("to", str, help="File to write to, in place of standard output.", group="Output")
    elif operation.items or operation.answer or operation.file or 404 in operation.success:
        text = "How to write what comes back; a table on a terminal, else JSON Lines."
        yield _option("output", Literal["table", "json", "jsonl"], "-o", help=text, group="Output")


def _option(name: str, hint: Any, *short: str, help: str, group: str) -> inspect.Parameter:
    said = Parameter(
        name=(option_of(name), *short),
        help=help,
        group=group,
        negative_iterable=(),
        # Alone it is standard input.
        allow_leading_hyphen=name == "json",
    )
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[hint | None, said]
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
