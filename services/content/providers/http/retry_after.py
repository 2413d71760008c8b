"""How long a provider asks to be left alone, in every form it is written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

MAX_WAIT_S = 366 * 86_400.0
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_RESET_HEADERS = ("x-ratelimit-reset-requests", "x-ratelimit-reset-tokens")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:\.\d+)?\s*(Z|UTC|[+-]\d\d:?\d\d)?")


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """What the headers ask for [s], never negative; None if nothing that can be understood.

    ``Retry-After`` is whole or decimal seconds or a date (RFC 9110 10.2.3); ``retry-after-ms`` and the reset times
    of rate limits as OpenAI writes them ("2s", "6m0s", "250ms").
    """
    waits = (
        _milliseconds(headers.get("retry-after-ms", "")),
        _seconds_or_date(headers.get("retry-after", ""), now),
        _longest(headers.get(name, "") for name in _RESET_HEADERS),
    )
    return next((_bounded(wait) for wait in waits if wait is not None), None)


def reset_in_s(message: str, now: datetime, zone: timezone = UTC) -> float | None:
    """How long until the time named in a message [s]; None if it names none.

    Args:
        zone: What a time without a zone is meant in.
    """
    for found in _MOMENT.finditer(message):
        try:
            moment = datetime.fromisoformat(f"{found[1]}T{found[2]}")
        except ValueError:
            continue
        return _bounded((moment.replace(tzinfo=_zone(found[3], zone)) - now).total_seconds())
    return None


def _zone(text: str | None, otherwise: timezone) -> timezone:
    if text is None:
        return otherwise
    if text in ("Z", "UTC"):
        return UTC
    sign, digits = (-1 if text[0] == "-" else 1), text[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return timezone(timedelta(minutes=sign * minutes)) if minutes < 24 * 60 else otherwise


def _milliseconds(text: str) -> float | None:
    wait = _number(text)
    return None if wait is None else wait / 1000


def _seconds_or_date(text: str, now: datetime) -> float | None:
    wait = _number(text)
    if wait is not None:
        return wait
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()


def _longest(texts: Iterable[str]) -> float | None:
    waits = [wait for text in texts if (wait := _duration(text)) is not None]
    return max(waits, default=None)


def _duration(text: str) -> float | None:
    found = _DURATION.fullmatch(text.strip())
    if not text.strip() or found is None:
        return _number(text)
    hours, minutes, seconds, milliseconds = (float(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\s*\d{1,12}(\.\d{1,9})?\s*", text) else None


def _bounded(wait_s: float) -> float:
    return min(max(wait_s, 0.0), MAX_WAIT_S)
