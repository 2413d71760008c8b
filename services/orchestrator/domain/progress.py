"""How far a job is, for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from services.orchestrator.domain.kinds import KINDS
from services.orchestrator.domain.records import JobRecord
from shared.contracts.jobs import Stage, StageProgress

_WEIGHTS = {kind.stage: kind.weight for kind in KINDS.values()}


def stage_progress(job: JobRecord, counts: Mapping[Stage, tuple[int, int]]) -> tuple[StageProgress, ...]:
    """Finished and planned tasks of each stage that this job has, in order.

    Segments are planned as their slides become ready; until then one for each slide is expected.

    Args:
        counts: Stage to (succeeded, planned so far).
    """
    stages = []
    for stage in Stage:
        done, total = counts.get(stage, (0, 0))
        if stage is Stage.RENDER and job.preview is None:
            total = max(total, len(job.outline.slides))
        if total:
            stages.append(StageProgress(stage=stage, done=done, total=total))
    return tuple(stages)


def percent(stages: Iterable[StageProgress]) -> int:
    """Weighted share of the work that is done, 0 to 100; 100 only when all of it is."""
    done = total = 0
    for stage in stages:
        done += stage.done * _WEIGHTS[stage.stage]
        total += stage.total * _WEIGHTS[stage.stage]
    return done * 100 // total if total else 0
