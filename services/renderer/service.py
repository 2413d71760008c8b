"""The renderer's entrypoint: translates commands to use cases, nothing else."""

from __future__ import annotations

from services.renderer.dependencies import SERVICE, Renderer
from shared.bus.context import TaskContext
from shared.bus.dependency import Provided, Wiring
from shared.bus.entrypoints import task
from shared.config import Settings
from shared.contracts.tasks import AssembleVideo, DrawPreview, MixAudio, RenderSegment, TaskResult


def _renderer(wiring: Wiring) -> Renderer:
    return Renderer(wiring.settings)


def _slots(settings: Settings) -> int:
    return settings.render_slots


class RendererService:
    """Composes and encodes segments, mixes sound, assembles videos, draws previews."""

    name = SERVICE
    renderer: Renderer = Provided(_renderer)

    @task("renderer", accepts=(RenderSegment, MixAudio, AssembleVideo, DrawPreview), slots=_slots)
    def perform(
        self, command: RenderSegment | MixAudio | AssembleVideo | DrawPreview, context: TaskContext
    ) -> TaskResult:
        """Perform one command of the renderer's pool."""
        match command:
            case RenderSegment():
                return self.renderer.render.render_segment(command, context)
            case MixAudio():
                return self.renderer.render.mix_audio(command, context)
            case AssembleVideo():
                return self.renderer.render.assemble_video(command, context)
            case DrawPreview():
                return self.renderer.render.draw_preview(command, context)
