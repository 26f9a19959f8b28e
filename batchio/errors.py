"""Everything that batchio raises.

Law: an exception of another library never reaches the caller by itself; it hangs under one of these.

    BatchioError
     +- ConfigurationError        bad endpoint, credential or option (also a ValueError)
     +- VersionError              operation or field unknown to the chosen api-version
     +- EncodeError               a body that cannot be sent; .path leads to the field
     +- TransportError            no usable answer; .sent says whether the service may have acted
     |   +- ConnectError            no connection: the request certainly did not leave
     |   +- RequestTimeoutError     no answer within the timeout of one try
     |   +- ConnectionLostError     the connection broke before the answer was whole
     +- DecodeError               an answer that the API does not promise
     +- CredentialError           the credential gave no token or key
     +- HttpResponseError         the service said no: .status .code .message .values .request_id ...
     |   +- ClientAuthenticationError   401, 403
     |   +- ResourceNotFoundError       404
     |   +- ResourceExistsError         409 with a code that ends in Exists
     |   +- StateConflictError          any other 409
     |   +- ResourceModifiedError       412
     |   +- ResourceNotModifiedError    304
     |   +- RequestTooLargeError        413
     |   +- ThrottledError              429, 503 ServerBusy
     |   +- ServiceError                5xx
     |   +- BadRequestError             400
     +- JournalError              the journal of a submission cannot be written
     |   +- InputChangedError         the input is not the one that the journal was written for; .first .end
     +- SubmissionError           a submission that cannot go on; .report accounts for every task
     +- WaitError                 what was waited for cannot come any more; .last is the last answer
         +- DeadlineError           it has not come within the deadline (also a TimeoutError)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .hiding import names_secret, without_secrets

if TYPE_CHECKING:
    from .bulk.report import SubmissionReport


class BatchioError(Exception):
    """Base of everything that batchio raises. No signature, token or password that can be told stands in its text."""

    def __init__(self, message: str = "") -> None:
        super().__init__(without_secrets(message))

    def __reduce__(self) -> tuple[Any, ...]:
        # By itself an exception is unpickled by a call with the text alone, which most of these do not take.
        return _rebuild, (type(self), self.args), self.__dict__

    @property
    def retriable(self) -> bool:
        """Whether the same request may succeed later, with nothing changed by the caller."""
        return False


def _rebuild(kind: type[BatchioError], args: tuple[Any, ...]) -> BatchioError:
    error = kind.__new__(kind)
    # What is an OSError as well does not take them from __new__.
    error.args = args
    return error


class ConfigurationError(BatchioError, ValueError):
    """A bad endpoint, credential or option; the message names it. Nothing was sent."""


class VersionError(BatchioError):
    """The chosen api-version does not have the operation, option or field. Nothing was sent."""

    @classmethod
    def of(cls, name: str, version: str, having: str) -> VersionError:
        """`name` is not in `version`; `having` are the versions that have it."""
        return cls(f"{name}: not in api-version {version}; {having} {'have' if ' to ' in having else 'has'} it")


class EncodeError(BatchioError):
    """A body that cannot be sent; `path` leads to the field (`constraints.retentionTime`). Nothing was sent."""

    def __init__(self, message: str, *, path: str = "") -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.path = path


class TransportError(BatchioError):
    """No usable answer came. `sent`: whether the service may have acted on the request."""

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent

    @property
    def retriable(self) -> bool:
        """Always: the next try may find a connection."""
        return True


class ConnectError(TransportError):
    """No connection to the service: the request did not leave, `sent` is false.

    `lasting`: nor will the next try find one (the client is closed, the service's certificate is refused).
    """

    def __init__(self, message: str, *, sent: bool = False, lasting: bool = False) -> None:
        super().__init__(message, sent=sent)
        self.lasting = lasting

    @property
    def retriable(self) -> bool:
        """Unless it is `lasting`."""
        return not self.lasting


class RequestTimeoutError(TransportError):
    """The answer was not whole within the timeout of one try."""


class ConnectionLostError(TransportError):
    """The connection broke before the answer was whole.

    `before_answer`: not a byte of the answer had come, as happens when the service closes idle connections.
    """

    def __init__(self, message: str, *, sent: bool = True, before_answer: bool = False) -> None:
        super().__init__(message, sent=sent)
        self.before_answer = before_answer


class DecodeError(BatchioError):
    """An answer that the API does not promise. The service has acted."""


class CredentialError(BatchioError):
    """The credential gave no token or key. Nothing was sent."""


class HttpResponseError(BatchioError):
    """The service refused.

    Attributes: `operation` (id), `status`, `code` (the service's, or None where the body had none),
    `message`, `values` (the service's key/value details), `request_id`, `client_request_id`,
    `retry_after` (seconds, or None). Source: the REST documentation, "Batch Status and Error Codes".
    """

    def __init__(
        self,
        message: str = "",
        *,
        status: int,
        operation: str = "",
        code: str | None = None,
        values: Mapping[str, str] | None = None,
        request_id: str | None = None,
        client_request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.operation = operation
        self.status = status
        self.code = code
        self.message = without_secrets(message)
        self.values: dict[str, str] = _shown(values or {})
        self.request_id = request_id
        self.client_request_id = client_request_id
        self.retry_after = retry_after
        super().__init__(self._text())

    def _text(self) -> str:
        text = f"{self.operation or 'request'}: {self.status} {self.code or 'without a code'}"
        if self.message:
            text += f": {self.message}"
        if self.values:
            text += " (" + ", ".join(f"{key}: {value}" for key, value in self.values.items()) + ")"
        if self.request_id:
            text += f" [request {self.request_id}]"
        return text

    @property
    def retriable(self) -> bool:
        """Whether the status says that a later try may succeed."""
        return self.status in RETRIABLE_STATUSES


class ClientAuthenticationError(HttpResponseError):
    """401 or 403: the credential is missing, wrong, expired, or may not do this."""


class ResourceNotFoundError(HttpResponseError):
    """404: the resource does not exist."""


class ResourceExistsError(HttpResponseError):
    """409 with a code that ends in Exists: the id is taken."""


class StateConflictError(HttpResponseError):
    """409: the resource's present state does not allow this."""


class ResourceModifiedError(HttpResponseError):
    """412: a condition (`if_match` and the like) does not hold."""


class ResourceNotModifiedError(HttpResponseError):
    """304: nothing has changed since the `if_none_match` or `if_modified_since` that was given."""


class RequestTooLargeError(HttpResponseError):
    """413: the body is too large."""


class ThrottledError(HttpResponseError):
    """429, or 503 ServerBusy: too many requests; the service did nothing."""


class ServiceError(HttpResponseError):
    """5xx: the service failed; it may have acted."""


class BadRequestError(HttpResponseError):
    """400: the request is wrong; `code` and `values` say where."""


class JournalError(BatchioError):
    """The journal of a submission cannot be written: a full disk, a broken one. Every task is accounted for in the
    report; what the journal does not hold is sent again by a resumed run.
    """


class InputChangedError(JournalError):
    """The input is not the one that the journal was written for. No task from ordinal `first` up to, without, `end` was
    sent by this run.
    """

    def __init__(self, message: str, *, first: int = 0, end: int = 0) -> None:
        super().__init__(message)
        self.first = first
        self.end = end


class SubmissionError(BatchioError):
    """A submission that cannot go on, or whose failures were asked for. `report` accounts for every task taken."""

    def __init__(self, message: str, *, report: SubmissionReport) -> None:
        super().__init__(message)
        self.report = report


class WaitError(BatchioError):
    """What was waited for cannot come any more. `last`: the last answer, or None where there was none."""

    def __init__(self, message: str, *, last: Any = None) -> None:
        super().__init__(message)
        self.last = last


class DeadlineError(WaitError, TimeoutError):
    """What was waited for has not come within the deadline of the wait; it may come yet."""


def _shown(values: Mapping[str, str]) -> dict[str, str]:
    """The details, without the value of a property that is a secret."""
    is_secret = names_secret(values.get("PropertyName", ""))
    return {key: "***" if is_secret and key == "PropertyValue" else without_secrets(values[key]) for key in values}


RETRIABLE_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
"""Statuses after which the same request may succeed later."""

THROTTLING_CODES = frozenset({"ServerBusy", "TooManyRequests"})

_BY_STATUS: dict[int, type[HttpResponseError]] = {
    304: ResourceNotModifiedError,
    400: BadRequestError,
    401: ClientAuthenticationError,
    403: ClientAuthenticationError,
    404: ResourceNotFoundError,
    409: StateConflictError,
    412: ResourceModifiedError,
    413: RequestTooLargeError,
    429: ThrottledError,
}


def error_class(status: int, code: str | None) -> type[HttpResponseError]:
    """The class of error for a status and the service's code.

    >>> error_class(409, "JobExists").__name__, error_class(409, "JobDisabled").__name__
    ('ResourceExistsError', 'StateConflictError')
    """
    if status == 409 and code is not None and code.endswith("Exists"):
        return ResourceExistsError
    if status == 503 and code in THROTTLING_CODES:
        return ThrottledError
    if status >= 500:
        return ServiceError
    return _BY_STATUS.get(status, HttpResponseError)
