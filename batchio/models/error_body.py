"""The body of an answer that says no.

Law: read from any answer at all, so nothing in it is required.
"""

from __future__ import annotations

from .base import Model


class BatchError(Model, kw_only=True):
    """The service's word on a request, or on one task of a collection, that failed."""

    code: str | None = None
    """Does not change over time; made for programs."""
    message: ErrorMessage | None = None
    """Made for people."""
    values: list[BatchErrorDetail] | None = None


class BatchErrorDetail(Model, kw_only=True):
    """One detail of an error, by key."""

    key: str | None = None
    value: str | None = None


class ErrorMessage(Model, kw_only=True):
    """The text of an error, in one language."""

    lang: str | None = None
    """Language code of `value`."""
    value: str | None = None
