"""Certificates of the TLS ports: a good one and each way to be wrong, made anew at every start."""

from __future__ import annotations

import ipaddress
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Certificates:
    """An authority of its own and the certificates it signed.

    ``good`` is for 127.0.0.1 and localhost, ``wrong-name`` for another host, ``expired`` ended yesterday,
    ``untrusted`` is signed by nobody but itself. ``authority_pem`` is what a client may be told to trust.
    """

    KINDS = ("good", "wrong-name", "expired", "untrusted")

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("simulator authority")
        authority = _builder(self._name, self._name, self._key, days=(-2, 30)).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.authority_pem = authority.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def context(self, kind: str) -> ssl.SSLContext:
        """A server's context with the certificate of a kind."""
        key = ec.generate_private_key(ec.SECP256R1())
        days = (-30, -1) if kind == "expired" else (-2, 30)
        is_own = kind == "untrusted"
        subject = _named("simulator")
        builder = _builder(subject, subject if is_own else self._name, key, days=days).add_extension(
            x509.SubjectAlternativeName(_alternatives(kind)), critical=False
        )
        return _context(builder.sign(key if is_own else self._key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, *, days: tuple[int, int]
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _alternatives(kind: str) -> list[x509.GeneralName]:
    if kind == "wrong-name":
        return [x509.DNSName("api.elsewhere.example")]
    return [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]


def _context(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(serialization.Encoding.PEM)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "both.pem"
        path.touch(mode=0o600)
        path.write_bytes(pem)
        context.load_cert_chain(path)
    return context
