"""The program of the sandboxed child: one file, one question, one answer, then gone.

Reads one JSON request on standard input, locks itself in, answers ``{"ready": ...}`` and then one of
``{"result": ...}``, ``{"refused": why}`` (the file is to blame) or ``{"trouble": why}`` (the machine is).
"""

from __future__ import annotations

import dataclasses
import errno
import io
import json
import os
import sys
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from shared.errors import BadMediaError
from shared.media import confine
from shared.media.formats import HEAD_BYTES, MediaFormat, looks_like_heif, looks_like_packed_font, sniff
from shared.media.limits import MediaLimits
from shared.media.results import MediaKind, SandboxReport
from shared.media.task import MediaTask

_MACHINE_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS}
_SHOWN_CHARACTERS = 200


def main() -> None:
    """Serve the request on standard input and end the process."""
    request = json.loads(sys.stdin.readline())
    limits = MediaLimits(**request["limits"])
    barriers = confine.bound(limits)
    if request["operation"] == "check":
        answer: Callable[[], Any] = _load_check(barriers)
    else:
        answer = _load(request, limits)
    barriers += confine.isolate(request["parent"])
    barriers += confine.seal()
    _write({"ready": barriers})
    _write(_answer(answer, limits))
    os._exit(0)  # nothing left to tidy up, and tearing down the interpreter takes 10 ms


def _load(request: Mapping[str, Any], limits: MediaLimits) -> Callable[[], Any]:
    """Import what this file and question need, and no more; decoders take most of the start time."""
    source = io.FileIO(request["source"], closefd=False)
    head = source.read(HEAD_BYTES)
    source.seek(0)
    found = sniff(head)
    if found is None:
        return lambda: _refuse_unknown(head)
    task = MediaTask(
        source=source,
        size_bytes=os.fstat(request["source"]).st_size,
        format=found,
        limits=limits,
        output=None if request["output"] is None else io.FileIO(request["output"], "wb", closefd=False),
        options=request["options"],
    )
    work = _work_for(request["operation"], found)
    return lambda: work(task)


def _work_for(operation: str, found: MediaFormat) -> Callable[[MediaTask], Any]:
    match operation, found.kind:
        case "probe", MediaKind.IMAGE:
            from shared.media.images import probe_image

            return probe_image
        case "normalise_image", MediaKind.IMAGE:
            from shared.media.images import normalise_image

            return normalise_image
        case "probe", MediaKind.FONT:
            from shared.media.fonts import probe_font

            return probe_font
        case "normalise_font", MediaKind.FONT:
            from shared.media.fonts import normalise_font

            return normalise_font
        case "probe", MediaKind.AUDIO | MediaKind.VIDEO:
            from shared.media.streams import probe_streams

            return probe_streams
        case "normalise_audio", MediaKind.AUDIO | MediaKind.VIDEO:
            from shared.media.sounds import normalise_audio

            return normalise_audio
        case "normalise_video", MediaKind.VIDEO:
            from shared.media.clips import normalise_video

            return normalise_video
        case "write_poster", MediaKind.VIDEO:
            from shared.media.posters import write_poster

            return write_poster
        case "probe_video", MediaKind.VIDEO:
            from shared.media.videos import probe_video

            return probe_video
        case _:
            return lambda task: _refuse_kind(operation, task.format)


def _load_check(barriers: list[confine.Barrier]) -> Callable[[], SandboxReport]:
    import av
    import PIL

    libraries = {"pillow": PIL.__version__, "av": av.__version__, "ffmpeg": av.ffmpeg_version_info}
    return lambda: SandboxReport(barriers=tuple(barriers), libraries=libraries)


def _refuse_unknown(head: bytes) -> None:
    if looks_like_heif(head):
        raise BadMediaError("HEIC and AVIF pictures cannot be read; save it as JPEG or PNG")
    if looks_like_packed_font(head):
        raise BadMediaError("a font for the web or a collection of fonts cannot be read; give one TTF or OTF file")
    raise BadMediaError(
        "not a format that can be read; give a PNG, JPEG, WebP, GIF, BMP or TIFF picture, a WAV, FLAC, MP3, M4A, "
        "AAC, Ogg or Opus sound, an MP4 or WebM video, or a TTF or OTF font"
    )


def _refuse_kind(operation: str, found: MediaFormat) -> None:
    wanted = operation.rsplit("_", 1)[1]
    raise BadMediaError(f"it is {found.name} ({found.kind}) where a file of kind {wanted} is needed; give one")


def _answer(work: Callable[[], Any], limits: MediaLimits) -> dict[str, Any]:
    try:
        return {"result": dataclasses.asdict(work())}
    except BadMediaError as error:
        return {"refused": error.message}
    except MemoryError:
        return {"refused": f"needs more memory than the {limits.memory_bytes >> 20} MiB allowed; make it smaller"}
    except OSError as error:
        return _blame(error, limits)
    except Exception as error:  # noqa: BLE001  # decoders raise anything on hostile data; nothing else runs here
        return {"refused": f"damaged or incomplete ({_shown(error)}); export it again"}


def _blame(error: OSError, limits: MediaLimits) -> dict[str, Any]:
    # FFmpeg calls damage in a file an input error, too; what truly happens to our files comes from Python.
    is_decoders = type(error).__module__.startswith("av.")
    if error.errno in _MACHINE_ERRORS and not is_decoders:
        return {"trouble": f"writing failed: {error.strerror}"}
    if error.errno == errno.EFBIG:
        return {"refused": f"becomes larger than the {limits.output_bytes >> 20} MiB allowed; make it shorter"}
    return {"refused": f"damaged or incomplete ({_shown(error)}); export it again"}


def _shown(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return printable[:_SHOWN_CHARACTERS] or type(error).__name__


def _write(answer: dict[str, Any]) -> None:
    data = json.dumps(answer, default=_to_json).encode() + b"\n"
    while data:
        data = data[os.write(1, data) :]


def _to_json(value: object) -> str:
    if isinstance(value, Fraction):
        return str(value)
    raise TypeError(f"no JSON form for {type(value).__name__}")
