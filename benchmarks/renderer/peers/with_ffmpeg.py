"""Makes the slideshow with FFmpeg's own filters: zoompan, xfade and subtitles.

zoompan cuts at whole pixels of its input; each picture is enlarged first, so that the camera moves in smaller steps.
Captions are ASS subtitles, one event for each highlighted word, which libass draws.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from benchmarks.renderer.peers.job import Job, given_job

ENLARGED = 4
_STYLE = (
    "[Script Info]\nPlayResX: {width}\nPlayResY: {height}\n[V4+ Styles]\n"
    "Format: Name, Fontname, Fontsize, PrimaryColour, OutlineColour, Bold, BorderStyle, Outline, Alignment, MarginV\n"
    "Style: Default,Noto Sans,{size},&H00FFFFFF,&H73000000,1,3,12,2,{margin}\n"
    "[Events]\nFormat: Start, End, Style, Text\n"
)


def main() -> None:
    """Become FFmpeg."""
    job = given_job()
    subtitles = Path(f"{job.out}.ass")
    subtitles.write_text(ass_of(job))
    inputs = [argument for picture in job.pictures for argument in ("-i", picture)]
    command = ["ffmpeg", "-v", "error", "-y", "-filter_complex_threads", "1", *inputs]
    command += ["-filter_complex", graph(job, subtitles), "-map", "[out]", *job.encoder, job.out]
    os.execvp(command[0], command)  # noqa: S606  # no shell is wanted


def graph(job: Job, subtitles: Path) -> str:
    """The filters from pictures to frames."""
    chains = [camera(job, number) for number in range(len(job.pictures))]
    shown = "[v0]"
    for number in range(1, len(job.pictures)):
        fade, start = job.fade_frames / job.rate, number * job.frames_per_slide / job.rate
        chains.append(f"{shown}[v{number}]xfade=duration={fade}:offset={start}[x{number}]")
        shown = f"[x{number}]"
    fonts = Path(job.font).parent
    return ";".join([*chains, f"{shown}subtitles={subtitles}:fontsdir={fonts}[out]"])


def camera(job: Job, number: int) -> str:
    """One picture, cut to the frame's aspect, enlarged and moved over."""
    last = number == len(job.pictures) - 1
    frames = job.frames_per_slide + (0 if last else job.fade_frames)
    part = f"on/{job.frames_per_slide + job.fade_frames - 1}"
    eased = f"(0.5*({part})+0.5*({part})*({part})*(3-2*({part})))"
    way = eased if number % 2 == 0 else f"(1-{eased})"
    x, y = (f"max(0,min(iw-iw/zoom,iw*(0.5+({middle}-0.5)*{way})-iw/zoom/2))" for middle in job.centre)
    y = y.replace("iw", "ih")
    return (
        f"[{number}]crop=iw:iw*{job.height}/{job.width},scale=iw*{ENLARGED}:-2:flags=bicubic:out_color_matrix=bt709,"
        f"format=yuv444p,zoompan=z='1+{job.zoom - 1:.4f}*{way}':x='{x}':y='{y}':d={frames}"
        f":s={job.width}x{job.height}:fps={job.rate},format=yuv420p[v{number}]"
    )


def ass_of(job: Job) -> str:
    """The captions as Advanced SubStation Alpha."""
    style = _STYLE.format(
        width=job.width, height=job.height, size=round(job.height * 0.06), margin=round(job.height * 0.12)
    )
    return style + "".join(events(job))


def events(job: Job) -> Iterator[str]:
    """A line for each time in which one word, or none, is highlighted."""
    for number, caption in enumerate(job.captions):
        words, first = caption.split(), number * job.frames_per_slide
        starts = [first + n * job.frames_per_word for n in range(len(words))]
        ends = [*starts[1:], starts[-1] + job.frames_per_word]
        for n, (start, end) in enumerate(zip(starts, ends, strict=True)):
            marked = [f"{{\\c&H3FD2FF&}}{word}{{\\r}}" if n == at else word for at, word in enumerate(words)]
            yield event(job, start, end, " ".join(marked))
        yield event(job, ends[-1], first + job.frames_per_slide, caption)


def event(job: Job, start: int, end: int, text: str) -> str:
    """One line of the events section; nothing when it would last no time."""
    first, last = (
        str(timedelta(seconds=frame / job.rate) + timedelta(microseconds=1))[:10] for frame in (start, end)
    )
    return f"Dialogue: {first},{last},Default,{text}\n" if end > start else ""


if __name__ == "__main__":
    main()
