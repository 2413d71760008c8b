"""Built-in providers say once in each process that they are built in."""

from __future__ import annotations

from structlog.testing import capture_logs

from services.content.providers.offline.notice import warn_builtin


def test_a_builtin_provider_warns_once() -> None:
    warn_builtin.cache_clear()
    with capture_logs() as logs:
        for _ in range(3):
            warn_builtin("voice", "some_voice")
        warn_builtin("music", "some_music")

    assert [(entry["event"], entry["log_level"], entry["provider"]) for entry in logs] == [
        ("builtin_provider_used", "warning", "some_voice"),
        ("builtin_provider_used", "warning", "some_music"),
    ]
