"""What an operation is called: on the client, and on the command line.

Law: pure; one rule for all operations and no list of them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from ...service.operations import Operation

FILES = "files"
"""The group of all commands for files, of tasks and of nodes."""


class Names(msgspec.Struct, frozen=True):
    """`resource` and `method` on the client; `group` and `command` on the command line."""

    resource: str
    method: str
    group: str
    command: str

    @property
    def words(self) -> str:
        """The command as people give it, without its arguments."""
        return f"{self.group} {self.command}"


def names_of(operation: Operation[Any]) -> Names:
    """The names of an operation: its verb phrase without the resource's own noun.

    What is done to files is in a group of its own, in which only the node's files say whose they are:
    `Tasks_GetTaskFile` is `files get`, `Nodes_GetNodeFile` is `files get-node`.
    """
    resource, phrase = map(_words, operation.id.split("_"))
    method = _without(phrase, [*resource[:-1], resource[-1].removesuffix("s")])
    group = resource[-1]
    command = method
    if {"File", "Files"} & {*phrase}:
        group = FILES
        command = [word for word in phrase if word not in ("File", "Files", "Task")]
    return Names("_".join(resource).lower(), _joined(method, "_"), group.lower(), _joined(command, "-"))


def option_of(name: str) -> str:
    """An attribute or argument as an option: `page_size` is `--page-size`."""
    return f"--{name.replace('_', '-')}"


def argument_of(parameter: str) -> str:
    """A parameter of a path as an argument: `jobId` is `job`, `filePath` is `path`."""
    short = parameter.removesuffix("Id").removesuffix("Name")
    if short.startswith("file"):
        short = short.removeprefix("file").lower()
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", short).lower()


def help_of(parameter: str) -> str:
    """What an argument is: `Id of the job.`"""
    *noun, last = re.findall(r"[A-Za-z][a-z]*", parameter)
    return f"{last.capitalize()} of the {' '.join(noun).lower()}." if noun else f"The {last}."


def _words(text: str) -> list[str]:
    return re.findall(r"[A-Z][a-z0-9]*", text)


def _without(phrase: list[str], noun: list[str]) -> list[str]:
    """The phrase without the noun, which stands first (`PoolExists`) or after the verb, in either number."""
    for start in (0, 1):
        end = start + len(noun)
        if end <= len(phrase) and [*phrase[start : end - 1], phrase[end - 1].removesuffix("s")] == noun:
            return phrase[:start] + phrase[end:]
    return phrase


def _joined(words: list[str], by: str) -> str:
    return by.join(words).lower().replace(f"sub{by}tasks", "subtasks")
