"""A long video made of few files: what a child holds while it mixes and joins it."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.renderer.jobs import SAMPLE_RATE, wave_file
from benchmarks.renderer.pieces import unwatched
from benchmarks.renderer.slideshow import painted
from services.renderer.child import RenderChild
from services.renderer.template import ChildTemplate
from services.renderer.work import AssembleWork, MixAudioWork, RenderSegmentWork, SegmentFile
from shared.contracts.references import AssetReference, AudioReference, ImageReference
from shared.contracts.timeline import (
    Chapter,
    FrameSize,
    Motion,
    MusicBed,
    PictureClip,
    Rate,
    SegmentSpec,
    Timeline,
    View,
    VoiceClip,
)

SIZE, RATE, CLIP_SECONDS = FrameSize(width=640, height=360), Rate(numerator=30), 10
"""Memory of joining depends on the number of packets, not on their size."""


def peaks_mib(folder: Path, *, minutes: int) -> tuple[int, int]:
    """Most memory [MiB] a child held for the mix, and another one for the assembly."""
    work = folder / str(minutes)
    (work / "out").mkdir(parents=True)
    image, image_path = painted(work, 1)
    sound, sound_path = tone(work)
    clips = minutes * 60 // CLIP_SECONDS
    timeline = long_timeline(image, sound, clips)
    (work / "timeline.json").write_text(timeline.model_dump_json())
    images, sounds = {image.asset.sha256: image_path}, {sound.asset.sha256: sound_path}
    spec = SegmentSpec(
        rate=RATE,
        size=SIZE,
        profile=timeline.profile,
        caption_style=timeline.caption_style,
        clip=timeline.pictures[0],
        first_frame=0,
        frames=timeline.pictures[0].frames,
    )
    (work / "spec.json").write_text(spec.model_dump_json())
    peak_mib(RenderSegmentWork(spec=work / "spec.json", images=images, out=work / "segment.mp4"))
    mix = peak_mib(MixAudioWork(timeline=work / "timeline.json", sounds=sounds, out=work / "audio.m4a"))
    assembly = AssembleWork(
        timeline=work / "timeline.json",
        segments=(SegmentFile(path=work / "segment.mp4", frames=spec.frames),) * clips,
        audio=work / "audio.m4a",
        images=images,
        out_folder=work / "out",
    )
    return mix, peak_mib(assembly)


def long_timeline(image: ImageReference, sound: AudioReference, clips: int) -> Timeline:
    """The same narrated picture over and over, with music."""
    frames = CLIP_SECONDS * RATE.numerator
    view = View(zoom_permille=1000, centre_x_permille=500, centre_y_permille=500)
    clip = PictureClip(image=image, frames=frames, motion_frames=frames, motion=Motion(start=view, end=view))
    return Timeline(
        rate=RATE,
        size=SIZE,
        pictures=(clip,) * clips,
        chapters=tuple(
            Chapter(slide_id=f"{number}", title=f"Slide {number}", start_frame=number * frames)
            for number in range(clips)
        ),
        voices=tuple(
            VoiceClip(slide_id=f"{number}", audio=sound, start_sample=number * CLIP_SECONDS * SAMPLE_RATE)
            for number in range(clips)
        ),
        music=MusicBed(audio=sound),
    )


def tone(folder: Path) -> tuple[AudioReference, Path]:
    """Eight seconds that rise and fall."""
    time = np.arange(8 * SAMPLE_RATE) / SAMPLE_RATE
    path = wave_file(folder / "tone.wav", 0.2 * np.sin(2 * np.pi * 220 * time) * np.sin(time) ** 2)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    asset = AssetReference(
        key=f"accounts/a/assets/{sha256}", sha256=sha256, size_bytes=path.stat().st_size, media_type="audio/wav"
    )
    return AudioReference(asset=asset, samples=len(time)), path


def peak_mib(work: Any) -> int:
    """Most memory that a child of its own held while it did this."""
    template = ChildTemplate()
    child = RenderChild(template)
    child.run(work, on_progress=unwatched, deadline_s=3600, cancelled=threading.Event())
    lines = Path(f"/proc/{child.pid}/status").read_text().splitlines()
    cpu_s = sum(psutil.Process(child.pid).cpu_times()[:2])
    child.kill()
    template.close()
    peak = next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM:"))
    print(f"  {work.kind}: {peak} MiB, {cpu_s:.1f} CPU s", flush=True)
    return peak
