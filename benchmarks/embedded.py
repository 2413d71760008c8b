"""What the farm path costs in embedded mode, against rendering the same timeline in one process.

``python -m benchmarks.embedded``: renders a silent project of own pictures through all services, with one render slot
and with two, then gives the very same work to one render child by hand. Prints the ratios of one run and ends with
status 1 if a promise is missed: the farm path on one slot at most 1.10 times the single process, and two slots at
least 1.7 times as fast as one in the render stage.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime
from pathlib import Path

from PIL import Image

from services.renderer.child import RenderChild
from services.renderer.objects import StoredObjects
from services.renderer.template import ChildTemplate
from services.renderer.work import AssembleWork, RenderSegmentWork, SegmentFile
from shared.config import Settings
from shared.contracts.jobs import JobState, Stage, TaskStarted, TaskSucceeded
from shared.contracts.projects import MusicDraft, ProjectDraft, SlideDraft
from shared.contracts.references import AssetReference
from shared.contracts.revisions import MusicMode
from shared.contracts.tasks import AssemblyPlan
from shared.contracts.timeline import FrameSize, SegmentSpec, Timeline
from shared.ids import new_id
from shared.storage.configured import open_configured_store
from studiomatic.client import FolderClient
from studiomatic.data_folder import DataFolder

SLIDES = 8
SECONDS = 5.0
PROMISED_OVERHEAD = 1.10
PROMISED_SPEED_UP = 1.7


def main() -> int:
    """Measure; returns the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        one = farm(Path(folder) / "one", slots=1)
        single = one_process(Path(folder) / "one")
        two = farm(Path(folder) / "two", slots=2)
    overhead, speed_up = one["job"] / single, one["render"] / two["render"]
    print(
        f"one process {single:.2f} s; farm path with one slot {one['job']:.2f} s: {overhead:.3f}x (<= {PROMISED_OVERHEAD})"
    )
    print(
        f"render stage: one slot {one['render']:.2f} s, two slots {two['render']:.2f} s:"
        f" {speed_up:.2f}x (>= {PROMISED_SPEED_UP})"
    )
    kept = overhead <= PROMISED_OVERHEAD and speed_up >= PROMISED_SPEED_UP
    print("kept" if kept else "MISSED")
    return 0 if kept else 1


def farm(data: Path, *, slots: int) -> dict[str, float]:
    """Seconds of a whole job and of its render stage, through all services."""
    client = FolderClient(Settings(data_dir=data))
    project = client.create_project(draft(client, data))
    environment = os.environ | {"STUDIO_DATA_DIR": str(data), "STUDIO_RENDER_SLOTS": str(slots)}
    with (data / "serve.log").open("wb") as log:
        runtime = subprocess.Popen([sys.executable, "-m", "studiomatic.serve"], env=environment, stderr=log)
    try:
        while runtime.poll() is None and not DataFolder(data).is_served():
            time.sleep(0.05)
        warm_up(client, data)
        job_id = client.submit(project.project_id, idempotency_key=new_id())
        events = list(client.watch(job_id))
    finally:
        runtime.terminate()
        runtime.wait()
    if client.get_job(job_id).state is not JobState.SUCCEEDED:
        raise RuntimeError(f"the job failed; see {data / 'serve.log'}")
    client.close()
    started = [e for e in events if isinstance(e.fact, TaskStarted)]
    render = [e.envelope.time for e in started if e.fact.stage is Stage.RENDER]
    done = [e.envelope.time for e in events if isinstance(e.fact, TaskSucceeded) and e.fact.stage is Stage.RENDER]
    return {
        "job": seconds(started[0].envelope.time, events[-1].envelope.time),
        "render": seconds(min(render), max(done)),
    }


def warm_up(client: FolderClient, data: Path) -> None:
    """A tiny job first, so that start-up of the runtime and its children is not measured."""
    picture = data / "warm.png"
    Image.new("RGB", (320, 240)).save(picture)
    tiny = ProjectDraft(
        title="Warm up",
        slides=tuple(SlideDraft(image=client.add_image(picture), seconds=0.5 + n) for n in range(4)),
        silent=True,
        music=MusicDraft(mode=MusicMode.NONE),
        size=FrameSize(width=128, height=128),
    )
    job_id = client.submit(client.create_project(tiny).project_id, idempotency_key=new_id())
    for _ in client.watch(job_id):
        pass


def draft(client: FolderClient, data: Path) -> ProjectDraft:
    """A silent project of photographs' size and detail, all media its own."""
    slides = []
    for number in range(SLIDES):
        picture = data / f"picture-{number}.png"
        noise = Image.effect_noise((552, 311), 60 + number).resize((2208, 1242), Image.Resampling.BICUBIC)
        noise.convert("RGB").save(picture, compress_level=1)
        slides.append(SlideDraft(image=client.add_image(picture), seconds=SECONDS))
    return ProjectDraft(
        title="Benchmark", slides=tuple(slides), silent=True, music=MusicDraft(mode=MusicMode.NONE)
    )


def one_process(data: Path) -> float:
    """Seconds of the same segments and the same assembly, one after the other in one child."""
    objects = StoredObjects(open_configured_store(Settings(data_dir=data)))
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        specs, plan = stored_work(data)
        segments = [segment_work(objects, work, index, spec) for index, spec in enumerate(specs)]
        child = RenderChild(ChildTemplate())
        began = time.perf_counter()
        for segment, _ in segments:
            run(child, segment)
        run(child, assembly_work(objects, work, plan, [SegmentFile(path=s.out, frames=n) for s, n in segments]))
        took = time.perf_counter() - began
        child.kill()
    return took


def stored_work(data: Path) -> tuple[list[AssetReference], AssetReference]:
    """Specs of the newest job's segments in order, and its assembly plan."""
    with sqlite3.connect(data / "db" / "orchestrator.sqlite3") as database:
        job = database.execute("SELECT job_id FROM jobs ORDER BY job_id DESC LIMIT 1").fetchone()[0]
        rows = database.execute(
            "SELECT stage, json_extract(arguments, '$.spec'), json_extract(arguments, '$.plan') FROM tasks"
            " WHERE job_id = ? ORDER BY slide_number, part",
            (job,),
        ).fetchall()
    specs = [AssetReference.model_validate_json(spec) for stage, spec, _ in rows if stage == "render"]
    (plan,) = [AssetReference.model_validate_json(plan) for stage, _, plan in rows if stage == "assembly"]
    return specs, plan


def segment_work(
    objects: StoredObjects, folder: Path, index: int, reference: AssetReference
) -> tuple[RenderSegmentWork, int]:
    spec = objects.read(reference, SegmentSpec)
    path = fetched(objects, reference, folder / f"{index}.json")
    pictures = [spec.clip.image.asset] + ([spec.before.image.asset] if spec.before else [])
    images = {asset.sha256: fetched(objects, asset, folder / asset.sha256) for asset in pictures}
    return RenderSegmentWork(spec=path, images=images, out=folder / f"{index}.mp4"), spec.frames


def assembly_work(
    objects: StoredObjects, folder: Path, plan: AssetReference, segments: list[SegmentFile]
) -> AssembleWork:
    reference = objects.read(plan, AssemblyPlan).timeline
    first = objects.read(reference, Timeline).pictures[0].image.asset
    (folder / "out").mkdir()
    return AssembleWork(
        timeline=fetched(objects, reference, folder / "timeline.json"),
        segments=tuple(segments),
        audio=None,
        images={first.sha256: fetched(objects, first, folder / first.sha256)},
        out_folder=folder / "out",
    )


def fetched(objects: StoredObjects, asset: AssetReference, target: Path) -> Path:
    objects.fetch(asset, target)
    return target


def run(child: RenderChild, work) -> None:
    child.run(work, on_progress=lambda _done, _total: None, deadline_s=600, cancelled=threading.Event())


def seconds(began: datetime, ended: datetime) -> float:
    return (ended - began).total_seconds()


if __name__ == "__main__":
    sys.exit(main())
