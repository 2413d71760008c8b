"""Usage data, exactly as the privacy policy lists it: address, kind of browser, pages, videos rendered, times."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

USAGE_KEPT = timedelta(days=365)
"""Long enough to compare a season with the last one; then the rows go, whatever else happens to the account."""


class UsageKind(StrEnum):
    """What is noted."""

    PAGE_OPENED = "page_opened"
    VIDEO_RENDERED = "video_rendered"
