"""What all requests of a run have in common, and what their failures are to their tasks.

Law: values of what is given; nothing is sent.
"""

from __future__ import annotations

from ..errors import DecodeError, HttpResponseError
from ..models import BatchError
from ..service.operations import CREATE_TASK_COLLECTION
from ..session.request import Request, path_of
from ..session.session import Session
from .intake import local_error
from .options import Options


def blank_request(session: Session, job_id: str, options: Options) -> Request:
    """What all requests of a run have in common."""
    return session.prepare(
        CREATE_TASK_COLLECTION.id,
        CREATE_TASK_COLLECTION.method,
        path_of(CREATE_TASK_COLLECTION, (job_id,)),
        query={},
        headers={},
        body=b"",
        timeout=session.timeout if options.timeout is None else options.timeout,
        job_id=job_id,
    )


def error_of(failure: BaseException) -> BatchError:
    """A failed request as the error of its tasks."""
    if isinstance(failure, HttpResponseError):
        return local_error(failure.code or f"Http{failure.status}", failure.message)
    return local_error("UnreadableAnswer" if isinstance(failure, DecodeError) else type(failure).__name__, str(failure))
