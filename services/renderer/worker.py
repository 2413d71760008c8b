"""The render child: the process that does the pixel work, one piece of work at a time.

It is a fork of the template (see ``forking``), reads requests and writes answers (see ``work``), stays warm
between them, opens only the files it is handed, and ends when its template or its service does.
"""

from __future__ import annotations

import ctypes
import errno
import os
import queue
import resource
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, assert_never

from pydantic import BaseModel, TypeAdapter

from services.renderer.orders import ChildOrder
from services.renderer.pipeline.assemble import assemble_video
from services.renderer.pipeline.audio import mix_audio
from services.renderer.pipeline.handover import write_handover
from services.renderer.pipeline.join import SegmentFile
from services.renderer.pipeline.outputs import write_outputs
from services.renderer.pipeline.outputs.material import Material
from services.renderer.pipeline.preview import draw_preview
from services.renderer.pipeline.segment import render_segment
from services.renderer.pipeline.still_cache import StillCache
from services.renderer.work import (
    AnyWork,
    AssembleWork,
    Assembly,
    AudioMix,
    DrawPreviewWork,
    Failed,
    Finished,
    MixAudioWork,
    PreviewPictures,
    Progressed,
    RenderSegmentWork,
    SegmentRender,
    Started,
)
from services.renderer.work import SegmentFile as HandedSegment
from shared.contracts.tasks import PreviewPlan
from shared.contracts.timeline import SegmentSpec, Timeline
from shared.errors import TaskFailedError

NAME = "render-child"
"""What the system calls the process; 15 bytes at most."""

_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15
_libc = ctypes.CDLL(None)
# mallopt(3). glibc by itself keeps ever larger blocks in its heap, where those of one segment leave holes that
# those of the next do not fit. From this size on, which frames of 2160p exceed, the system gives and takes them.
_M_MMAP_THRESHOLD, _LARGE_BLOCK_BYTES = -3, 4 << 20
_PROGRESS_SECONDS = 0.5
# Address space a render takes, twice as measured (benchmarks/renderer): libraries, sources and sound, and the
# encoder's for each pixel of the frame in the high profile. A render that wants more has gone wrong.
_MEMORY_BYTES, _MEMORY_BYTES_PER_PIXEL = 1_500 << 20, 320
_VIDEO = "video.mp4"
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

_Answer = Callable[[BaseModel], None]


def live(order: ChildOrder, *, requests: IO[bytes], answers: IO[bytes]) -> None:
    """Serve requests until they end or nothing came for a while."""
    _go_home(order.folder)
    _limit_resources(order)
    _give_large_blocks_back()
    _serve(_request_lines(requests), order.idle_seconds, _answering(answers))


def end_with_parent(parent: int, *, at_once: bool) -> None:
    """End this process if ``parent`` has died; ``at_once`` ties it to the thread that started it, for ever."""
    if at_once:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)  # it died before it could be watched


def name_process() -> None:
    """What ``ps`` and ``top`` show."""
    _libc.prctl(_PR_SET_NAME, NAME.encode(), 0, 0, 0)


def _go_home(folder: Path) -> None:
    """Put whatever libraries write by themselves where it is removed with the child."""
    os.chdir(folder)
    os.environ["HOME"] = os.environ["TMPDIR"] = str(folder)


def _answering(stream: IO[bytes]) -> _Answer:
    def answer(line: BaseModel) -> None:
        stream.write(line.model_dump_json().encode() + b"\n")

    return answer


def _limit_resources(order: ChildOrder) -> None:
    for what, most in (
        (resource.RLIMIT_AS, order.memory_bytes),
        (resource.RLIMIT_FSIZE, order.file_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def _give_large_blocks_back() -> None:
    if hasattr(_libc, "mallopt"):  # not every C library can be told
        _libc.mallopt(_M_MMAP_THRESHOLD, _LARGE_BLOCK_BYTES)


def _request_lines(stream: IO[bytes]) -> queue.Queue[bytes]:
    """Read requests in a thread that ends the process as soon as the parent is gone, also in mid-work."""
    lines: queue.Queue[bytes] = queue.Queue()

    def read() -> None:
        while line := stream.readline():
            lines.put(line)
        os._exit(0)

    threading.Thread(target=read, name="requests", daemon=True).start()
    return lines


def _serve(lines: queue.Queue[bytes], idle_seconds: float, answer: _Answer) -> None:
    adapter: TypeAdapter[AnyWork] = TypeAdapter(AnyWork)
    stills = StillCache()  # all work of a child is of one account
    while True:
        try:
            line = lines.get(timeout=idle_seconds)
        except queue.Empty:
            return
        answer(Started())
        answer(_outcome(adapter.validate_json(line), stills, _throttled(answer)))


def _outcome(work: AnyWork, stills: StillCache, progress: Callable[[int, int], None]) -> BaseModel:
    try:
        return Finished(result=_perform(work, stills, progress).model_dump())
    except TaskFailedError as error:
        return Failed(code=error.code, message=error.message, retryable=error.retryable)
    except MemoryError:
        return Failed(
            code="renderer.out_of_memory",
            message="the render process ran out of memory; give it more or choose a smaller frame size",
            retryable=True,
        )
    except OSError as error:
        return _failed_file(error)
    except Exception as error:  # noqa: BLE001  # whatever is wrong with this work, the parent must hear of it
        return Failed(
            code="renderer.internal",
            message=f"the renderer failed in a way nobody foresaw ({_where(error)}); please report it",
            retryable=False,
        )


def _where(error: Exception) -> str:
    """Kind and place of an error, without its words: these may quote what an account wrote."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(place.filename).name}, line {place.lineno}"


def _failed_file(error: OSError) -> Failed:
    if error.errno in _NO_SPACE:
        return Failed(
            code="renderer.disk_full",
            message="the disk of the renderer is full; free some space, then resume",
            retryable=True,
        )
    return Failed(
        code="renderer.file_failed",
        message=f"a file could not be read or written ({error.strerror}); check disk and rights, then resume",
        retryable=True,
    )


def _perform(work: AnyWork, stills: StillCache, progress: Callable[[int, int], None]) -> BaseModel:
    match work:
        case RenderSegmentWork():
            return _render_segment(work, stills, progress)
        case MixAudioWork():
            return _mix_audio(work, progress)
        case AssembleWork():
            return _assemble(work, progress)
        case DrawPreviewWork():
            return _draw_preview(work, stills, progress)
        case _:
            assert_never(work)


def _render_segment(
    work: RenderSegmentWork, stills: StillCache, progress: Callable[[int, int], None]
) -> SegmentRender:
    spec = SegmentSpec.model_validate_json(work.spec.read_bytes())
    _bound_memory(spec.size.width * spec.size.height)
    report = render_segment(spec, work.images, work.out, progress, stills)
    return SegmentRender(frames=report.frames, missing_glyphs=report.missing_glyphs)


def _bound_memory(pixels: int) -> None:
    """Lower the soft limit for a frame of this size; the hard one stays for what the machine can bear."""
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    wanted = _MEMORY_BYTES + _MEMORY_BYTES_PER_PIXEL * pixels
    resource.setrlimit(resource.RLIMIT_AS, (min(wanted, most), most))


def _mix_audio(work: MixAudioWork, progress: Callable[[int, int], None]) -> AudioMix:
    _bound_memory(0)
    report = mix_audio(_timeline(work.timeline), work.sounds, work.out, progress)
    return AudioMix(
        samples=report.samples, loudness_lufs=report.loudness_lufs, true_peak_dbtp=report.true_peak_dbtp
    )


def _assemble(work: AssembleWork, progress: Callable[[int, int], None]) -> Assembly:
    timeline = _timeline(work.timeline)
    _bound_memory(timeline.size.width * timeline.size.height)
    report = assemble_video(timeline, _on_disk(work.segments), work.audio, work.out_folder / _VIDEO, progress)
    files = write_handover(timeline, work.images, work.out_folder)
    material = Material(
        timeline=timeline,
        video=work.out_folder / _VIDEO,
        audio=work.audio,
        opus=work.opus,
        segments={codec: _on_disk(segments) for codec, segments in work.further_segments.items()},
    )
    outputs = write_outputs(material, work.out_folder, lambda: progress(timeline.frames, timeline.frames))
    return Assembly(files=(_VIDEO, *files, *outputs), frames=report.frames, samples=report.samples)


def _on_disk(segments: Iterable[HandedSegment]) -> list[SegmentFile]:
    return [SegmentFile(path=segment.path, frames=segment.frames) for segment in segments]


def _draw_preview(
    work: DrawPreviewWork, stills: StillCache, progress: Callable[[int, int], None]
) -> PreviewPictures:
    plan = PreviewPlan.model_validate_json(work.plan.read_bytes())
    shots = (*plan.frames, *plan.contact_sheet)
    _bound_memory(max(shot.spec.size.width * shot.spec.size.height for shot in shots))
    return PreviewPictures(files=draw_preview(plan, work.images, work.out_folder, progress, stills))


def _timeline(path: Path) -> Timeline:
    return Timeline.model_validate_json(path.read_bytes())


def _throttled(answer: _Answer) -> Callable[[int, int], None]:
    """Report progress, but not more often than anybody can look."""
    last = float("-inf")

    def progress(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _PROGRESS_SECONDS:
            last = now
            answer(Progressed(done=done, total=total))

    return progress
