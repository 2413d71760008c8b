"""One-time codes from a seed: TOTP with SHA-1, six digits, steps of 30 seconds (RFC 6238), as telephones do it."""

from __future__ import annotations

from hmac import compare_digest

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

from services.keyvault.domain.codes import DIGITS


def fitting_step(seed: bytearray, code: str, steps: tuple[int, ...]) -> int | None:
    """The newest of some time steps at which a seed gives this code; None if it does at none.

    Every step is looked at, so that the time does not tell which it was.
    """
    codes = HOTP(seed, DIGITS, SHA1())  # noqa: S303  # what RFC 6238 and telephones use; HMAC does not need more
    fitting = [step for step in steps if compare_digest(codes.generate(step), code.encode())]
    return max(fitting, default=None)
