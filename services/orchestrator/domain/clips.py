"""Own video in a slide: which of its frames are shown, and which of its samples are heard, from when on."""

from __future__ import annotations

from fractions import Fraction

from shared.contracts.revisions import Camera, ClipCut, SlideLook
from shared.contracts.timeline import SAMPLE_RATE, ClipSound, MovingPicture, Rate

BRIEF_FADE = SAMPLE_RATE // 100
"""What takes the click off a sound that is cut [samples]."""


def still_by_default(look: SlideLook) -> SlideLook:
    """The look of a clip: what moves by itself gets a camera move only when the author asks for one."""
    if look.clip is None or look.camera is not Camera.AUTO:
        return look
    return look.model_copy(update={"camera": Camera.HOLD})


def moving_picture(cut: ClipCut) -> MovingPicture:
    """What is seen of a clip. Its sound is left out, because no frame shows it."""
    return MovingPicture(video=cut.video.model_copy(update={"audio": None}), first_frame=first_frame(cut))


def first_frame(cut: ClipCut) -> int:
    """The frame of the video with which a clip begins: the nearest to the time that the author gave."""
    return min(round(cut.video.rate.fraction * cut.from_ms / 1000), cut.video.frames - 1)


def clip_sound(
    cut: ClipCut, rate: Rate, start: int, *, frames: int, takes_over: int, tail: int
) -> ClipSound | None:
    """What is heard of a clip: as long as it is seen, or until its sound ends.

    It begins with the exact sample at which the video's first shown frame begins, so that both keep together, and
    fades as its picture comes and goes.

    Args:
        rate: Of the timeline.
        start: First frame of the clip in the timeline.
        frames: How long it is shown, without the ``tail`` in which the next clip takes over.
        takes_over: Frames of its own transition.
    """
    audio = cut.video.audio
    if audio is None or not cut.is_heard:
        return None
    from_sample = round(Fraction(first_frame(cut) * SAMPLE_RATE) / cut.video.rate.fraction)
    start_sample, end_sample = rate.samples_at_frame(start), rate.samples_at_frame(start + frames)
    tail_samples = rate.samples_at_frame(start + frames + tail) - end_sample
    seen = end_sample + tail_samples - start_sample
    samples = min(seen, audio.samples - from_sample)
    if samples <= 0:
        return None
    return ClipSound(
        audio=audio,
        start_sample=start_sample,
        from_sample=from_sample,
        samples=samples,
        fade_in_samples=max(BRIEF_FADE, rate.samples_at_frame(takes_over)),
        fade_out_samples=max(BRIEF_FADE, tail_samples - (seen - samples)),
        gain_db=cut.gain_db,
    )
