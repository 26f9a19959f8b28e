"""What a submission reads: a file of tasks, rows for a template, or a sweep; all of it, or a shard.

Law: whatever it is, it comes as portions of tasks, the same ones each time that it is read.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from ..bulk.sweep import Sweep
from ..bulk.twins import Twins, twins_among
from ..errors import ConfigurationError
from .checking import FAULTS, TOO_DEEP, Judge, full_judge, id_of, quick
from .codes import CommandError
from .options import SubmitOptions
from .portions import LIMIT, LIMIT_WORDS, Portion
from .reading import read_tasks
from .screen import Screen
from .source import Source
from .survey import Survey
from .sweeping import axes_of, part_of
from .tables import Table
from .telling import Teller
from .versions import version_of

if TYPE_CHECKING:
    from ..bulk.shard import Part

_AT_ONCE = 500


class Input(ABC):
    """`name`: for messages. `again`: whether it can be read more than once. `part`: the shard, if any.

    `is_made`: whether its tasks are made from a template.
    """

    is_made = False

    def __init__(self, name: str, part: Part | None, *, again: bool) -> None:
        self.name = name
        self.part = part
        self.again = again

    def is_same_file(self, path: str) -> bool:  # noqa: ARG002 - for those that are files
        """Whether `path` is the file that is read."""
        return False

    def is_terminal(self) -> bool:
        """Whether the tasks would be typed."""
        return False

    def survey(self, screen: Screen, *, skip: bool) -> Survey | None:
        """Read it once to see that all of it is tasks, where it can be read again; raises `CommandError`."""
        if not self.again:
            return None
        found = self._read_first(screen, skip=skip)
        if not skip:
            self.check_ids()
        if not found.tasks:
            screen.note(f"{self.name} holds no tasks")
        return found

    def check_ids(self) -> None:  # noqa: B027 - those that make no ids have none to check
        """Once it was read: raise `CommandError` where an id was made twice."""

    @abstractmethod
    def portions(self, judge: Judge | None) -> Generator[Portion]:
        """The tasks. `judge` None: they were read before, and nothing was bad or blank."""

    def _read_first(self, screen: Screen, *, skip: bool) -> Survey:
        found = Survey()
        teller = Teller(self.name, screen)
        for portion in self.portions(quick):
            found.add(portion)
            screen.note_now_and_then(lambda: f"checking {self.name}: {found.tasks:,} tasks so far")
            if portion.bad is not None:
                teller.tell(portion.bad)
                if teller.is_tired and not skip:
                    break
        teller.end()
        if found.broken or (found.bad and not skip):
            raise CommandError(f"{self.name}: not all of it is tasks; nothing was sent")
        return found


class TaskFile(Input):
    """A file of tasks, or standard input."""

    def __init__(self, file: str, part: Part | None = None) -> None:
        self._source = Source(file)
        super().__init__(self._source.name, part, again=self._source.again)

    def is_same_file(self, path: str) -> bool:
        """Whether `path` is the file that is read."""
        return self._source.is_same_file(path)

    def is_terminal(self) -> bool:
        """Whether the tasks would be typed."""
        return self._source.is_terminal()

    def portions(self, judge: Judge | None) -> Generator[Portion]:
        """As `Input` says; of a shard, its own tasks."""
        return self._sharded(self._whole(judge))

    def _whole(self, judge: Judge | None) -> Generator[Portion]:
        return read_tasks(self._source.chunks(), judge)

    def _sharded(self, portions: Generator[Portion]) -> Generator[Portion]:
        if self.part is None:
            yield from portions
            return
        ordinal = 0
        for portion in portions:
            first = (self.part.number - 1 - ordinal) % self.part.of
            ordinal += len(portion.tasks)
            yield msgspec.structs.replace(portion, tasks=portion.tasks[first :: self.part.of])


class Rows(TaskFile):
    """A table, each row of which is filled into a template."""

    is_made = True

    def __init__(self, file: str, template: dict[str, Any], rule: str | None, version: str, part: Part | None) -> None:
        super().__init__(file, part)
        self._twins = Twins() if self.again else None
        is_tab = self.name.lower().removesuffix(".gz").endswith(".tsv")
        told = None if self._twins is None else self._twins.add
        self._table = Table(template, id=rule, version=version, told=told, tab=is_tab)

    def _whole(self, judge: Judge | None) -> Generator[Portion]:
        return self._table.tasks(self._source.chunks(), judge)

    def check_ids(self) -> None:
        """Once it was read: raise `CommandError` where two rows have made the same id."""
        suspects = self._twins.suspects() if self._twins is not None else set[int]()
        ids = (id_of(task) for portion in self._whole(quick) for task in portion.tasks)
        for first, second, task_id in islice(twins_among(suspects, ids), 1):
            raise CommandError(
                f"{self.name}: rows {first + 1:,} and {second + 1:,} give the same id {task_id!r}; nothing was sent"
            )


class Swept(Input):
    """Every combination of the values of `--sweep`, filled into a template."""

    is_made = True

    def __init__(self, text: str, template: dict[str, Any], rule: str | None, version: str, part: Part | None) -> None:
        super().__init__("the sweep", part, again=True)
        self._version = version
        try:
            tasks = Sweep(template, axes_of(text), id=rule)
        except ConfigurationError as error:
            about = "--" if str(error).startswith("sweep: ") else "--template: "
            raise CommandError(f"{about}{error}") from None
        self._tasks = tasks if part is None else tasks[part.number - 1 :: part.of]

    def portions(self, judge: Judge | None) -> Generator[Portion]:
        """The tasks; the first and the last are judged, and tell for all: they differ in what is filled in alone."""
        if judge is not None and self._tasks:
            for task in (self._tasks[0], self._tasks[-1]):
                _check(task, judge)
        encode = msgspec.json.Encoder().encode
        tasks = iter(self._tasks)
        while some := list(map(encode, islice(tasks, _AT_ONCE))):
            yield Portion(some)

    def _read_first(self, screen: Screen, *, skip: bool) -> Survey:  # noqa: ARG002 - nothing takes long, nothing is bad
        next(self.portions(full_judge(self._version)), None)
        found = Survey()
        found.tasks = len(self._tasks)
        return found


def _check(task: dict[str, Any], judge: Judge) -> None:
    try:
        judge(msgspec.json.encode(task))
    except FAULTS as error:
        raise CommandError(f"--template: {error}") from None


def open_input(file: str | None, options: SubmitOptions) -> Input:
    """The one input that the command line names; raises `CommandError`."""
    given = [name for name, value in (("FILE", file), ("--rows", options.rows), ("--sweep", options.sweep)) if value]
    if len(given) != 1:
        raise CommandError(
            f"{' and '.join(given)}: one input is read"
            if given
            else "FILE is needed, or --template with --rows or --sweep"
        )
    part = part_of(options.shard) if options.shard else None
    version = version_of(options.api_version)
    if file:
        for name in ("template", "id"):
            if getattr(options, name) is not None:
                raise CommandError(f"--{name} needs --rows or --sweep; the tasks in FILE are whole")
        return TaskFile(file, part)
    if options.template is None:
        raise CommandError(f"{given[0]} needs --template: the task whose places are filled in")
    template = read_object("--template", options.template)
    if options.sweep:
        return Swept(options.sweep, template, options.id, version, part)
    return Rows(options.rows or "", template, options.id, version, part)


def read_object(option: str, path: str) -> dict[str, Any]:
    """The JSON object in the file that an option names; raises `CommandError`."""
    try:
        text = _text_of(path)
    except CommandError as error:
        raise CommandError(f"{option} {error}") from None
    try:
        return msgspec.json.decode(text.removeprefix(b"\xef\xbb\xbf"), type=dict[str, Any])
    except msgspec.ValidationError:
        raise CommandError(f"{option} {path}: it holds one JSON object") from None
    except UnicodeDecodeError:
        raise CommandError(f"{option} {path}: the text is not UTF-8") from None
    except RecursionError:
        raise CommandError(f"{option} {path}: {TOO_DEEP}") from None
    except msgspec.MsgspecError as error:
        raise CommandError(f"{option} {path}: not JSON: {error}") from None


def _text_of(path: str) -> bytes:
    text = b""
    for chunk in Source(path).chunks():
        text += chunk
        if len(text) > LIMIT:
            raise CommandError(f"{path}: {LIMIT_WORDS}")
    return text
