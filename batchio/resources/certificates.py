"""Certificates that are installed on nodes; until api-version 2024-07-01.20.0, retired by the service since."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from ..models import Certificate
from ..service import operations as op
from ..service import options as o
from ..session.pages import Pages
from ..session.request import Receipt
from ..session.session import Session


class Certificates:
    """Operations on certificates, until api-version 2024-07-01.20.0; `client.certificates`.

    The algorithm of a thumbprint is `sha1`.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    async def create(self, certificate: Certificate | Mapping[str, Any], **options: Unpack[o.CallOptions]) -> Receipt:
        """Add a certificate to the account.

        Raises `ResourceExistsError` where the thumbprint is there already. REST: Certificates_CreateCertificate.
        """
        return await self._session.act(op.CREATE_CERTIFICATE, (), options, certificate)

    async def get(self, thumbprint_algorithm: str, thumbprint: str, **options: Unpack[o.SelectOptions]) -> Certificate:
        """Read a certificate, without its private part.

        Raises `ResourceNotFoundError`. REST: Certificates_GetCertificate.
        """
        return await self._session.fetch(op.GET_CERTIFICATE, (thumbprint_algorithm, thumbprint), options)

    def list(self, **options: Unpack[o.FilterSelectListOptions]) -> Pages[Certificate]:
        """All certificates of the account. REST: Certificates_ListCertificates."""
        return self._session.pages(op.LIST_CERTIFICATES, (), options)

    async def delete(self, thumbprint_algorithm: str, thumbprint: str, **options: Unpack[o.CallOptions]) -> Receipt:
        """Begin to delete a certificate that no pool and no node uses.

        Where one does, its state becomes `deletefailed`, and `cancel_deletion` brings it back.
        Raises `ResourceNotFoundError`, `StateConflictError`. REST: Certificates_DeleteCertificate.
        """
        return await self._session.act(op.DELETE_CERTIFICATE, (thumbprint_algorithm, thumbprint), options)

    async def cancel_deletion(
        self, thumbprint_algorithm: str, thumbprint: str, **options: Unpack[o.CallOptions]
    ) -> Receipt:
        """Make a certificate whose deletion has failed active again.

        Raises `StateConflictError` in any other state. REST: Certificates_CancelCertificateDeletion.
        """
        return await self._session.act(op.CANCEL_CERTIFICATE_DELETION, (thumbprint_algorithm, thumbprint), options)
