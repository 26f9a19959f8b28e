"""How a command ends: the exit codes, and the error that carries one.

Law: values. The numbers are documented and never change their meaning.
"""

from __future__ import annotations

import enum

from ..errors import (
    BadRequestError,
    BatchioError,
    ClientAuthenticationError,
    ConfigurationError,
    CredentialError,
    EncodeError,
    HttpResponseError,
    ResourceNotFoundError,
    VersionError,
)


class Exit(enum.IntEnum):
    """Exit codes of all commands. A run that was stopped by a signal ends with 128 + its number (Ctrl-C: 130)."""

    OK = 0
    """Done; every task is added."""
    NOT_ALL = 1
    """Some tasks were not added, or some lines were no tasks and skipped."""
    REFUSED = 1
    """The service said no to a call, or what was asked about is not there."""
    USAGE = 2
    """Wrong use, bad input, or something that is not there: nothing was sent, or input ended at a bad place."""
    STOPPED = 3
    """The run stopped before its end, but can go on: the same command again. Of a call: no answer, or not now."""
    DENIED = 4
    """The credential is missing, wrong or may not do this."""
    DEFECT = 70
    """An error of batchio itself."""
    TIMED_OUT = 124
    """The time that --timeout gave is over, as with timeout(1)."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C."""


class CommandError(Exception):
    """Ends a command with one sentence on stderr and an exit code."""

    def __init__(self, message: str, code: int = Exit.USAGE) -> None:
        super().__init__(message)
        self.code = code


_DENIED = (ClientAuthenticationError, CredentialError)
_USAGE = (ConfigurationError, VersionError, EncodeError, ResourceNotFoundError, BadRequestError)


def code_of(error: BatchioError) -> Exit:
    """The exit code for an error of the client.

    >>> code_of(ConfigurationError("endpoint: not a URL"))
    <Exit.USAGE: 2>
    """
    if is_denied(error):
        return Exit.DENIED
    return Exit.USAGE if isinstance(error, _USAGE) else Exit.STOPPED


def call_code(error: BatchioError) -> Exit:
    """The exit code for an error of a single call: what the service says no to is no wrong use of the command.

    >>> call_code(ResourceNotFoundError("no such job", status=404))
    <Exit.NOT_ALL: 1>
    """
    refused = isinstance(error, HttpResponseError) and not error.retriable
    return Exit.REFUSED if refused and not is_denied(error) else code_of(error)


_SAID = {"jobId": "JOB", "taskId": "TASK", "filePath": "FILE", "endpoint": "AZURE_BATCH_ENDPOINT"}
"""What errors of the client are about -> where the user has said it."""


def text_of(error: BatchioError) -> str:
    """An error of the client, in words that name what the user has said."""
    about, colon, why = str(error).partition(": ")
    return f"{_SAID.get(about, about)}{colon}{why}"


def is_denied(error: BaseException | None) -> bool:
    """Whether the credential is the reason, or the reason behind it."""
    while error is not None:
        if isinstance(error, _DENIED):
            return True
        error = error.__cause__
    return False
