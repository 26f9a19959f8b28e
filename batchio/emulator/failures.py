"""Why a task has failed, in the service's words.

Law: a code that a task can fail with stands here; source as in `codes`.
"""

from __future__ import annotations

USER = "usererror"
SERVER = "servererror"

FAILURES = {
    "FailureExitCode": (USER, "The task exited with an exit code representing a failure"),
    "TaskEnded": (USER, "Task Was Ended by User Request"),
    "BlobNotFound": (USER, "One of the specified Azure Blob(s) is not found"),
    "BlobAccessDenied": (USER, "Access for one of the specified Azure Blob(s) is denied"),
    "BlobDownloadTimedOut": (SERVER, "Downloading one of the specified Azure Blob(s) timed out"),
    "BlobDownloadMiscError": (SERVER, "Miscellaneous error encountered while downloading one of the Azure Blob(s)"),
    "ResourceDirectoryCreateFailed": (SERVER, "The task's directory could not be created"),
    "ResourceFileCreateFailed": (USER, "A resource file could not be created inside of the task's working directory"),
    "ResourceFileWriteFailed": (SERVER, "A resource file could not be written"),
    "DiskFull": (SERVER, "There is no space left on the disk of the node"),
    "CommandProgramNotFound": (USER, "The specified command program is not found"),
    "CommandLaunchFailed": (USER, "The specified command could not be launched"),
}
"""Code -> category and message."""

_WITH_A_PROCESS = frozenset({"FailureExitCode", "TaskEnded"})


def is_before_the_process(failure: str) -> bool:
    """Whether a failure kept a task's process from starting."""
    return failure.partition(": ")[0] not in _WITH_A_PROCESS
