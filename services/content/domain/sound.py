"""Whether a draft can be heard, and what it may ask for then."""

from __future__ import annotations

from collections.abc import Iterator

from shared.contracts.projects import ProjectDraft
from shared.contracts.revisions import ClipCut, MusicMode
from shared.contracts.timeline import SAMPLE_RATE, Output
from shared.errors import InvalidInputError

SOUND_OUTPUTS = (Output.M4A, Output.MP3, Output.WAV, Output.STEMS)
"""What cannot be made of a video without any sound."""

SHORTEST_MUSIC_SAMPLES = SAMPLE_RATE
"""A second: what is shorter would be repeated thousands of times."""


def check_sound(draft: ProjectDraft) -> None:
    """Refuse to make sound files of a silent video, and music too short to be any.

    Raises:
        InvalidInputError: Names what to change.
    """
    if draft.music.audio is not None and draft.music.audio.samples < SHORTEST_MUSIC_SAMPLES:
        raise InvalidInputError(
            "the music lasts less than a second; give a longer file, which is repeated as needed"
        )
    asked = [output.value for output in SOUND_OUTPUTS if output in draft.outputs]
    if asked and not is_heard(draft):
        raise InvalidInputError(
            f"outputs: there is no sound to make {', '.join(asked)} of; add a narration or music, or take them out"
        )


def is_heard(draft: ProjectDraft) -> bool:
    """Whether anything sounds: a voice, music or a clip."""
    if draft.music.mode is not MusicMode.NONE or any(cut.is_heard and cut.video.audio for cut in _cuts(draft)):
        return True
    spoken = draft.brief is not None or any(slide.narration.strip() or slide.voice for slide in draft.slides)
    return spoken and not draft.silent


def _cuts(draft: ProjectDraft) -> Iterator[ClipCut]:
    cuts = (draft.intro, *(slide.look.clip for slide in draft.slides), draft.outro)
    return (cut for cut in cuts if cut is not None)
