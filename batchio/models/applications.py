"""Application packages: what the account offers, and references to them.

Law: an application is known by its id and version; the packages themselves are managed elsewhere (ARM).
"""

from __future__ import annotations

from typing import Annotated

from .base import Model, Rule
from .rules import Needed


class ApplicationPackageReference(Model, kw_only=True):
    """An application package that is put on the nodes before tasks run."""

    application_id: Needed[str] = None
    """On a pool the full ARM id of the application."""
    version: str | None = None
    """The application's default version if absent. If there is none, a pool is refused
    (`InvalidApplicationPackageReferences`, 409) and a task fails before it starts.
    """


class ApplicationSummary(Model, kw_only=True):
    """An application of the account with the versions that nodes can use.

    Answer of `Applications_GetApplication`; item of `Applications_ListApplications`.
    """

    id: Needed[str] = None
    display_name: Needed[str] = None
    """Up to 1024 characters; need not be unique."""
    versions: Needed[list[str]] = None
    """Those that nodes can use."""


PackageReferences = Annotated[list[ApplicationPackageReference], Rule(max_items=10)]
"""The packages of a pool, at most 10."""
