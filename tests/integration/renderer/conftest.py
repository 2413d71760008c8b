"""Builders of small pictures, sounds, specs and timelines for renderer tests."""

from __future__ import annotations

import hashlib
import threading
import wave
from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from services.renderer.pipeline.planes import new_frame, planes_of
from services.renderer.pool import ChildPool
from shared.contracts.references import AssetReference, AudioReference, ImageReference
from shared.contracts.timeline import (
    CaptionStyle,
    CaptionWord,
    ClipTail,
    Cue,
    EncodingProfile,
    FrameSize,
    Motion,
    MusicBed,
    PictureClip,
    Rate,
    SegmentSpec,
    Timeline,
    Transition,
    TransitionKind,
    View,
    VoiceClip,
)

SAMPLE_RATE = 48_000


class Studio:
    """Makes the inputs of a render in a folder of its own, and reads back what came out."""

    rate = Rate(numerator=30)
    size = FrameSize(width=128, height=128)

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.images: dict[str, Path] = {}
        self.sounds: dict[str, Path] = {}

    def picture(self, bgr: np.ndarray) -> ImageReference:
        path = self._stored(cv2.imencode(".png", bgr)[1].tobytes(), "png")
        self.images[path.stem] = path
        return ImageReference(asset=_reference(path, "image/png"), width=bgr.shape[1], height=bgr.shape[0])

    def scenery(self, seed: int, width: int = 320, height: int = 240) -> ImageReference:
        """A picture with large colour areas and some grain."""
        random = np.random.default_rng(seed)
        areas = random.integers(0, 255, (6, 8, 3), np.uint8)
        smooth = cv2.resize(areas, (width, height), interpolation=cv2.INTER_CUBIC)
        return self.picture(cv2.add(smooth, random.integers(0, 9, smooth.shape, np.uint8)))

    def sound(self, samples: np.ndarray) -> AudioReference:
        """``samples`` of shape (n,) in -1..1, the same on both sides."""
        path = self.folder / "sound.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE)
            file.writeframes((np.stack([samples, samples], 1) * 32767).round().astype("<i2").tobytes())
        path = self._stored(path.read_bytes(), "wav")
        self.sounds[path.stem] = path
        return AudioReference(asset=_reference(path, "audio/wav"), samples=len(samples))

    def speech(self, seconds: float, seed: int = 0, amplitude: float = 0.2) -> AudioReference:
        """Something like speech: a buzz with a few harmonics, in syllables of 200 ms."""
        random = np.random.default_rng(seed)
        time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
        buzz = sum(np.sin(2 * np.pi * 140 * k * time + random.random()) / k for k in range(1, 12))
        loudness = np.interp(
            time, np.arange(0, seconds + 0.4, 0.2), random.random(len(np.arange(0, seconds + 0.4, 0.2)))
        )
        return self.sound(np.clip(amplitude * buzz * loudness, -1, 1))

    def tone(self, seconds: float, hertz: float = 440, amplitude: float = 0.2) -> AudioReference:
        time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
        return self.sound(amplitude * np.sin(2 * np.pi * hertz * time))

    def clip(self, image: ImageReference, frames: int, *, fade: int = 0, cues: Sequence[Cue] = ()) -> PictureClip:
        return PictureClip(
            image=image,
            frames=frames,
            motion_frames=frames + 8,
            motion=self.move(),
            transition_in=crossfade(fade),
            cues=tuple(cues),
        )

    def move(self, start: int = 1000, end: int = 1150) -> Motion:
        return Motion(
            start=View(zoom_permille=start, centre_x_permille=500, centre_y_permille=500),
            end=View(zoom_permille=end, centre_x_permille=400, centre_y_permille=550),
        )

    def spec(
        self,
        clip: PictureClip,
        before: PictureClip | None = None,
        *,
        first_frame: int = 0,
        frames: int | None = None,
        size: FrameSize | None = None,
        profile: EncodingProfile = EncodingProfile.STANDARD,
        rate: Rate | None = None,
    ) -> SegmentSpec:
        return SegmentSpec(
            rate=rate or self.rate,
            size=size or self.size,
            profile=profile,
            caption_style=CaptionStyle(size_permille=90),
            clip=clip,
            before=None if before is None or not clip.transition_in.frames else tail_of(before),
            first_frame=first_frame,
            frames=clip.frames - first_frame if frames is None else frames,
        )

    def timeline(
        self,
        clips: Sequence[PictureClip],
        voices: Sequence[tuple[AudioReference, int]] = (),
        music: AudioReference | None = None,
        **fields: object,
    ) -> Timeline:
        return Timeline(
            rate=fields.pop("rate", self.rate),
            size=self.size,
            pictures=tuple(clips),
            voices=tuple(
                VoiceClip(slide_id=f"s{n}", audio=audio, start_sample=start)
                for n, (audio, start) in enumerate(voices)
            ),
            music=None if music is None else MusicBed(audio=music),
            **fields,
        )

    def _stored(self, data: bytes, suffix: str) -> Path:
        path = self.folder / f"{hashlib.sha256(data).hexdigest()}.{suffix}"
        path.write_bytes(data)
        return path


def crossfade(frames: int) -> Transition:
    return Transition(kind=TransitionKind.CROSSFADE, frames=frames) if frames else Transition()


def tail_of(clip: PictureClip) -> ClipTail:
    return ClipTail(image=clip.image, frames=clip.frames, motion_frames=clip.motion_frames, motion=clip.motion)


def _reference(path: Path, media_type: str) -> AssetReference:
    return AssetReference(
        key=f"accounts/test/assets/{path.stem}",
        sha256=path.stem,
        size_bytes=path.stat().st_size,
        media_type=media_type,
    )


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


@pytest.fixture(scope="session")
def studio_in() -> type[Studio]:
    """Opens a studio in a folder, for what the tests of one file share."""
    return Studio


@pytest.fixture
def never() -> threading.Event:
    """Nobody cancels."""
    return threading.Event()


@pytest.fixture(scope="module")
def pool() -> Iterator[ChildPool]:
    """Render children that the tests of one file share."""
    pool = ChildPool(1)
    yield pool
    pool.close()


@pytest.fixture
def decoded():
    """Reads all pictures of a video as planes, in the order in which they are shown."""

    def read(path: Path) -> list[list[np.ndarray]]:
        with av.open(str(path)) as container:
            return [[plane.copy() for plane in planes_of(frame)] for frame in container.decode(video=0)]

    return read


@pytest.fixture
def composed():
    """Composes frames of a spec; gives copies of their planes."""

    def compose(composer, size: FrameSize, numbers: Sequence[int]) -> list[list[np.ndarray]]:
        frame, result = new_frame(size.width, size.height), []
        for number in numbers:
            composer.compose(number, frame)
            result.append([plane.copy() for plane in planes_of(frame)])
        return result

    return compose


@pytest.fixture
def spoken_cue():
    """A cue whose words are spoken one after the other."""

    def cue(text: str, start: int, frames_per_word: int) -> Cue:
        words = text.split()
        return Cue(
            start_frame=start,
            end_frame=start + len(words) * frames_per_word,
            text=text,
            words=tuple(
                CaptionWord(
                    text=word,
                    start_frame=start + number * frames_per_word,
                    end_frame=start + (number + 1) * frames_per_word,
                )
                for number, word in enumerate(words)
            ),
        )

    return cue
