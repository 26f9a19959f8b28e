"""The public names, sorted, and nothing else; `batchio` has them all.

Law: what stands here is promised to users.
"""

from . import errors, models, odata
from .bulk.feed import Feed
from .bulk.report import OutcomeState, SubmissionProgress, SubmissionReport, TaskOutcome
from .bulk.rows import fill
from .bulk.shard import AsyncShard, Shard, shard
from .bulk.submission import Submission
from .bulk.sweep import Sweep, sweep
from .bulk.totals import ClientStats
from .client import BatchClient
from .credentials import SharedKeyCredential, TaskTokenCredential
from .errors import (
    BadRequestError,
    BatchioError,
    ClientAuthenticationError,
    ConfigurationError,
    ConnectError,
    ConnectionLostError,
    CredentialError,
    DeadlineError,
    DecodeError,
    EncodeError,
    HttpResponseError,
    InputChangedError,
    JournalError,
    RequestTimeoutError,
    RequestTooLargeError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
    ResourceNotModifiedError,
    ServiceError,
    StateConflictError,
    SubmissionError,
    ThrottledError,
    TransportError,
    VersionError,
    WaitError,
)
from .models import replace, to_wire
from .session.files import FileInfo, FileStream
from .session.pages import Page, Pages
from .session.reading import from_wire
from .session.request import Answer, Receipt
from .session.retry import RetryPolicy
from .version import __version__

__all__ = [
    "Answer",
    "AsyncShard",
    "BadRequestError",
    "BatchClient",
    "BatchioError",
    "ClientAuthenticationError",
    "ClientStats",
    "ConfigurationError",
    "ConnectError",
    "ConnectionLostError",
    "CredentialError",
    "DeadlineError",
    "DecodeError",
    "EncodeError",
    "Feed",
    "FileInfo",
    "FileStream",
    "HttpResponseError",
    "InputChangedError",
    "JournalError",
    "OutcomeState",
    "Page",
    "Pages",
    "Receipt",
    "RequestTimeoutError",
    "RequestTooLargeError",
    "ResourceExistsError",
    "ResourceModifiedError",
    "ResourceNotFoundError",
    "ResourceNotModifiedError",
    "RetryPolicy",
    "ServiceError",
    "Shard",
    "SharedKeyCredential",
    "StateConflictError",
    "Submission",
    "SubmissionError",
    "SubmissionProgress",
    "SubmissionReport",
    "Sweep",
    "TaskOutcome",
    "TaskTokenCredential",
    "ThrottledError",
    "TransportError",
    "VersionError",
    "WaitError",
    "__version__",
    "errors",
    "fill",
    "from_wire",
    "models",
    "odata",
    "replace",
    "shard",
    "sweep",
    "to_wire",
]
