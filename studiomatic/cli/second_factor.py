"""Ask for a second factor: what can be typed is a code of an app, or a recovery code."""

from __future__ import annotations

import re
from collections.abc import Collection

from shared.contracts.sessions import Factor
from studiomatic.cli.asking import ask_secret

_TOTP = re.compile(r"[0-9]{6}")


def factor_arguments(factors: Collection[str]) -> dict[str, str]:
    """What a proof of identity needs besides the password; empty without second factors."""
    if not factors:
        return {}
    typed = ask_secret(_question(factors)).replace(" ", "")
    if Factor.TOTP in factors and _TOTP.fullmatch(typed):
        return {"totp": typed}
    return {"recovery_code": typed}


def _question(factors: Collection[str]) -> str:
    if Factor.TOTP in factors:
        return "code of your authenticator app, or a recovery code"
    return "recovery code (passkeys need a browser)"
