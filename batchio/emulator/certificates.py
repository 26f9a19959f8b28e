"""The operations on certificates.

Law: as in `jobs`. A certificate is known by algorithm and thumbprint; its data and password never come back.
"""

from __future__ import annotations

import re

from ..models import Certificate as CertificateModel
from ..service import operations as ops
from . import filter_tables
from .bodies import normal
from .calls import Answer, Call, Handler, answer_created, change_headers
from .certificate_life import Certificate, certificate_key
from .kinds import Kind
from .refusals import Refusal, bad_property
from .states import ACTIVE, DELETE_FAILED
from .views import certificate_url, certificate_view

MAX_BYTES = 10_240

_THUMBPRINT = re.compile(r"[0-9a-fA-F]{1,40}")


def _find(call: Call) -> Certificate:
    return call.store.certificate(certificate_key(call.params["thumbprintAlgorithm"], call.params["thumbprint"]))


CERTIFICATES: Kind[Certificate] = Kind(
    "certificates",
    CertificateModel,
    filter_tables.CERTIFICATES,
    find=_find,
    shelf=lambda call: call.store.certificates,
    viewer=lambda call: lambda certificate: certificate_view(call.base, certificate),
)


def create_certificate(call: Call) -> Answer:
    """Certificates_CreateCertificate."""
    sent = call.read(CertificateModel)
    if sent.thumbprint_algorithm.lower() != "sha1":
        raise bad_property("thumbprintAlgorithm", sent.thumbprint_algorithm, "sha1 is the only one")
    thumbprint = sent.thumbprint.replace(" ", "")
    if not _THUMBPRINT.fullmatch(thumbprint):
        raise bad_property("thumbprint", sent.thumbprint, "Up to 40 hex digits")
    if len(sent.data) * 3 // 4 > MAX_BYTES:
        raise bad_property("data", None, f"At most {MAX_BYTES} bytes")
    stamp = call.store.stamps()
    certificate = Certificate(
        id=thumbprint, spec=normal(sent), born=stamp, changed=stamp, since=stamp, algorithm=sent.thumbprint_algorithm
    )
    call.store.add(call.store.certificates, certificate)
    return answer_created(certificate_url(call.base, certificate), stamp)


def delete_certificate(call: Call) -> Answer:
    """Certificates_DeleteCertificate."""
    certificate = _find(call)
    call.store.start_deleting(certificate)
    return Answer(202, headers=change_headers(certificate.changed))


def cancel_deletion(call: Call) -> Answer:
    """Certificates_CancelCertificateDeletion."""
    certificate = _find(call)
    if certificate.state == ACTIVE:
        raise Refusal("CertificateStateActive")
    if certificate.state != DELETE_FAILED:
        raise Refusal("CertificateBeingDeleted")
    call.store.move(certificate, ACTIVE, call.store.now())
    headers = {**change_headers(certificate.changed), "DataServiceId": certificate_url(call.base, certificate)}
    return Answer(204, headers=headers)


HANDLERS: dict[str, Handler] = {
    ops.CREATE_CERTIFICATE.id: create_certificate,
    ops.LIST_CERTIFICATES.id: CERTIFICATES.list,
    ops.GET_CERTIFICATE.id: CERTIFICATES.get,
    ops.DELETE_CERTIFICATE.id: delete_certificate,
    ops.CANCEL_CERTIFICATE_DELETION.id: cancel_deletion,
}
