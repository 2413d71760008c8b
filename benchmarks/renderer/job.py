"""What whole jobs cost: CPU time of all processes of the embedded mode, the client's own left out.

``python -m benchmarks.renderer.job [part ...]``; parts are ``child``, ``edits``, ``hour`` and ``pair``, by default all:

* ``child``: the CPU of a render child for another account, against that of loading all it needs;
* ``edits``: twenty narrated slides at 1080p are rendered; then the picture of one is another, then its narration. The
  CPU of the segments that are made anew, against all segments; of the whole job, against the whole first one; and of
  mix and assembly, against all segments;
* ``hour``: what a child holds at most while it mixes and joins a minute, and while it does so with an hour;
* ``pair``: the render stage of a job with two render slots against one, in turns; the best pair counts.

Prints each figure with its promise and ends with status 1 if one is missed.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

from benchmarks.figure import Figure
from benchmarks.renderer.hour import peaks_mib
from benchmarks.renderer.jobs import Finished, Runtime, narrated, picture, running, silent, voice
from benchmarks.renderer.pieces import Pieces
from services.renderer.child import RenderChild
from services.renderer.template import ChildTemplate
from shared.contracts.projects import ProjectDraft, SlideDraft

SLIDES, SECONDS, EDITED = 20, 5.0, 9
PAIR_SLIDES, ROUNDS = 8, 3
CHILDREN = 50


def main() -> int:
    """Measure; returns the exit status."""
    parts = {"child": child, "edits": edits, "hour": hour, "pair": pair}
    kept = True
    for name in sys.argv[1:] or parts:
        with tempfile.TemporaryDirectory() as folder:
            for figure in parts[name](Path(folder)):
                print(figure, flush=True)
                kept = kept and figure.kept
    return 0 if kept else 1


def child(_folder: Path) -> Iterator[Figure]:
    """A fork of the template, against its start."""
    template = ChildTemplate()
    template.engine()
    process = psutil.Process(template.pid)
    started = sum(process.cpu_times()[:4])
    for _ in range(CHILDREN):
        RenderChild(template).kill()
    forked = (sum(process.cpu_times()[:4]) - started) / CHILDREN
    template.close()
    print(f"template loaded in {1000 * started:.0f} ms of CPU, a child forked in {1000 * forked:.1f} ms")
    yield Figure(name="a forked child over a started one", value=forked / started, most=0.1)


def edits(folder: Path) -> Iterator[Figure]:
    """A job of twenty slides, then with another picture, then with another narration."""
    data = folder / "data"
    with running(data, slots=1) as runtime:
        client = runtime.client
        draft = narrated(client, data, slides=SLIDES, seconds=SECONDS)
        project_id = client.create_project(draft).project_id
        first = runtime.run(project_id)
        repicture = edited(draft, image=picture(client, data, 1_000))
        seen = revised(runtime, project_id, repicture)
        heard = revised(runtime, project_id, edited(repicture, voice=voice(client, data, 1_000, 3.3)))
    pieces = Pieces(data, first.job_id)
    whole = pieces.render(pieces.specs())
    mix, assembly = pieces.mix(), pieces.assemble()
    size = pieces.video_bytes()
    known = {spec.sha256 for spec in pieces.specs()}
    pieces.close()
    print(
        f"first job {first.cpu_s:.2f} CPU s, of these segments {whole:.2f}, mix {mix:.2f}, assembly {assembly:.2f};"
        f" {size / 1e6:.1f} MB"
    )
    for name, job, most in (("picture", seen, 0.12), ("narration", heard, 0.25)):
        anew, known = made_anew(data, job, known)
        yield Figure(name=f"{name} edited, its segments over all segments", value=anew / whole, most=0.12)
        yield Figure(name=f"{name} edited, job over first job", value=job.cpu_s / first.cpu_s, most=most)
    yield Figure(name="mix over segments", value=mix / whole, most=0.06)
    yield Figure(name="assembly over segments", value=assembly / whole, most=0.02)


def revised(runtime: Runtime, project_id: str, draft: ProjectDraft) -> Finished:
    """Render a new revision."""
    runtime.client.revise_project(project_id, draft)
    return runtime.run(project_id)


def edited(draft: ProjectDraft, **changes: object) -> ProjectDraft:
    """The draft with another slide in the middle."""
    slides: list[SlideDraft] = list(draft.slides)
    slides[EDITED] = slides[EDITED].model_copy(update=changes)
    return draft.model_copy(update={"slides": tuple(slides)})


def made_anew(data: Path, job: Finished, known: set[str]) -> tuple[float, set[str]]:
    """CPU seconds of the segments of a job that no earlier one had; and all that are known now."""
    pieces = Pieces(data, job.job_id)
    new = [spec for spec in pieces.specs() if spec.sha256 not in known]
    seconds = pieces.render(new)
    pieces.close()
    return seconds, known | {spec.sha256 for spec in new}


def hour(folder: Path) -> Iterator[Figure]:
    """Memory of a child for an hour over that for a minute."""
    short, long = peaks_mib(folder, minutes=1), peaks_mib(folder, minutes=60)
    for what, least, most in zip(("mix", "assembly"), short, long, strict=True):
        print(f"{what}: {least} MiB for a minute, {most} MiB for an hour")
        yield Figure(name=f"{what}, memory for an hour over that for a minute", value=most / least, most=1.5)


def pair(folder: Path) -> Iterator[Figure]:
    """How many times as fast two render slots are."""
    seconds: list[list[float]] = []
    for number in range(ROUNDS):
        seconds.append([render_stage(folder / f"{number}-{slots}", slots) for slots in (1, 2)])
        print(f"render stage: one slot {seconds[-1][0]:.2f} s, two slots {seconds[-1][1]:.2f} s", flush=True)
    yield Figure(name="two render slots against one", value=max(one / two for one, two in seconds), least=1.8)


def render_stage(data: Path, slots: int) -> float:
    """Seconds of the render stage of a new job."""
    with running(data, slots=slots) as runtime:
        draft = silent(runtime.client, data, slides=PAIR_SLIDES, seconds=SECONDS)
        return runtime.run(runtime.client.create_project(draft).project_id).render_s


if __name__ == "__main__":
    sys.exit(main())
