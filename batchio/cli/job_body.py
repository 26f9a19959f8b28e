"""The job that `batchio submit` creates where it is missing, as a body in wire shape.

Law: checked in full before anything is sent; a job that could end while it is filled is not created.
"""

from __future__ import annotations

from typing import Any

from ..errors import BatchioError
from .codes import CommandError
from .inputs import read_object
from .options import SubmitOptions
from .versions import version_of


def job_body(job_id: str, options: SubmitOptions) -> dict[str, Any] | None:
    """What the options say of the job; None where it is not to be created. Raises `CommandError`."""
    if options.create_job and options.pool:
        return body_in(job_id, options.pool)
    if options.job_json is None:
        return None
    body = {"id": job_id, **read_object("--job-json", options.job_json)}
    where = f"--job-json {options.job_json}"
    if str(body["id"]).lower() != job_id.lower():
        raise CommandError(f"{where}: this is job {body['id']!r}, not {job_id!r}")
    if str(body.get("onAllTasksComplete", "")).lower() == "terminatejob":
        raise CommandError(
            f"{where}: with onAllTasksComplete terminatejob the job could end while its tasks are being added; leave "
            "it out, and --terminate-when-done sets it afterwards"
        )
    _check(where, body, version_of(options.api_version))
    return body


def body_in(job_id: str, pool: str) -> dict[str, Any]:
    """A job in a pool."""
    return {"id": job_id, "poolInfo": {"poolId": pool}}


def pool_of(body: dict[str, Any] | None) -> str | None:
    """The pool that a job names."""
    pool: str | None = body["poolInfo"].get("poolId") if body else None
    return pool


def _check(where: str, body: dict[str, Any], version: str) -> None:
    from ..models import JobAddParameter  # noqa: PLC0415 - only for a job that is given in full
    from ..session.check import check_body  # noqa: PLC0415 - as above

    try:
        check_body(body, JobAddParameter, version=version)
    except BatchioError as error:
        raise CommandError(f"{where}: {error}") from None
