"""The Entra application that the sandbox's tenant knows: its ids, its secret, its certificate and its permissions."""

from __future__ import annotations

import base64
import datetime as dt
from functools import cached_property
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

PERMISSIONS = ("User.Read.All", "Calendars.ReadWrite")
"""The application permissions an administrator has consented to, unless a test takes one away."""


REDIRECT_URIS = tuple(f"http://{host}/calsync/connect/sandbox/signed-in/" for host in ("localhost", "127.0.0.1"))
"""Where signed-in people go back to, unless a test registers other addresses; on this machine any port will do."""


class Application:
    """An application registration. Keys are made when first asked for: they take a tenth of a second each."""

    tenant_id = "5a1c0d3e-7f2b-4d0a-9c55-0f6a1e2b3c4d"
    tenant_domain = "sandbox.onmicrosoft.example"
    client_id = "c0ffee00-1d5c-4a3b-8e7f-2a9b6c4d8e10"
    client_secret = "sandbox~Secret.value-of-the-sandbox-app"  # noqa: S105 - known to everybody, as the sandbox is
    object_id = "0b1ec7d0-5e1f-4b7a-a7f0-6a4f6c2d9e31"

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Give back the permissions that were taken away and forget that the secret expired.

        consent: whether people are asked before they sign in to the application for the first time (`asked`), or only
        an administrator may say yes (`admin`).
        """
        self.roles = list(PERMISSIONS)
        self.redirect_uris = list(REDIRECT_URIS)
        self.consent: Literal["given", "asked", "admin"] = "given"
        self.secret_expired = False

    @cached_property
    def signing_key(self) -> rsa.RSAPrivateKey:
        """The login service's own key, which signs access tokens."""
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @cached_property
    def certificate(self) -> x509.Certificate:
        """The certificate registered with the application, self-signed."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "calsync sandbox")])
        now = dt.datetime.now(dt.UTC)
        builder = x509.CertificateBuilder(name, name, self._key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=3650))
        return builder.sign(self._key, hashes.SHA256())

    @property
    def private_key_pem(self) -> str:
        """The private key of the certificate, PKCS 8, not encrypted."""
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()

    @property
    def certificate_pem(self) -> str:
        """Private key and certificate in one text, as `azure.identity.CertificateCredential` reads it."""
        return self.private_key_pem + self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def thumbprint(self) -> str:
        """SHA-1 of the certificate in hexadecimal, as the portal shows it."""
        return self.certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303 - a name, not a protection

    @property
    def thumbprints(self) -> set[str]:
        """The values that `x5t` and `x5t#S256` of an assertion's header may have."""
        digests = (self.certificate.fingerprint(kind) for kind in (hashes.SHA1(), hashes.SHA256()))  # noqa: S303
        return {base64.urlsafe_b64encode(digest).decode().rstrip("=") for digest in digests}
