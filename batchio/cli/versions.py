"""The api-version that a command speaks: the option for it, and what that means.

Law: the option goes before the environment, that goes before the default; what is no version ends the command before
anything else is looked at.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from ..service.versions import VARIABLE, VERSIONS, in_environment

if TYPE_CHECKING:
    _Version = str
else:
    _Version = Literal[VERSIONS]

API_VERSION = "api_version"
"""The argument behind the option."""
ApiVersion = Annotated[
    _Version | None,
    "VERSION",
    Parameter(
        name="--api-version",
        help=f"Speak this version of the service's API, in place of {VARIABLE}'s.",
        group="Account",
    ),
]
"""The option of each command that talks to the service."""


def version_of(chosen: str | None) -> str:
    """The version that was chosen with the option, or else in the environment; raises `ConfigurationError`."""
    return chosen or in_environment(os.environ)
