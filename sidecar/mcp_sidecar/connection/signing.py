"""The algorithm that a private key signs with (RFC 7518, 3.1; RFC 8037, 3.1)."""

from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from mcp_sidecar.connection.errors import InvalidTarget

SMALLEST_RSA: Final = 2048
"""Bits (RFC 7518, 3.3)."""

_CURVES: Final = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}


def algorithm_of(private_key: str) -> str:
    """Return the name of the algorithm for a key in PEM.

    Raises:
        InvalidTarget: it is no key that can sign; nothing of it is quoted.
    """
    try:
        key = load_pem_private_key(private_key.encode(), password=None)
    except TypeError:
        raise _refused("is encrypted", "a key without a passphrase") from None
    except Exception:  # noqa: BLE001 - cryptography has many ways to refuse, and their texts may quote the key
        raise _refused("can't be read", "a private key in PEM (PKCS #8, PKCS #1 or SEC 1)") from None
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= SMALLEST_RSA:
        return "RS256"
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        return _CURVES[key.curve.name]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "EdDSA"
    raise _refused("is of a kind that can't be used", "one of RSA (2048 bits or more), P-256, P-384, P-521 or Ed25519")


def _refused(problem: str, expected: str) -> InvalidTarget:
    return InvalidTarget(
        f"`auth` was given, but its `privateKey` {problem}.", suggestion=f"Pass {expected}.", details={"field": "auth"}
    )
