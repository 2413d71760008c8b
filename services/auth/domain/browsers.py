"""What is kept of the name a browser gives itself: its family, nothing that tells two people apart."""

from __future__ import annotations

from shared.contracts.accounts import ClientInfo

OTHER = "other"

# The more particular name first: Edge and Opera also call themselves Chrome, and Chrome calls itself Safari.
_FAMILIES: tuple[tuple[str, str], ...] = (
    ("studio/", "studio"),
    ("samsungbrowser/", "Samsung Internet"),
    ("edg", "Edge"),
    ("opr/", "Opera"),
    ("opera", "Opera"),
    ("vivaldi/", "Vivaldi"),
    ("firefox/", "Firefox"),
    ("fxios/", "Firefox"),
    ("chromium/", "Chromium"),
    ("crios/", "Chrome"),
    ("chrome/", "Chrome"),
    ("safari/", "Safari"),
    ("curl/", "curl"),
)


def browser_family(user_agent: str) -> str:
    """The family of a browser, of a closed set; no version, no system, nothing of the text itself."""
    lowered = user_agent.lower()
    return next((family for sign, family in _FAMILIES if sign in lowered), OTHER)


def from_where(client: ClientInfo) -> dict[str, str]:
    """What letters say of where somebody did something."""
    return {"browser": browser_family(client.user_agent), "ip": client.ip}
