"""What `--help` shows: how to use a command, what it does, its arguments and options.

Law: read off what cyclopts knows of the commands, in words that fit the width; nothing that draws is imported, which
would take more time than all the rest. An option's name is never broken.
"""

from __future__ import annotations

import inspect
import shutil
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from types import NoneType
from typing import Any, get_args, get_origin

from cyclopts import App
from cyclopts.argument import Argument

from .output import strong

_WIDEST, _NARROWEST = 100, 40
_LONGEST_HEAD = 28
"""Letters of an option and its value that still stand beside the words; longer ones stand above them."""
_CHOICES = 20
"""Letters of the choices that stand beside the option; longer ones stand in the words."""
_TITLES = {"Parameters": "Options"}
"""Groups of cyclopts that have another heading here."""
_PLACES = {int: "N", float: "SECONDS", str: "TEXT", list: "TEXT..."}
"""What stands for a value, where the command's hints do not say it."""


def help_of(app: App, name: str) -> str:
    """The words of one command or group, whose whole name is `name`, as wide as the terminal."""
    width = max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size().columns))
    about = inspect.cleandoc(app.help)
    commands = [command for command in app if not command.startswith("-")]
    if commands:
        # Only the first sentence: each command has a help of its own.
        rows = [(command, " ".join(_first_paragraph(app[command].help).split())) for command in sorted(commands)]
        sections = {"Commands": rows}
        usage = f"{name} COMMAND"
    else:
        arguments = [each for each in app.assemble_argument_collection() if not each.children]
        sections = _sections(arguments)
        usage = " ".join([name, *(["[OPTIONS]"] if _options(arguments) else []), *_places(arguments)])
    parts = [_filled(f"Usage: {usage}", width, "       "), _paragraphs(about, width)]
    parts += [f"{strong(f'{title}:')}\n{_rows(rows, width)}" for title, rows in sections.items()]
    return "\n\n".join(part for part in parts if part)


def _first_paragraph(text: str) -> str:
    return inspect.cleandoc(text).partition("\n\n")[0]


def _options(arguments: Iterable[Argument]) -> list[Argument]:
    return [argument for argument in arguments if argument.index is None]


def _places(arguments: Iterable[Argument]) -> Iterator[str]:
    """The arguments without a name, as the usage has them."""
    for argument in arguments:
        if argument.index is not None:
            yield argument.name if argument.required else f"[{argument.name}]"


def _sections(arguments: Iterable[Argument]) -> dict[str, list[tuple[str, str]]]:
    """Heading -> rows of heads and words."""
    sections: dict[str, list[tuple[str, str]]] = {}
    for argument in arguments:
        groups: Any = argument.parameter.group
        title = groups[0].name if groups else ""
        title = _TITLES.get(title, title)
        sections.setdefault(title, []).append((_head(argument), _words(argument)))
    return sections


def _head(argument: Argument) -> str:
    """An argument, or an option with what stands for its value."""
    negatives = set(argument.negatives)
    names = sorted((name for name in argument.names if name not in negatives), key=len)
    if argument.index is not None:
        return argument.name
    kind = _kind(argument)
    if kind is bool:
        return ", ".join(names).replace("--", "--[no-]") if negatives else ", ".join(names)
    return f"{', '.join(names)} {_place(argument, kind)}"


def _place(argument: Argument, kind: object) -> str:
    """What stands for an option's value: what its hint says, its choices, or what its type is."""
    said = [each for each in getattr(argument.field_info.annotation, "__metadata__", ()) if isinstance(each, str)]
    if said:
        return said[0]
    if choices := argument.get_choices():
        text = "|".join(choices)
        return text if len(text) <= _CHOICES else "CHOICE"
    return next((place for each, place in _PLACES.items() if kind is each or get_origin(kind) is each), "VALUE")


def _words(argument: Argument) -> str:
    words = [argument.parameter.help or ""]
    choices = argument.get_choices()
    if choices and len("|".join(choices)) > _CHOICES:
        words.append(f"One of {', '.join(choices)}.")
    default = argument.field_info.default
    if argument.show_default and default != "":
        words.append(f"Default: {f'{default:g}' if isinstance(default, float) else default}.")
    return " ".join(word for word in words if word)


def _kind(argument: Argument) -> object:
    """The one type of the value beside None."""
    hint = argument.hint
    kinds = [kind for kind in get_args(hint) if kind is not NoneType]
    return kinds[0] if NoneType in get_args(hint) and kinds else hint


def _paragraphs(text: str, width: int) -> str:
    """The words as they stand there, unless a line is too long."""
    return "\n\n".join(
        part if all(len(line) <= width for line in part.splitlines()) else _filled(part, width)
        for part in text.split("\n\n")
    )


def _rows(rows: Sequence[tuple[str, str]], width: int) -> str:
    """Heads on the left, words on the right."""
    longest = min(_LONGEST_HEAD, width // 2 - 4)
    short = [len(head) for head, _ in rows if len(head) <= longest]
    column = 4 + max(short, default=longest // 2)
    indent = " " * column
    lines: list[str] = []
    for head, words in rows:
        before = f"  {head}".ljust(column)
        if len(before) > column:
            lines.append(before)
            before = indent
        if words:
            lines.append(_filled(words, width, indent, before))
        elif before != indent:
            lines.append(before.rstrip())
    return "\n".join(lines)


def _filled(text: str, width: int, indent: str = "", first: str = "") -> str:
    return textwrap.fill(
        text, width, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )
