"""Mixes, masters and encodes the sound of a whole timeline, and measures the finished file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from services.renderer.pipeline.errors import BadAssemblyError
from services.renderer.pipeline.sound.aac import read_aac, write_aac
from services.renderer.pipeline.sound.master import Aim, Master
from services.renderer.pipeline.sound.meter import Analyser, Analysis
from services.renderer.pipeline.sound.mix import Mix
from services.renderer.pipeline.sound.source import Samples, blocks, opened_sounds
from shared.contracts.references import AudioReference
from shared.contracts.timeline import Timeline

# The first is right for nearly every sound; the others are for what the encoder changes more than usual.
_ENCODINGS = 3


@dataclass(frozen=True, kw_only=True)
class AudioReport:
    """The finished sound, measured on the decoded file; None where it is silent.

    ``samples`` is what a player sounds, at 48 kHz.
    """

    samples: int
    loudness_lufs: float | None
    true_peak_dbtp: float | None


def mix_audio(
    timeline: Timeline, sounds: Mapping[str, Path], out_path: Path, progress: Callable[[int, int], None]
) -> AudioReport:
    """Make the sound of a timeline: exactly as long as its picture, AAC-LC 192 kbit/s, 48 kHz stereo, at its
    loudness.

    Args:
        sounds: Where the sound with a given SHA-256 lies.
        progress: Called with (done, total) samples after each block of work; may raise to stop it.
    Raises:
        BadAssetError: A sound is missing or not what its reference says.
        OSError: The file cannot be written; ``errno`` tells why.
    """

    def heartbeat() -> None:
        progress(0, timeline.samples)

    with opened_sounds(_references(timeline), sounds) as sources:
        mix = Mix(timeline, sources, heartbeat)
        analysis = _analysed((mix.read(start, end) for start, end in blocks(mix.samples)), heartbeat)
        aim = Aim.at(timeline.loudness_lufs)
        for _ in range(_ENCODINGS):
            write_aac(out_path, _reported(Master(mix, analysis, aim), progress))
            heard = _analysed(read_aac(out_path), lambda: progress(timeline.samples, timeline.samples))
            better = aim.corrected(loudness := heard.loudness())
            if better is None:
                break
            aim = better
    if heard.samples != timeline.samples:
        raise BadAssemblyError(f"the sound has {heard.samples} samples instead of {timeline.samples}")
    return AudioReport(
        samples=heard.samples, loudness_lufs=loudness.integrated_lufs, true_peak_dbtp=loudness.true_peak_dbtp
    )


def _references(timeline: Timeline) -> dict[str, AudioReference]:
    used = [voice.audio for voice in timeline.voices] + [sound.audio for sound in timeline.sounds]
    if timeline.music is not None:
        used.append(timeline.music.audio)
    return {audio.asset.sha256: audio for audio in used}


def _reported(master: Master, progress: Callable[[int, int], None]) -> Iterator[Samples]:
    for start, end in blocks(master.samples):
        yield master.read(start, end)
        progress(end, master.samples)


def _analysed(parts: Iterable[Samples], heartbeat: Callable[[], None]) -> Analysis:
    analyser = Analyser()
    for part in parts:
        analyser.add(part)
        heartbeat()
    return analyser.finish()
