"""Mixes, masters and encodes the sound of a whole timeline, and measures the finished files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from services.renderer.domain import STEMS, sound_files
from services.renderer.pipeline.errors import BadAssemblyError
from services.renderer.pipeline.sound.files import FORMS, read_sound, write_sound
from services.renderer.pipeline.sound.master import Aim, Master
from services.renderer.pipeline.sound.meter import Analyser, Analysis
from services.renderer.pipeline.sound.mix import Mix, Part
from services.renderer.pipeline.sound.source import Samples, blocks, opened_sounds
from shared.contracts.references import AudioReference
from shared.contracts.timeline import Timeline

# The first is right for nearly every sound; the others are for what the encoder changes more than usual.
_ENCODINGS = 3

Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class AudioReport:
    """The finished sound, measured on the decoded file; None where it is silent.

    ``samples`` is what a player sounds, at 48 kHz.
    """

    samples: int
    loudness_lufs: float | None
    true_peak_dbtp: float | None


def mix_audio(timeline: Timeline, sounds: Mapping[str, Path], out_path: Path, progress: Progress) -> AudioReport:
    """Make the sound of a timeline: exactly as long as its picture, AAC-LC, 48 kHz stereo, at its loudness.

    The other sound files that the timeline asks for are made beside it, from the same master before it was
    encoded. Stems have the gain of the whole at each moment: their sum is ``sound.wav``.

    Args:
        sounds: Where the sound with a given SHA-256 lies.
        out_path: An ``.m4a`` file.
        progress: Called with (done, total) samples after each block of work; may raise to stop it.
    Raises:
        BadAssetError: A sound is missing or not what its reference says.
        OSError: The file cannot be written; ``errno`` tells why.
    """

    def heartbeat() -> None:
        progress(0, timeline.samples)

    with opened_sounds(_references(timeline), sounds) as sources:
        mix = Mix(timeline, sources, heartbeat)
        parts = (mix.read(start, end) for start, end in blocks(mix.samples))
        analysis = _analysed(parts, mix.samples, heartbeat)
        finishing = _Finishing(mix, analysis, timeline.loudness_lufs, progress)
        report = finishing.encode(out_path)
        for name in sound_files(timeline):
            finishing.write(out_path.with_name(name))
    return report


class _Finishing:
    """Writes the files of one mix.

    Args:
        analysis: What is in the mix.
    """

    def __init__(self, mix: Mix, analysis: Analysis, target_lufs: float, progress: Progress) -> None:
        self._mix = mix
        self._analysis = analysis
        self._aim = Aim.at(target_lufs)
        self._progress = progress

    def write(self, path: Path) -> None:
        """Write the whole, or the stem that the name stands for, in the form that it asks for."""
        if FORMS[path.suffix].is_lossy:
            self.encode(path)
            return
        master = Master(self._mix, self._analysis, self._aim)
        part = Part(STEMS[path.name]) if path.name in STEMS else None
        write_sound(path, self._parts(lambda start, end: master.read(start, end, part)))

    def encode(self, path: Path) -> AudioReport:
        """Encode the whole, and again with another aim should the encoder have moved loudness or peaks too far."""
        aim = self._aim
        for _ in range(_ENCODINGS):
            write_sound(path, self._parts(Master(self._mix, self._analysis, aim).read))
            heard = _analysed(read_sound(path), self._mix.samples, self._is_nearly_done)
            better = aim.corrected(heard.loudness())
            if better is None:
                break
            aim = better
        return self._report(path, heard)

    def _parts(self, read: Callable[[int, int], Samples]) -> Iterator[Samples]:
        for start, end in blocks(self._mix.samples):
            yield read(start, end)
            self._progress(end, self._mix.samples)

    def _is_nearly_done(self) -> None:
        self._progress(self._mix.samples, self._mix.samples)

    def _report(self, path: Path, heard: Analysis) -> AudioReport:
        if heard.samples != self._mix.samples:
            raise BadAssemblyError(f"{path.name} has {heard.samples} samples instead of {self._mix.samples}")
        loudness = heard.loudness()
        return AudioReport(
            samples=heard.samples,
            loudness_lufs=loudness.integrated_lufs,
            true_peak_dbtp=loudness.true_peak_dbtp,
        )


def _references(timeline: Timeline) -> dict[str, AudioReference]:
    used = [voice.audio for voice in timeline.voices] + [sound.audio for sound in timeline.sounds]
    if timeline.music is not None:
        used.append(timeline.music.audio)
    return {audio.asset.sha256: audio for audio in used}


def _analysed(parts: Iterable[Samples], expected_samples: int, heartbeat: Callable[[], None]) -> Analysis:
    analyser = Analyser(expected_samples)
    for part in parts:
        analyser.add(part)
        heartbeat()
    return analyser.finish()
