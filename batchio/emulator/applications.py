"""The operations on applications.

Law: the Batch API only reads them; here they come from `PUT /_emulator/applications`.
"""

from __future__ import annotations

from ..models import ApplicationSummary
from ..service import operations as ops
from . import filter_tables
from .calls import Answer, Call, Handler
from .kinds import answer_items, answer_one
from .pages import Listing
from .refusals import Refusal

_APPLICATIONS = Listing("applications", ApplicationSummary, filter_tables.NO_PROPERTIES)


def list_applications(call: Call) -> Answer:
    """Applications_ListApplications."""
    return answer_items(call, _APPLICATIONS, call.store.applications.items())


def get_application(call: Call) -> Answer:
    """Applications_GetApplication."""
    application = call.store.applications.get(call.params["applicationId"].lower())
    if application is None:
        raise Refusal("ApplicationNotFound")
    return answer_one(call, "applications/@Element", ApplicationSummary, application)


HANDLERS: dict[str, Handler] = {
    ops.LIST_APPLICATIONS.id: list_applications,
    ops.GET_APPLICATION.id: get_application,
}
