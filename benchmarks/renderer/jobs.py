"""Jobs of the embedded mode for benchmarks: a narrated project, a runtime whose CPU time is known, what it stored."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from shared.config import Settings
from shared.contracts.jobs import JobState, Stage, TaskStarted, TaskSucceeded
from shared.contracts.projects import MusicDraft, ProjectDraft, SlideDraft
from shared.contracts.references import AssetReference, AudioReference, ImageReference
from shared.contracts.revisions import MusicMode
from shared.contracts.timeline import FrameSize
from shared.ids import new_id
from studiomatic.client import FolderClient

SAMPLE_RATE = 48_000
WORDS = ["Bees", "see", "more", "than", "we", "do", "and", "they", "remember", "where", "the", "flowers", "were"]


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A finished job: CPU seconds of all processes that served it, and how long its render stage took."""

    job_id: str
    cpu_s: float
    render_s: float


class Runtime:
    """A running embedded runtime on a data folder, and a client of it.

    Args:
        slots: How many segments it renders at a time.
    """

    def __init__(self, data: Path, *, slots: int) -> None:
        self.client = FolderClient(Settings(data_dir=data))
        self._log = data / "serve.log"
        environment = os.environ | {"STUDIO_DATA_DIR": str(data), "STUDIO_RENDER_SLOTS": str(slots)}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "studiomatic.serve"], env=environment, stdout=log, stderr=log
            )

    def start(self, data: Path) -> None:
        """Wait until it serves, and have it do something, so that its start is not measured."""
        while not self.client.folder.is_served():
            if self._process.poll() is not None:
                raise RuntimeError(f"it did not start; see {self._log}")
            time.sleep(0.05)
        self.run(self.client.create_project(tiny(self.client, data)).project_id)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()
        self.client.close()

    def run(self, project_id: str) -> Finished:
        """Submit the newest revision of a project, and wait until it is rendered."""
        before = self._cpu_s()
        job_id = self.client.submit(project_id, idempotency_key=new_id())
        events = list(self.client.watch(job_id))
        cpu_s = self._cpu_s() - before
        if self.client.get_job(job_id).state is not JobState.SUCCEEDED:
            raise RuntimeError(f"the job failed; see {self._log}")
        render = [
            event.envelope.time
            for event in events
            if isinstance(event.fact, TaskStarted | TaskSucceeded) and event.fact.stage is Stage.RENDER
        ]
        return Finished(job_id=job_id, cpu_s=cpu_s, render_s=(max(render) - min(render)).total_seconds())

    def _cpu_s(self) -> float:
        """User and system time so far of the runtime, of all below it, and of those below that have ended."""
        root = psutil.Process(self._process.pid)
        return sum(sum(process.cpu_times()[:4]) for process in (root, *root.children(recursive=True)))


@contextmanager
def running(data: Path, *, slots: int) -> Iterator[Runtime]:
    """A runtime on a new data folder inside a ``with`` block."""
    data.mkdir(parents=True)
    runtime = Runtime(data, slots=slots)
    try:
        runtime.start(data)
        yield runtime
    finally:
        runtime.close()


def narrated(client: FolderClient, data: Path, *, slides: int, seconds: float) -> ProjectDraft:
    """A 1080p project of own pictures, own voices that read captions, and own music; no provider is asked."""
    music = tune(client, data)
    return ProjectDraft(
        title="Benchmark",
        slides=tuple(slide(client, data, number, seconds + 0.1 * (number % 5)) for number in range(slides)),
        music=MusicDraft(mode=MusicMode.GIVEN, audio=music),
    )


def silent(client: FolderClient, data: Path, *, slides: int, seconds: float) -> ProjectDraft:
    """A 1080p project of own pictures and no sound: nothing but rendering."""
    return ProjectDraft(
        title="Benchmark",
        slides=tuple(
            SlideDraft(title=f"Slide {number}", image=picture(client, data, number), seconds=seconds)
            for number in range(slides)
        ),
        silent=True,
        music=MusicDraft(mode=MusicMode.NONE),
    )


def slide(client: FolderClient, data: Path, seed: int, seconds: float) -> SlideDraft:
    """A slide of its own; its narration takes 1.1 s less than it is shown."""
    words = " ".join(WORDS[n % len(WORDS)] for n in range(max(1, round(2.5 * (seconds - 1.1)))))
    return SlideDraft(
        title=f"Slide {seed}",
        narration=f"{words}.",
        image=picture(client, data, seed),
        voice=voice(client, data, seed, seconds - 1.1),
    )


def picture(client: FolderClient, data: Path, seed: int) -> ImageReference:
    """A picture with detail at every scale, as photographs have, and some grain."""
    random, pixels = np.random.default_rng(seed), np.zeros((1024, 1536, 3), np.float32)
    for octave in range(7):
        cells = random.standard_normal((2 * 2**octave, 3 * 2**octave, 3))
        layers = [Image.fromarray(cells[:, :, layer].astype(np.float32)) for layer in range(3)]
        grown = [np.asarray(layer.resize((1536, 1024), Image.Resampling.BICUBIC)) for layer in layers]
        pixels += np.stack(grown, 2) * 0.55**octave
    pixels = 128 + 40 * pixels + random.standard_normal(pixels.shape) * 2
    path = data / f"picture-{seed}.png"
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path, compress_level=1)
    return client.add_image(path)


def voice(client: FolderClient, data: Path, seed: int, seconds: float) -> AudioReference:
    """Something like speech: a buzz with harmonics, in syllables of 200 ms."""
    random = np.random.default_rng(seed)
    moments = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    buzz = sum(np.sin(2 * np.pi * 140 * k * moments + random.random()) / k for k in range(1, 12))
    steps = np.arange(0, seconds + 0.4, 0.2)
    return client.add_audio(
        wave_file(data / f"voice-{seed}.wav", 0.2 * buzz * np.interp(moments, steps, random.random(len(steps))))
    )


def tune(client: FolderClient, data: Path) -> AudioReference:
    """Thirty seconds of chords."""
    moments = np.arange(30 * SAMPLE_RATE) / SAMPLE_RATE
    chords = sum(
        np.sin(2 * np.pi * (220 * 2 ** (k / 12)) * moments) * (1 + np.sin(moments / (k + 1))) for k in (0, 4, 7)
    )
    return client.add_audio(wave_file(data / "music.wav", 0.1 * chords))


def wave_file(path: Path, samples: np.ndarray) -> Path:
    """Write samples in -1..1 at 48 kHz, the same on both sides, over the hiss of a good recording (-60 dBFS)."""
    samples = samples + 0.001 * np.random.default_rng(0).standard_normal(len(samples))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((np.clip([samples, samples], -1, 1).T * 32767).astype("<i2").tobytes())
    return path


def tiny(client: FolderClient, data: Path) -> ProjectDraft:
    """Too small to matter."""
    path = data / "tiny.png"
    Image.new("RGB", (320, 240)).save(path)
    slides = tuple(SlideDraft(image=client.add_image(path), seconds=0.5 + n) for n in range(2))
    return ProjectDraft(
        title="Tiny",
        slides=slides,
        silent=True,
        music=MusicDraft(mode=MusicMode.NONE),
        size=FrameSize(width=128, height=128),
    )


def stored_arguments(data: Path, job_id: str, stage: str, field: str) -> list[AssetReference]:
    """What the tasks of a stage of a job were told to work on, in the order in which it is shown."""
    with sqlite3.connect(data / "db" / "orchestrator.sqlite3") as database:
        rows = database.execute(
            "SELECT json_extract(arguments, ?) FROM tasks WHERE job_id = ? AND stage = ?"
            " ORDER BY slide_number, part",
            (f"$.{field}", job_id, stage),
        ).fetchall()
    return [AssetReference.model_validate_json(row[0]) for row in rows]
