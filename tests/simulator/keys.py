"""Keys that choose a scenario: each provider's own form of a key, with the case in its last part.

Two ways to write a case into a key. The readable one ends in ``sim-<case>`` or ``sim-<case>--<user>``, in the
provider's own prefix: ``sk-api-sim-t8--anna``, ``sk_sim_v25``. Providers whose keys are hexadecimal also have a true
form, whose tail is a digest of the case. The user's part makes different keys of the same case, each with a
sequence of answers and limits of its own.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

_READABLE = re.compile(r"(?:^|[-_.])sim[-_](?P<case>[a-z0-9_+.-]+?)(?:--(?P<user>[\w.@-]+))?$", re.IGNORECASE)
#: How the keys of each provider begin.
_FORMS = {
    "minimax": r"sk-(api|cp)-|eyJ",
    "elevenlabs": r"sk_",
    "zai": r"[0-9a-f]{32}\.",
    "openai": r"sk-",
    "compatible": r"sim[-_]",
}
#: ``<case>-once``: after the answers of the case have been given once, the provider is well.
ONCE = "-once"
DEFAULT_USER = "user-00000000000000000001"


@dataclass(frozen=True)
class CaseKey:
    """What a key says: the case, whether it ends after once, and whose key it is."""

    case: str
    once: bool
    user: str


def key_for(provider: str, case: str, user: str = DEFAULT_USER) -> str:
    """A key in the provider's own form that chooses ``case``; ``case`` may end in ``-once``.

    Raises:
        KeyError: There is no such provider.
    """
    case = case.lower()
    return {
        "minimax": f"sk-api-sim-{case}--{user}",
        "minimax-plan": f"sk-cp-sim-{case}--{user}",
        "minimax-legacy": _jwt(case, user),
        "zai": f"{_hex(user, 32)}.sim{_hex(case, 13)}",
        "elevenlabs": f"sk_{_hex(user, 24)}{_hex(case, 24)}",
        "openai": f"sk-proj-sim-{case}--{user}",
        "compatible": f"sim-{case}--{user}",
    }[provider]


def owner(key: str) -> str | None:
    """The provider whose form a key has, or ``None``."""
    return next((provider for provider, form in _FORMS.items() if re.match(form, key)), None)


def read_key(provider: str, key: str, cases: Iterable[str]) -> CaseKey | None:
    """Find the case in a key, or ``None`` when the key is not one of the simulator's, or of another provider."""
    if owner(key) != provider:
        return None
    if readable := _READABLE.search(_unpacked(key)):
        return _case_key(readable["case"].lower(), readable["user"] or "")
    native = {"zai": r"([0-9a-f]{32})\.sim([0-9a-f]{13})", "elevenlabs": r"sk_([0-9a-f]{24})([0-9a-f]{24})"}
    if provider in native and (found := re.fullmatch(native[provider], key)):
        for case in cases:
            for written in (case, case + ONCE):
                if _hex(written, len(found[2])) == found[2]:
                    return _case_key(written, found[1])
    return None


def _case_key(written: str, user: str) -> CaseKey:
    return CaseKey(written.removesuffix(ONCE), written.endswith(ONCE), user)


def _hex(text: str, length: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def _jwt(case: str, user: str) -> str:
    parts = {"alg": "RS256", "typ": "JWT"}, {"sub": f"sim-{case}--{user}"}
    head, body = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    return f"{head}.{body}.c2lnbmF0dXJl"


def _unpacked(key: str) -> str:
    """The subject of an old key, which is a JSON Web Token; any other key as it is."""
    if not key.startswith("eyJ") or key.count(".") != 2:
        return key
    try:
        return str(json.loads(base64.urlsafe_b64decode(key.split(".")[1] + "==="))["sub"])
    except (ValueError, KeyError):
        return key
