"""The door for outside media: every file that is not ours is looked at and converted behind it.

The decoders (PyAV, Pillow) run in one short-lived child process for each call, which can open no file and no
socket, use bounded memory and time, and dies with its caller. A hostile file costs its own call and nothing else.
"""

from __future__ import annotations

import dataclasses
import os
import signal
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from shared.errors import BadMediaError, InfrastructureError
from shared.media.limits import MediaLimits
from shared.media.process import ChildOutcome, child_command, run_child
from shared.media.results import (
    MediaProbe,
    NormalisedAudio,
    NormalisedFont,
    NormalisedImage,
    NormalisedVideo,
    SandboxReport,
    VideoProbe,
)

LONGEST_SIDE = 4_096
"""Default for the longest side of a normalised picture [px]: room to zoom into a 3840 px wide video."""

_NAME_CHARACTERS = 120
# Sent by people and supervisors who end us; says nothing about the file.
_OUTSIDE_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

_Result = TypeVar("_Result")


class MediaSandbox:
    """Opens outside files in a locked-in child process, one for each call; safe to share between threads.

    Each method raises :class:`BadMediaError` (naming the file, the reason and the remedy; not retryable) when the
    file is to blame, also when it drove the child over a limit, and :class:`InfrastructureError` (retryable) when
    the machine is: no process to be had, disk full, child ended from outside.

    A path must lead to a regular file. Symbolic links are refused, because a link inside an uploaded folder may
    point anywhere; a caller that trusts a path resolves it first.

    Args:
        limits: What a file may be and cost.
    """

    def __init__(self, limits: MediaLimits | None = None) -> None:
        self._limits = limits or MediaLimits()

    def check(self) -> SandboxReport:
        """Start a child without a file: whether it works here, and what holds it back."""
        outcome = self._run("check", None, None, {})
        return _result(outcome, "sandbox check", self._limits, SandboxReport)

    def probe(self, path: Path, *, name: str | None = None) -> MediaProbe:
        """Tell what a file is from its header, and refuse what no limit allows.

        The content is not decoded: a picture that breaks off in the middle passes here and is refused when
        normalised.

        Args:
            name: What errors call the file; by default the last part of ``path``.
        """
        return self._ask("probe", path, {}, MediaProbe, name=name)

    def normalise_image(
        self,
        path: Path,
        out_path: Path,
        *,
        name: str | None = None,
        max_side: int = LONGEST_SIDE,
        background: str | None = "#FFFFFF",
    ) -> NormalisedImage:
        """Write a picture in the one form the renderer takes; equal bytes in give equal bytes out.

        Animations are refused: which of its pictures the author means cannot be guessed.

        Args:
            out_path: Replaced at once when all went well, left alone otherwise.
            max_side: Longest side it may keep [px].
            background: Colour behind transparent parts, ``#RRGGBB``; with None they stay transparent.
        """
        options = {"max_side": max_side, "background": background}
        return self._make("normalise_image", path, out_path, options, NormalisedImage, name=name)

    def normalise_audio(self, path: Path, out_path: Path, *, name: str | None = None) -> NormalisedAudio:
        """Write a sound in the one form the renderer takes; equal bytes in give equal bytes out.

        A mono voice sounds on both sides at its own level; more than two channels are mixed down. A file that
        ends before its header says is refused. The sound of an MP4 or WebM video can be taken too.

        Args:
            out_path: Replaced at once when all went well, left alone otherwise.
        """
        return self._make("normalise_audio", path, out_path, {}, NormalisedAudio, name=name)

    def normalise_font(self, path: Path, out_path: Path, *, name: str | None = None) -> NormalisedFont:
        """Write a font in the one form the renderer takes; equal bytes in give equal bytes out.

        What is written maps characters to outlines and holds nothing else: no pictures, no scripts, no signatures.
        Each character has been drawn once.

        Args:
            out_path: Replaced at once when all went well, left alone otherwise.
        """
        return self._make("normalise_font", path, out_path, {}, NormalisedFont, name=name)

    def normalise_video(self, path: Path, out_path: Path, *, name: str | None = None) -> NormalisedVideo:
        """Write a video in the one form the renderer takes; equal bytes in give equal bytes out.

        It gets one constant rate near its own, at most 60 frames/s; every frame keeps its time, and so does the
        sound. What has more pixels than the limits allow is made smaller. A file that ends before its header says
        is refused.

        Args:
            out_path: Replaced at once when all went well, left alone otherwise.
        """
        return self._for_video()._make("normalise_video", path, out_path, {}, NormalisedVideo, name=name)

    def write_poster(self, path: Path, out_path: Path, *, name: str | None = None) -> NormalisedImage:
        """Write the first frame of a normalised video that is not nearly black, in the normal form of pictures."""
        return self._make("write_poster", path, out_path, {}, NormalisedImage, name=name)

    def probe_video(self, path: Path, *, name: str | None = None) -> VideoProbe:
        """Look at a finished video independently of what made it: counts every packet, decodes none."""
        return self._ask("probe_video", path, {}, VideoProbe, name=name)

    def _for_video(self) -> MediaSandbox:
        return MediaSandbox(self._limits.for_video())

    def _ask(
        self, operation: str, path: Path, options: Mapping[str, Any], kind: type[_Result], *, name: str | None
    ) -> _Result:
        shown = shown_name(path.name if name is None else name)
        with _opened_source(path, shown) as source:
            outcome = self._run(operation, source, None, options)
        return _result(outcome, shown, self._limits, kind)

    def _make(
        self,
        operation: str,
        path: Path,
        out_path: Path,
        options: Mapping[str, Any],
        kind: type[_Result],
        *,
        name: str | None,
    ) -> _Result:
        shown = shown_name(path.name if name is None else name)
        with _opened_source(path, shown) as source, _replaced(out_path) as output:
            outcome = self._run(operation, source, output, options)
            return _result(outcome, shown, self._limits, kind)

    def _run(
        self, operation: str, source: int | None, output: int | None, options: Mapping[str, Any]
    ) -> ChildOutcome:
        request = {
            "operation": operation,
            "source": source,
            "output": output,
            "options": dict(options),
            "limits": dataclasses.asdict(self._limits),
            "parent": os.getpid(),
        }
        return run_child(
            request,
            descriptors=[fd for fd in (source, output) if fd is not None],
            wall_seconds=self._limits.wall_seconds,
            command=child_command(),
        )


def shown_name(name: str) -> str:
    """A file name fit for a message: one line, nothing invisible, not too long."""
    printable = "".join(letter if letter.isprintable() else "?" for letter in name)
    return printable if len(printable) <= _NAME_CHARACTERS else printable[: _NAME_CHARACTERS - 1] + "…"


@contextmanager
def _opened_source(path: Path, shown: str) -> Iterator[int]:
    """Open a regular file for reading; looks before it opens, because opening a device can act."""
    try:
        _refuse_special(path.lstat(), shown)
        source = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise BadMediaError(f"{shown}: is missing; check the path") from error
    except (OSError, ValueError) as error:
        raise BadMediaError(
            f"{shown}: cannot be opened ({_reason(error)}); check the path and its rights"
        ) from error
    try:
        status = os.fstat(source)
        _refuse_special(status, shown)
        if status.st_size == 0:
            raise BadMediaError(f"{shown}: is empty; save or download it again")
        yield source
    finally:
        os.close(source)


def _refuse_special(status: os.stat_result, shown: str) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise BadMediaError(f"{shown}: is a symbolic link; give the file itself")
    if not stat.S_ISREG(status.st_mode):
        raise BadMediaError(f"{shown}: is not a file but a folder, pipe or device; give a file")


@contextmanager
def _replaced(out_path: Path) -> Iterator[int]:
    """A new file that takes the place of ``out_path`` when the block succeeds and vanishes when it does not."""
    try:
        output, temporary = tempfile.mkstemp(prefix=".media-", dir=out_path.parent)
    except OSError as error:
        raise _cannot_write(out_path, error) from error
    try:
        try:
            yield output
        finally:
            os.close(output)
        Path(temporary).replace(out_path)
    except OSError as error:
        raise _cannot_write(out_path, error) from error
    finally:
        Path(temporary).unlink(missing_ok=True)


def _cannot_write(out_path: Path, error: OSError) -> InfrastructureError:
    return InfrastructureError(
        f"{shown_name(out_path.name)}: cannot be written ({_reason(error)}); check the folder and its free space"
    )


def _reason(error: Exception) -> str:
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)


def _result(outcome: ChildOutcome, shown: str, limits: MediaLimits, kind: type[_Result]) -> _Result:
    reply = outcome.reply
    if reply is None:
        raise _death(outcome, shown, limits)
    if "refused" in reply:
        raise BadMediaError(f"{shown}: {reply['refused']}")
    if "trouble" in reply:
        raise InfrastructureError(f"{shown}: {reply['trouble']}; free space on the disk")
    try:
        return TypeAdapter(kind).validate_python(reply.get("result"))
    except ValidationError as error:
        # Only a decoder that was taken over answers nonsense: trying the file again would not help.
        raise BadMediaError(f"{shown}: made its decoder answer nonsense; export it again") from error


def _death(outcome: ChildOutcome, shown: str, limits: MediaLimits) -> Exception:
    """What an end without an answer means."""
    code = outcome.exit_code
    if outcome.ready is None:
        return InfrastructureError(f"the media process did not start (exit {code}): {outcome.stderr_tail.strip()}")
    if outcome.timed_out:
        return BadMediaError(
            f"{shown}: needs more than the {limits.wall_seconds:g} s allowed; make it smaller or simpler"
        )
    if code == -signal.SIGXCPU:
        return BadMediaError(
            f"{shown}: needs more than the {limits.cpu_seconds} s of CPU allowed; make it smaller or simpler"
        )
    if -code in _OUTSIDE_SIGNALS:
        return InfrastructureError(f"{shown}: the media process was ended from outside")
    if code == -signal.SIGKILL:
        return BadMediaError(f"{shown}: needs more memory than there is; make it smaller")
    return BadMediaError(f"{shown}: is so damaged that its decoder failed; export it again")
