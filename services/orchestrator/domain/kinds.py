"""Task kinds: who performs each, how long one attempt may take and how many there may be."""

from __future__ import annotations

from dataclasses import dataclass

from shared.contracts.jobs import Stage
from shared.contracts.tasks import (
    AssembleVideo,
    ComposeMusic,
    DrawPreview,
    GenerateImage,
    MixAudio,
    RenderSegment,
    SynthesizeVoice,
    TaskCommand,
    WriteScript,
)


@dataclass(frozen=True, kw_only=True)
class TaskKind:
    """One row of the table of kinds.

    ``deadline_s`` bounds one execution [s]; it stays well under the broker's consumer timeout of 30 minutes.
    ``max_attempts`` counts the first try. ``weight`` is the share of a job's progress one task stands for.
    """

    command: type[TaskCommand]
    stage: Stage
    pool: str
    deadline_s: int
    max_attempts: int
    weight: int

    @property
    def name(self) -> str:
        """The wire name of the command, which is the name of the kind."""
        return self.command.type


KINDS: dict[str, TaskKind] = {
    kind.name: kind
    for kind in (
        TaskKind(
            command=WriteScript, stage=Stage.SCRIPT, pool="content-text", deadline_s=180, max_attempts=3, weight=2
        ),
        TaskKind(
            command=GenerateImage,
            stage=Stage.IMAGES,
            pool="content-media",
            deadline_s=300,
            max_attempts=3,
            weight=2,
        ),
        TaskKind(
            command=SynthesizeVoice,
            stage=Stage.VOICE,
            pool="content-media",
            deadline_s=300,
            max_attempts=3,
            weight=1,
        ),
        TaskKind(
            command=ComposeMusic, stage=Stage.MUSIC, pool="content-media", deadline_s=300, max_attempts=3, weight=3
        ),
        TaskKind(
            command=RenderSegment, stage=Stage.RENDER, pool="renderer", deadline_s=900, max_attempts=3, weight=8
        ),
        TaskKind(command=MixAudio, stage=Stage.AUDIO, pool="renderer", deadline_s=900, max_attempts=3, weight=3),
        TaskKind(
            command=AssembleVideo, stage=Stage.ASSEMBLY, pool="renderer", deadline_s=900, max_attempts=3, weight=2
        ),
        TaskKind(
            command=DrawPreview, stage=Stage.RENDER, pool="renderer", deadline_s=300, max_attempts=3, weight=2
        ),
    )
}

POOLS: tuple[str, ...] = ("content-text", "content-media", "renderer")
