"""The commands and their words.

Law: a command's function only names what there is to say; what it does lives in a module that is imported when
the command runs, so that `--help` is fast.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated, Literal

import cyclopts
from cyclopts import App, Parameter

from ..errors import BatchioError
from ..version import __version__
from .codes import CommandError, Exit, code_of, text_of
from .looking import doctor, download, tail, watch
from .options import DemoOptions, EmulatorOptions, SubmitOptions
from .output import drop_output, write_error, write_or_stop
from .values import GIVEN

_EXIT_CODES = """Exit codes: 0 all added, or done; 1 some tasks not added, or the service
said no; 2 wrong use or bad input; 3 stopped or no answer, can go on;
4 authentication; 130 interrupted."""

_HELP = frozenset({"--help", "-h"})

app = App(
    name="batchio",
    help=f"""Add millions of tasks to an Azure Batch job, do whatever else the service
can do, or try it all on a local Batch service.

{_EXIT_CODES}

`batchio COMMAND --help` tells more of a command, `batchio --version` the version.""",
    # Words as they stand here: lines are kept, and nothing slow has to be imported for them.
    help_format="plaintext",
    version=__version__,
)

GROUPS = {
    "jobs": "Jobs: list, create, change, disable, terminate, delete.",
    "tasks": "Tasks of a job, one by one; many: submit.",
    "pools": "Pools: create, resize, scale, delete; images and usage.",
    "nodes": "Nodes of a pool: reboot, reimage, users, logs.",
    "schedules": "Job schedules.",
    "files": "Files of tasks and nodes: list, read, delete.",
    "applications": "Applications of the account.",
    "certificates": "Certificates of the account.",
}
"""The groups that hold a command for each operation of the service, which are made when one of them is asked for."""

for _name, _help in GROUPS.items():
    app.command(App(name=_name, help=_help, help_format="plaintext"))

_SUBMIT, _EMULATOR, _DEMO = SubmitOptions(), EmulatorOptions(), DemoOptions()


@app.command
def submit(
    job: Annotated[str, GIVEN, Parameter(help="Id of the job.")],
    file: Annotated[
        str | None, GIVEN, Parameter(help="File with the tasks, or - for standard input.", allow_leading_hyphen=True)
    ] = None,
    /,
    *,
    options: Annotated[SubmitOptions, Parameter(name="*")] = _SUBMIT,
) -> int:
    """Add the tasks in FILE to JOB, or those of a template and --rows or --sweep.

    FILE is JSON Lines (one task a line), a JSON array, or the collection's
    own {"value": [...]}; - is standard input, and a name that ends in .gz is
    unpacked. A file is checked as a whole before anything is sent; standard
    input is checked as it comes.

    Endpoint and key come from AZURE_BATCH_ENDPOINT, AZURE_BATCH_ACCOUNT and
    AZURE_BATCH_ACCESS_KEY, from a compute node's own variables, or from
    azure-identity. There is no option for a key: others could read it.

    With --journal a run that was stopped, or killed, can go on: give the
    same command again with --resume. No task is added twice, and none is
    told twice; the report counts all runs together.

    Ctrl-C finishes what is on its way and reports; a second one stops at
    once. Exit codes: 0 all added; 1 some tasks not added; 2 wrong use or bad
    input; 3 stopped, can go on; 4 authentication; 130 interrupted.
    """
    if file and file.startswith("-") and file != "-":
        raise CommandError(f"unknown option {file}; a file of that name is ./{file}")
    from .submit import submit as command  # noqa: PLC0415 - see the module's law

    return command(job, file, options)


journal = App(
    name="journal", help="Look into the journals that `batchio submit --journal` keeps.", help_format="plaintext"
)
app.command(journal)


@journal.command
def show(
    file: Annotated[str, GIVEN, Parameter(help="File that was given to --journal.", allow_leading_hyphen=True)],
    /,
    *,
    json: Annotated[bool, Parameter(negative="", show_default=False, help="Print one JSON object.")] = False,
) -> int:
    """Say what the journal in FILE holds.

    How much is settled and how, what is open, how the last run ended, and
    whether the file is damaged. Nothing is changed, and it may be in use.
    Exit codes: 0 shown; 2 there is no such file, or it is no journal.
    """
    if file.startswith("-"):
        raise CommandError(f"unknown option {file}; a file of that name is ./{file}")
    from .journal import show as command  # noqa: PLC0415 - see the module's law

    return command(file, json=json)


@app.command
def emulator(*, options: Annotated[EmulatorOptions, Parameter(name="*")] = _EMULATOR) -> int:
    """Run a local Batch service until Ctrl-C.

    It needs no account. When it is ready it prints its endpoint and account,
    and the export lines that point batchio and other clients to it.
    Exit codes: 0 stopped by Ctrl-C; 2 wrong use, or the port is taken.
    """
    from .emulator import emulator as command  # noqa: PLC0415 - see the module's law

    return command(options)


@app.command
def demo(*, options: Annotated[DemoOptions, Parameter(name="*")] = _DEMO) -> int:
    """Submit a rendering job to a local service that throttles and fails.

    It needs no account and leaves nothing behind. At the end the service is
    asked what it holds. Exit codes: 0 tasks sent, reported as added and
    counted by the service agree; 1 they do not; 130 interrupted.
    """
    from .demo import demo as command  # noqa: PLC0415 - see the module's law

    return command(options)


@app.command
def completion(shell: Annotated[Literal["bash", "zsh", "fish"], Parameter(help="bash, zsh or fish.")], /) -> int:
    """Print the completion of commands, options and values for a shell.

    In ~/.bashrc:                  eval "$(batchio completion bash)"
    In ~/.zshrc, after compinit:   source <(batchio completion zsh)
    In fish's config.fish:         batchio completion fish | source

    For zsh, a file _batchio with these lines in a folder of fpath does, too.
    """
    from .calls.completion import completion as command  # noqa: PLC0415 - see the module's law

    return command(app, GROUPS, shell)


for _look in (watch, tail, download, doctor):
    app.command(_look)


def run(tokens: Sequence[str]) -> int:
    """Run the command in `tokens`; gives the exit code. No exception and no traceback leaves this."""
    try:
        return _run(tokens)
    except BrokenPipeError:
        # Who read our words has gone.
        drop_output()
        return Exit.OK
    except KeyboardInterrupt:
        return _end("interrupted", Exit.INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - the last place where a traceback can be kept from the user
        if os.environ.get("BATCHIO_DEBUG"):
            import traceback  # noqa: PLC0415 - see the module's law

            traceback.print_exc()
        return _explain(error)


def _explain(error: Exception) -> int:
    if isinstance(error, CommandError):
        return _end(str(error), error.code)
    if isinstance(error, cyclopts.UnusedCliTokensError):
        return _end(f"more than the command takes: {' '.join(map(repr, error.unused_tokens or ()))}", Exit.USAGE)
    if isinstance(error, cyclopts.UnknownCommandError) and (word := (error.unused_tokens or [""])[0]).startswith("-"):
        return _end(f"unknown option {word}; --help tells what there is", Exit.USAGE)
    if isinstance(error, cyclopts.CycloptsError):
        return _end(str(error), Exit.USAGE)
    if isinstance(error, BatchioError):
        return _end(text_of(error), code_of(error))
    text = f"{type(error).__name__}: {error} (an error of batchio itself; BATCHIO_DEBUG=1 shows where)"
    return _end(text, Exit.DEFECT)


def _run(tokens: Sequence[str]) -> int:
    # Parsed and called by hand: exit codes and error texts are ours, in every version of cyclopts.
    chosen = app
    if [*tokens[:1]] == ["--version"]:
        write_or_stop(__version__)
        return Exit.OK
    if tokens and tokens[0] in GROUPS:
        from .calls.commands import group_of  # noqa: PLC0415 - see the module's law

        group, *tokens = tokens
        chosen = group_of(group, GROUPS[group], tokens)
    if (helped := _help_asked_for(chosen, tokens)) is not None:
        write_or_stop(helped)
        return Exit.OK
    command, bound, *_ = chosen.parse_args(tokens, exit_on_error=False, print_error=False)
    result = command(*bound.args, **bound.kwargs)
    if sys.stdout is not None:
        sys.stdout.flush()
    return result if isinstance(result, int) else Exit.OK


def _help_asked_for(chosen: App, tokens: Sequence[str]) -> str | None:
    """What the command line asks for with --help, or gets because it names no command."""
    asked = not _HELP.isdisjoint(tokens[: tokens.index("--")] if "--" in tokens else tokens)
    words = [token for token in tokens if token not in _HELP] if asked else list(tokens)
    names, apps, unused = chosen.parse_commands(words)
    command = apps[-1]
    # A command that nobody knows is an error, which comes later.
    if not (asked if command.default_command is not None else not unused):
        return None
    from .help import help_of  # noqa: PLC0415 - see the module's law

    return help_of(command, " ".join((*chosen.name, *names)))


def _end(message: str, code: int) -> int:
    write_error("batchio: " + " ".join(message.split()))
    return int(code)
