"""A name with a value: metadata, environment variables, headers, details.

Law: the service gives these pairs no meaning of its own beyond the list in which they stand.
"""

from __future__ import annotations

from .base import Model
from .rules import Needed, Private


class EnvironmentSetting(Model, kw_only=True):
    """An environment variable of a task's process."""

    name: Needed[str] = None
    value: Private[str] = None
    """Hidden in `repr`: keys and passwords are handed to tasks in this way."""


class HttpHeader(Model, kw_only=True):
    """A header that is set on the blobs that output files become."""

    name: Needed[str] = None
    """In any letter case."""
    value: str | None = None


class MetadataItem(Model, kw_only=True):
    """A label of a job, schedule or pool; the service keeps it and gives it no meaning."""

    name: Needed[str] = None
    value: Needed[str] = None


class NameValuePair(Model, kw_only=True):
    """A detail of an error, by name. (The error body itself has `BatchErrorDetail`.)"""

    name: str | None = None
    value: str | None = None
