"""A certificate of the emulator's own, for clients that insist on https.

Law: nobody else signs for it and nothing of it stays: it is made at a start, and its folder goes at the stop. The
private key is in a file, which only its owner can read, for as long as `ssl` needs to read it.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import shutil
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

from ..errors import ConfigurationError
from .addresses import ANY

NAMES = ("127.0.0.1", "::1", "localhost")
"""Whom the certificate stands for, beside the host that the emulator listens on."""

LIFE = timedelta(days=397)
"""The longest life that every client takes."""


class Certificate:
    """A self-signed certificate, in a folder of its own below the one for temporary files.

    `path`: the file, PEM, to trust by. `context`: what a server listens with. It is no authority: whoever trusts it
    trusts this one emulator. Raises `ConfigurationError` where cryptography is missing.
    """

    def __init__(self, host: str) -> None:
        certificate, key = _made([*NAMES, *(() if host in (*NAMES, *ANY) else (host,))])
        self._folder = Path(tempfile.mkdtemp(prefix="batchio-emulator-"))
        self.path = self._folder / "certificate.pem"
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            self.path.write_bytes(certificate)
            self._load(key)
        except BaseException:
            self.remove()
            raise

    def _load(self, key: bytes) -> None:
        path = self._folder / "key.pem"
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(key)
            self.context.load_cert_chain(self.path, path)
        finally:
            path.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the folder."""
        with contextlib.suppress(OSError):
            shutil.rmtree(self._folder)


def _made(names: list[str]) -> tuple[bytes, bytes]:
    """A certificate for these names and its key, both as PEM."""
    x509, oid, hashes, serialization, ec = _cryptography()
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key()
    # Two emulators at a time differ in name, so that both can stand in one file of trusted certificates.
    number = x509.random_serial_number()
    subject = x509.Name([x509.NameAttribute(oid.NameOID.COMMON_NAME, f"batchio emulator {number:x}"[:64])])
    now = datetime.now(UTC)
    usages = dict.fromkeys(
        (
            *("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
            *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
        ),
        False,
    )
    certificate = (
        x509.CertificateBuilder(subject, subject, public, number)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now - timedelta(days=1) + LIFE)
        .add_extension(x509.SubjectAlternativeName([_general(x509, name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, **usages), critical=True)
        .add_extension(x509.ExtendedKeyUsage([oid.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return certificate.public_bytes(pem), private


def _general(x509: ModuleType, name: str) -> object:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name.encode("idna").decode())


def _cryptography() -> tuple[ModuleType, ...]:
    try:
        from cryptography import x509  # noqa: PLC0415 - who speaks http pays for nothing
        from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 - as above
        from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - as above
        from cryptography.x509 import oid  # noqa: PLC0415 - as above
    except ImportError as error:
        raise ConfigurationError(
            "https: a certificate is made with cryptography, which azure-identity brings; "
            f"it cannot be imported here: {error}"
        ) from error
    return x509, oid, hashes, serialization, ec
