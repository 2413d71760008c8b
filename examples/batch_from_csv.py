"""Make a video of every row of a CSV file, and print how each one went.

    export STUDIO_BUS_URL=amqp://USER:PASSWORD@HOST/VHOST STUDIO_ACCOUNT_ID=...    # `make farm` says how
    python examples/batch_from_csv.py [FILE]

The key of a job is made of its row: running it twice makes no second job, a changed row is a new one.
"""

import csv
import hashlib
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from shared.contracts.jobs import JobState, JobView
from shared.contracts.projects import Brief, MusicDraft, ProjectDraft
from shared.contracts.timeline import FrameSize
from studiomatic import Client


def draft_of(row: dict[str, str]) -> ProjectDraft:
    width, height = row["size"].split("x")
    return ProjectDraft(
        title=row["topic"],
        language=row["language"],
        brief=Brief(topic=row["topic"], slides=int(row["slides"])),
        silent=row["narrated"] == "no",
        music=MusicDraft(mode="none") if row["music"] == "none" else MusicDraft(mood=row["music"]),
        size=FrameSize(width=int(width), height=int(height)),
        profile=row["profile"],
    )


def make(client: Client, row: dict[str, str]) -> JobView:
    """Start the job of a row, or find the one that was started for it, and wait for its end."""
    key = hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()
    project = client.create_project(draft_of(row), idempotency_key=key)
    job_id = client.submit(project.project_id, idempotency_key=key)
    for _ in client.watch(job_id):
        pass
    return client.get_job(job_id)


def main(file: Path) -> int:
    """Returns the exit status: 0 when every row has its video."""
    rows = list(csv.DictReader(file.read_text().splitlines()))
    address, account_id = os.environ["STUDIO_BUS_URL"], os.environ["STUDIO_ACCOUNT_ID"]
    with Client(address, account_id) as client, ThreadPoolExecutor(max_workers=len(rows) or 1) as threads:
        jobs = list(threads.map(lambda row: make(client, row), rows))  # any number of threads, one connection
    for row, job in zip(rows, jobs, strict=True):
        told = job.error.message if job.error else f"{len(job.files)} files"
        print(f"{job.job_id}  {job.state:9}  {row['language']:2}  {row['topic']}: {told}")
    return 0 if all(job.state is JobState.SUCCEEDED for job in jobs) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_name("batch.csv"))))
