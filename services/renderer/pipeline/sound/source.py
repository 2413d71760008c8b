"""Reads normalised sounds (WAV, signed 16 bits, 48 kHz, stereo) at any place, without holding them in memory."""

from __future__ import annotations

import wave
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.renderer.pipeline.errors import BadAssetError
from shared.contracts.references import AudioReference
from shared.contracts.timeline import SAMPLE_RATE

Samples = NDArray[np.float32]

BLOCK_SAMPLES = SAMPLE_RATE * 10
"""Length of the blocks in which a timeline is worked through."""

_FULL_SCALE = 32_768


def blocks(samples: int) -> Iterator[tuple[int, int]]:
    """The (start, end) of each block of a timeline that is ``samples`` long."""
    for start in range(0, samples, BLOCK_SAMPLES):
        yield start, min(samples, start + BLOCK_SAMPLES)


def silence(count: int) -> Samples:
    """``count`` samples of nothing."""
    return np.zeros((2, count), np.float32)


class SoundSource:
    """An opened sound of known length."""

    def __init__(self, file: wave.Wave_read) -> None:
        self._file = file
        self.samples = file.getnframes()

    def read(self, start: int, end: int) -> Samples:
        """Samples ``start`` to ``end``; places outside the sound are silent."""
        first, last = max(0, start), min(self.samples, end)
        result = silence(end - start)
        if first < last:
            self._file.setpos(first)
            stored = np.frombuffer(self._file.readframes(last - first), "<i2").reshape(-1, 2)
            result[:, first - start : last - start] = stored.T / np.float32(_FULL_SCALE)
        return result


@contextmanager
def opened_sounds(
    references: Mapping[str, AudioReference], paths: Mapping[str, Path]
) -> Iterator[dict[str, SoundSource]]:
    """Open the referred sounds, by SHA-256, and close them at the end of the block.

    Raises:
        BadAssetError: One is missing, not in normal form, or not as long as its reference says.
    """
    with ExitStack() as stack:
        yield {name: _opened(stack, reference, paths) for name, reference in references.items()}


def _opened(stack: ExitStack, reference: AudioReference, paths: Mapping[str, Path]) -> SoundSource:
    name = reference.asset.sha256
    if name not in paths:
        raise BadAssetError(f"sound {name} was not handed over")
    try:
        file = stack.enter_context(wave.open(str(paths[name]), "rb"))  # noqa: SIM115  # the stack closes it
    except (wave.Error, EOFError) as error:
        raise BadAssetError(f"sound {name} is not a WAV file ({error}); bring it in again") from error
    form = (file.getnchannels(), file.getsampwidth(), file.getframerate(), file.getnframes())
    if form != (2, 2, SAMPLE_RATE, reference.samples):
        raise BadAssetError(
            f"sound {name} is not {reference.samples} samples of 48 kHz 16-bit stereo; bring it in again"
        )
    file.setpos(reference.samples - 1)
    if not file.readframes(1):
        raise BadAssetError(f"sound {name} was cut off; bring it in again")
    return SoundSource(file)
