"""Damaged and hostile media by the hundred: each is used or refused by its name, and costs nothing but its own call.

``STUDIO_CORPUS_CASES`` sets how many files there are in all (500; ``make corpus`` takes 10,000), ``STUDIO_CORPUS_SEED``
which damage they have. Every file has a child process of its own, as in production.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import av
import psutil
import pytest

from shared.errors import BadMediaError
from shared.media.formats import HEAD_BYTES, sniff
from shared.media.limits import MediaLimits
from shared.media.results import MediaKind
from shared.media.sandbox import MediaSandbox

_CASES = int(os.environ.get("STUDIO_CORPUS_CASES", "500"))
_SEED = int(os.environ.get("STUDIO_CORPUS_SEED", "20300101"))
_SECONDS = 20
_MEMORY = 768 << 20
_LIMITS = MediaLimits(
    wall_seconds=_SECONDS,
    cpu_seconds=_SECONDS // 2,
    memory_bytes=_MEMORY,
    video_wall_seconds=_SECONDS,
    video_cpu_seconds=_SECONDS // 2,
    video_memory_bytes=_MEMORY,
)
_STARTING_SECONDS = 5
"""Of a child on a busy machine, and of its end."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a file: how it was refused, None when it was used; how long that took [s]."""

    refusal: BadMediaError | None
    seconds: float


class Corpus:
    """Puts files through the sandbox, some at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sandbox = MediaSandbox(_LIMITS)

    def outcomes(self, cases: Iterable[tuple[str, bytes]]) -> dict[str, Outcome]:
        cases = list(cases)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            found = dict(zip((name for name, _ in cases), pool.map(self._outcome, cases), strict=True))
        assert len(found) == len(cases)
        return found

    def _outcome(self, case: tuple[str, bytes]) -> Outcome:
        name, data = case
        path, start = self.folder / name, time.monotonic()
        path.write_bytes(data)
        try:
            self._open(path, data)
        except BadMediaError as error:
            return Outcome(refusal=error, seconds=time.monotonic() - start)
        finally:
            path.unlink()
        return Outcome(refusal=None, seconds=time.monotonic() - start)

    def _open(self, path: Path, data: bytes) -> None:
        """The deepest question that fits the file."""
        found, out = sniff(data[:HEAD_BYTES]), path.with_suffix(".out")
        kind = found.kind if found else MediaKind.AUDIO
        if kind is MediaKind.IMAGE:
            self.sandbox.normalise_image(path, out)
        elif kind is MediaKind.FONT:
            self.sandbox.normalise_font(path, out)
        elif kind is MediaKind.VIDEO and len(data) % 3:
            self.sandbox.normalise_video(path, out)
        elif kind is MediaKind.VIDEO and len(data) % 2:
            self.sandbox.probe_video(path)
        else:
            self.sandbox.normalise_audio(path, out)


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    folder = tmp_path / "files"
    folder.mkdir()
    return Corpus(folder)


def is_clear(name: str, refusal: BadMediaError) -> bool:
    """Names the file, is one line, ends with what to do, and is not worth another try."""
    told = refusal.message.startswith(f"{name}: ") and refusal.message.isprintable() and "; " in refusal.message
    return told and refusal.code == "bad_media" and not refusal.retryable


@pytest.mark.timeout(max(300, _CASES))
def test_every_file_is_used_or_refused_by_name_in_bounded_time_and_memory(
    corpus, media_files, hostile_files, damage, secret, was_opened, trap
):
    secret = secret.rename(corpus.folder / secret.name)
    originals = {name: make() for name, make in media_files.SMALL_FILES.items()}
    hopeless = dict([*hostile_files.bombs(media_files), *hostile_files.disguises(secret, trap.url)])
    broken = dict(damage.truncations(originals))
    mutated = dict(damage.mutations(originals, _SEED, max(0, _CASES - len(hopeless) - len(broken))))
    us = psutil.Process()
    before, held = set(us.children()), us.memory_info().rss

    found = corpus.outcomes({**hopeless, **broken, **mutated}.items())

    refused = {name: outcome.refusal for name, outcome in found.items() if outcome.refusal is not None}
    assert [refusal for name, refusal in refused.items() if not is_clear(name, refusal)] == []
    assert hopeless.keys() - refused.keys() == set()
    assert len(mutated) // 10 < len(mutated.keys() & refused.keys()) < len(mutated) * 9 // 10, (
        "too mild or too wild"
    )
    assert max(outcome.seconds for outcome in found.values()) < _SECONDS + _STARTING_SECONDS
    assert us.memory_info().rss - held < 64 << 20
    assert set(us.children()) <= before  # the servers of the run may be children, too
    assert not was_opened()
    assert trap.calls == 0
    assert {path.suffix for path in corpus.folder.iterdir()} <= {".out", ".wav"}


def test_the_traps_tell_of_a_decoder_that_follows_a_playlist(hostile_files, secret, was_opened, trap, eventually):
    """Else the test above would prove nothing: without the sandbox the same files do what they want."""
    playlist = secret.with_name("holiday.mp4")
    playlist.write_text(hostile_files.playlists(secret, trap.url)["ffconcat"])
    with av.open(str(playlist)) as container:
        assert container.streams.audio
    assert was_opened()
    assert not was_opened()
    with pytest.raises(av.FFmpegError):
        av.open(trap.url)
    eventually(lambda: trap.calls == 1)
