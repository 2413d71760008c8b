"""Takes keys out of whatever a provider says; some repeat the key, or a part of it, in their errors."""

from __future__ import annotations

import re

HIDDEN = "[key]"
MAX_CHARACTERS = 300
_PATTERNS = re.compile(
    r"""(?ix)
    bearer\s+\S+                                            # a whole header
    | \bsk[-_][a-z0-9_*.\-…]{6,}                            # MiniMax, OpenAI, ElevenLabs, also with stars inside
    | \beyJ[a-z0-9_\-]+(?:\.[a-z0-9_\-]+){1,2}              # JSON Web Token
    | \b[0-9a-f]{32}(?:\.[a-z0-9\-]{3,})?                   # Z.ai, and ElevenLabs before sk_
    """
)


def redacted(text: str, key: str) -> str:
    """The text on one line, at most 300 characters, without the key and without anything that looks like one."""
    if len(key) >= 4:
        text = text.replace(key, HIDDEN)
    line = " ".join(_PATTERNS.sub(HIDDEN, text).split())
    return line if len(line) <= MAX_CHARACTERS else line[: MAX_CHARACTERS - 1] + "…"
