"""Certificates of the account, and references to them.

Law: until 2024-07-01.20.0 only; later api-versions have Key Vault extensions in their place.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from .base import Model, Rule
from .enums import CertificateFormat, CertificateState, CertificateStoreLocation, CertificateVisibility
from .pairs import NameValuePair
from .rules import Needed, ReadOnly, Secret


class DeleteCertificateError(Model, kw_only=True):
    """Why a certificate could not be deleted."""

    code: str | None = None
    """Does not change over time; made for programs."""
    message: str | None = None
    """Made for people."""
    values: list[NameValuePair] | None = None


class Certificate(Model, kw_only=True):
    """A certificate that can be installed on nodes. When adding one, give `data` and, for a PFX file, its `password`.

    Body of `Certificates_CreateCertificate`; answer of `Certificates_GetCertificate`; item of
    `Certificates_ListCertificates`.
    """

    thumbprint: Needed[Annotated[str, Rule(max_length=40)]] = None
    """SHA-1 in hex digits, up to 40; spaces are dropped by the service."""
    thumbprint_algorithm: Needed[str] = None
    """Must be `sha1`."""
    url: ReadOnly[str] = None
    state: ReadOnly[CertificateState] = None
    state_transition_time: ReadOnly[datetime] = None
    previous_state: ReadOnly[CertificateState] = None
    """Absent in the first state."""
    previous_state_transition_time: ReadOnly[datetime] = None
    """Absent in the first state."""
    public_data: ReadOnly[str] = None
    """The public part, in base64."""
    delete_certificate_error: ReadOnly[DeleteCertificateError] = None
    """Set in the state `deletefailed` only."""
    data: Needed[Secret[str]] = None
    """The file in base64, at most 10 KB. Sent, never returned. Kept as text: what the service's own examples hold is
    not base64 at all. Hidden in `repr`, since a PFX file has a private key.
    """
    certificate_format: CertificateFormat | None = None
    """Sent, never returned."""
    password: Secret[str] = None
    """Of a PFX file with a password; none for CER. Sent, never returned."""


class CertificateReference(Model, kw_only=True):
    """A certificate of the account that is installed on the nodes of a pool."""

    thumbprint: Needed[str] = None
    thumbprint_algorithm: Needed[str] = None
    """Must be `sha1`."""
    store_location: CertificateStoreLocation | None = None
    """On Windows; `currentuser` if absent. On Linux the certificates stand in the directory in
    `AZ_BATCH_CERTIFICATES_DIR`.
    """
    store_name: str | None = None
    """On Windows; `My` if absent."""
    visibility: list[CertificateVisibility] | None = None
    """Which accounts see the private part; all if absent."""
