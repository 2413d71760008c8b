"""Wires the renderer: which objects, how many children."""

from __future__ import annotations

from services.renderer.handlers import Render
from services.renderer.objects import StoredObjects
from services.renderer.pool import ChildPool
from shared.config import Settings
from shared.media.sandbox import MediaSandbox
from shared.storage.configured import open_configured_store

SERVICE = "renderer"


class Renderer:
    """The service's use cases and its children."""

    def __init__(self, settings: Settings) -> None:
        self._children = ChildPool(settings.render_slots)
        self.render = Render(StoredObjects(open_configured_store(settings)), self._children, MediaSandbox())

    def stop(self) -> None:
        """End the children."""
        self._children.close()


def check_renderer() -> str:
    """Start what children are forked from and ask what it is; raises if codecs, fonts or memory are missing."""
    children = ChildPool(1)
    try:
        return f"engine {children.engine()[:12]}"
    finally:
        children.close()
