"""Certificates, and what they do when they change their state.

Law: as in `resources` and in `job_life`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .resources import Resource

if TYPE_CHECKING:
    from .store import Store


class Certificate(Resource, kw_only=True, eq=False):
    """A certificate; its id is its thumbprint. `users` are the pools that kept it from being deleted."""

    algorithm: str
    users: tuple[str, ...] = ()

    kind = "certificate"

    @property
    def key(self) -> str:
        """Algorithm and thumbprint."""
        return certificate_key(self.algorithm, self.id)


def certificate_key(algorithm: str, thumbprint: str) -> str:
    """The key under which a certificate is kept."""
    return f"{algorithm}-{thumbprint.replace(' ', '')}".lower()


def deleting(store: Store, certificate: Certificate, _when: int, _why: str | None) -> None:
    """Look who uses it: then it stays."""
    certificate.users = tuple(
        pool.id
        for pool in store.pools.all()
        if any(
            certificate_key(reference["thumbprintAlgorithm"], reference["thumbprint"]) == certificate.key
            for reference in pool.spec.get("certificateReferences", ())
        )
    )


def gone(store: Store, certificate: Certificate, _when: int, _why: str | None) -> None:
    """The certificate is no longer there."""
    store.certificates.remove(certificate.key)
