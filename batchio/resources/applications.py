"""Applications: packages that the account has for its nodes."""

from __future__ import annotations

from typing import Unpack

from ..models import ApplicationSummary
from ..service import operations as op
from ..service import options as o
from ..session.pages import Pages
from ..session.session import Session


class Applications:
    """Operations on applications; `client.applications`. They are added with the management API."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def list(self, **options: Unpack[o.PageOptions]) -> Pages[ApplicationSummary]:
        """The applications that have a package which nodes can use. REST: Applications_ListApplications."""
        return self._session.pages(op.LIST_APPLICATIONS, (), options)

    async def get(self, application_id: str, **options: Unpack[o.CallOptions]) -> ApplicationSummary:
        """Read an application and its versions. Raises `ResourceNotFoundError`. REST: Applications_GetApplication."""
        return await self._session.fetch(op.GET_APPLICATION, (application_id,), options)
