"""The unmastered mix of a timeline: every voice at its sample and one level, the music below them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from services.renderer.pipeline.sound.bed import MusicLoop
from services.renderer.pipeline.sound.clips import ClipTrack
from services.renderer.pipeline.sound.ducking import Ducking, speech_in
from services.renderer.pipeline.sound.loudness import KWeighting, integrated_lufs
from services.renderer.pipeline.sound.source import Samples, SoundSource, blocks, silence
from shared.contracts.timeline import MusicBed, Timeline

# Speech and music are brought to this before they are mixed, whoever recorded them; the final loudness is set on
# the mix [LUFS].
_NOMINAL_LUFS = -18.0
# More gain than this would only lift the noise of an almost silent recording [dB].
_MOST_GAIN_DB = 24.0


class Part(StrEnum):
    """What a mix is made of."""

    VOICE = "voice"
    MUSIC = "music"
    CLIPS = "clips"


@dataclass(frozen=True, kw_only=True)
class _PlacedVoice:
    source: SoundSource
    start: int
    gain: np.float32


class Mix:
    """The mix of a timeline, computed for whatever part of it is asked for; the same each time.

    Args:
        heartbeat: Called after each block of what must be measured first.
    """

    def __init__(
        self, timeline: Timeline, sounds: Mapping[str, SoundSource], heartbeat: Callable[[], None]
    ) -> None:
        self._heartbeat = heartbeat
        levels = {name: _levelling_gain(source, heartbeat) for name, source in sounds.items()}
        self.samples = timeline.samples
        self._voices = [
            _PlacedVoice(
                source=sounds[voice.audio.asset.sha256],
                start=voice.start_sample,
                gain=np.float32(levels[voice.audio.asset.sha256]),
            )
            for voice in timeline.voices
        ]
        self._clips = ClipTrack(timeline.sounds, sounds, levels)
        self._music: MusicLoop | None = None
        if timeline.music is not None:
            self._add_music(timeline.music, sounds, levels)

    def read(self, start: int, end: int) -> Samples:
        """Samples ``start`` to ``end`` of the video."""
        result = silence(end - start)
        for part in Part:
            result += self.read_part(part, start, end)
        return result

    def read_part(self, part: Part, start: int, end: int) -> Samples:
        """The same of one part alone, as it sits in the mix."""
        match part:
            case Part.VOICE:
                return self._read_voice(start, end)
            case Part.MUSIC:
                return self._read_music(start, end)
            case Part.CLIPS:
                return self._clips.read(start, end)

    def _add_music(self, bed: MusicBed, sounds: Mapping[str, SoundSource], levels: Mapping[str, float]) -> None:
        name = bed.audio.asset.sha256
        self._music = MusicLoop(sounds[name], self.samples)
        self._music_gain = np.float32(levels[name] * 10 ** (bed.gain_db / 20))
        self._ducking = Ducking(self._speech(), bed.duck_db)

    def _speech(self) -> NDArray[np.bool_]:
        found = []
        for start, end in blocks(self.samples):
            found.append(speech_in(self._read_voice(start, end) + self._clips.read(start, end)))
            self._heartbeat()
        return np.concatenate(found)

    def _read_voice(self, start: int, end: int) -> Samples:
        result = silence(end - start)
        for voice in self._voices:
            if voice.start < end and start < voice.start + voice.source.samples:
                first, last = max(start, voice.start), min(end, voice.start + voice.source.samples)
                heard = voice.source.read(first - voice.start, last - voice.start)
                result[:, first - start : last - start] += heard * voice.gain
        return result

    def _read_music(self, start: int, end: int) -> Samples:
        if self._music is None:
            return silence(end - start)
        return self._music.read(start, end) * (self._ducking.gain(start, end) * self._music_gain)


def _levelling_gain(source: SoundSource, heartbeat: Callable[[], None]) -> float:
    """Factor that brings a sound to the nominal loudness; 1 for silence."""
    weighting, energies = KWeighting(), []
    for start, end in blocks(source.samples):
        energies.append(weighting.energies(source.read(start, end)))
        heartbeat()
    measured = integrated_lufs(np.concatenate(energies))
    if measured is None:
        return 1.0
    return float(10 ** (min(_NOMINAL_LUFS - measured, _MOST_GAIN_DB) / 20))
