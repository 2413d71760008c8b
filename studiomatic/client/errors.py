"""Errors of the client itself."""

from __future__ import annotations

from shared.errors import StudiomaticError


class NothingServesError(StudiomaticError):
    """The job is stored, but nothing is running that works on it; run `studio serve`."""

    code = "client.nothing_serves"
    retryable = True
