"""Finds ``STUDIO_*`` variables that no setting reads: a typing mistake would otherwise be ignored silently."""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches

from shared.config import PREFIX, Settings

_READ_ELSEWHERE = (f"{PREFIX}BROKER_",)
"""Beginnings of variables that are no settings of a process: `shared.bus.definitions` reads these."""


def ignored_variables(environment: Mapping[str, str] = os.environ) -> list[str]:
    """A sentence for each variable that is ignored, with the setting that was probably meant; never its value."""
    known = [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]
    unknown = sorted(
        name
        for name in environment
        if name.startswith(PREFIX) and name not in known and not name.startswith(_READ_ELSEWHERE)
    )
    return [_sentence(name, known) for name in unknown]


def _sentence(name: str, known: list[str]) -> str:
    nearest = get_close_matches(name, known, n=1, cutoff=0.75)
    remedy = f"did you mean {nearest[0]}?" if nearest else "`studio config` lists those that exist"
    return f"{name} is no setting and is ignored; {remedy}"
