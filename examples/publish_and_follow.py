"""Make a video of slides of your own: keep a project, start a job, follow it, fetch the files.

    export STUDIO_BUS_URL=amqp://USER:PASSWORD@HOST/VHOST STUDIO_ACCOUNT_ID=...    # `make farm` says how
    python examples/publish_and_follow.py [FOLDER]

Ending and starting the program again does no harm: the same slides are the same job.
"""

import hashlib
import os
import sys
from pathlib import Path

from shared.contracts.jobs import JobProgressed, JobSucceeded
from shared.contracts.projects import ProjectDraft, SlideDraft
from shared.contracts.timeline import EncodingProfile, FrameSize
from studiomatic import Client
from studiomatic.results import fetch_results

DRAFT = ProjectDraft(
    title="How bees find flowers",
    slides=(
        SlideDraft(title="A map of scent", narration="Bees smell a meadow before they see it."),
        SlideDraft(title="Landing lights", narration="Petals show lines that only they can see."),
    ),
    size=FrameSize(width=640, height=360),
    profile=EncodingProfile.DRAFT,
)


def main(folder: Path) -> int:
    """Returns the exit status: 0 when there is a video."""
    key = hashlib.sha256(DRAFT.model_dump_json().encode()).hexdigest()
    with Client(os.environ["STUDIO_BUS_URL"], os.environ["STUDIO_ACCOUNT_ID"]) as client:
        project = client.create_project(DRAFT, idempotency_key=key)
        job_id = client.submit(project.project_id, idempotency_key=key)
        last = None
        for event in client.watch(job_id):  # from its first fact to its last, whatever happens to the connection
            last = event.fact
            percent = f" {last.percent} %" if isinstance(last, JobProgressed) else ""
            print(f"{event.sequence:4} {last.routing_key()}{percent}", flush=True)
        if not isinstance(last, JobSucceeded):
            print(f"no video: {last}", file=sys.stderr)
            return 1
        print(*fetch_results(client, job_id, folder), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "example-output")))
