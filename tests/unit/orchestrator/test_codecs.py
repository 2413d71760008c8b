"""A segment is rendered once for each codec that an output needs, and joined only when all are there."""

from __future__ import annotations

from shared.contracts.jobs import JobState, TaskState
from shared.contracts.tasks import AssembleVideo, AssemblyPlan, RenderSegment
from shared.contracts.timeline import Output, SegmentSpec, Timeline, VideoCodec


def test_what_nobody_asked_for_is_not_rendered(farm) -> None:
    job = farm.job(slides=2, outputs=(Output.HLS, Output.GIF))

    farm.perform_all()

    assert {key for key in farm.tasks(job) if key.startswith("segment/")} == {"segment/s1/0", "segment/s2/0"}


def test_every_codec_gets_segments_of_the_same_frames_and_the_assembly_gets_all(farm) -> None:
    job = farm.job(slides=2, outputs=(Output.HEVC, Output.WEBM))

    performed = farm.perform_all()

    assert farm.state(job) is JobState.SUCCEEDED
    specs = [farm.objects.get(c.spec, SegmentSpec) for c in performed if isinstance(c, RenderSegment)]
    assert sorted(spec.codec for spec in specs) == sorted([*VideoCodec, *VideoCodec])
    assert len({spec.model_copy(update={"codec": VideoCodec.H264}).model_dump_json() for spec in specs}) == 2
    [assemble] = [c for c in performed if isinstance(c, AssembleVideo)]
    plan = farm.objects.get(assemble.plan, AssemblyPlan)
    assert set(plan.further_segments) == {VideoCodec.HEVC, VideoCodec.VP9}
    groups = [plan.segments, *plan.further_segments.values()]
    assert len({segment.asset.sha256 for group in groups for segment in group}) == 6
    assert len({tuple(segment.frames for segment in group) for group in groups}) == 1
    assert farm.objects.get(plan.timeline, Timeline).outputs == (Output.HEVC, Output.WEBM)


def test_the_assembly_waits_for_the_last_segment_of_every_codec(farm) -> None:
    job = farm.job(slides=1, outputs=(Output.HEVC,))

    def is_not_hevc(command) -> bool:
        is_segment = isinstance(command, RenderSegment)
        return not is_segment or farm.objects.get(command.spec, SegmentSpec).codec is not VideoCodec.HEVC

    farm.perform_all(only=is_not_hevc)

    tasks = farm.tasks(job)
    assert tasks["segment/s1/0"] is TaskState.SUCCEEDED
    assert tasks["segment/s1/0/hevc"] is not TaskState.SUCCEEDED
    assert tasks["assemble"] is TaskState.WAITING


def test_a_segment_in_h264_is_the_same_whatever_else_is_made(farm) -> None:
    """So that asking for another output renders nothing again."""

    def specs(**wanted) -> set[str]:
        farm.job(slides=2, **wanted)
        rendered = [command.spec for command in farm.perform_all() if isinstance(command, RenderSegment)]
        is_h264 = {spec.sha256: farm.objects.get(spec, SegmentSpec).codec is VideoCodec.H264 for spec in rendered}
        return {digest for digest, yes in is_h264.items() if yes}

    assert specs() == specs(outputs=tuple(Output))
