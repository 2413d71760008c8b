"""What can go wrong with a private server."""

from __future__ import annotations

from shared.errors import StudiomaticError


class ServerUnavailableError(StudiomaticError):
    """A private server could not be had; the message names the remedy."""

    code = "local.server_unavailable"


class ServerCommandError(StudiomaticError):
    """A private server is there but refused what it was told to do."""

    code = "local.server_command_failed"


class FarmError(StudiomaticError):
    """The farm of this checkout cannot be started, used or stopped; the message says what to do."""

    code = "local.farm"
