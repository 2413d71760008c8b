"""``studio render``, ``demo`` and ``regenerate``: from a topic or a project to a finished video."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from shared.contracts.projects import ProjectView
from shared.contracts.timeline import Output
from shared.ids import is_id, new_id
from studiomatic.cli.following import follow_or_cancel, require_success
from studiomatic.cli.options import AsJson, Bus, Media, Out
from studiomatic.cli.session import Session, explains_errors, open_session
from studiomatic.cli.sources import PROJECT_SUFFIXES, keep_project, read_source, with_outputs
from studiomatic.cli.takes import with_new_takes
from studiomatic.project_draft import to_draft
from studiomatic.project_file import ASPECTS, each_once, load_project_file
from studiomatic.results import check_output_folder, fetch_results


@explains_errors
def render(
    source: Annotated[
        str, typer.Argument(help="A topic in quotes, a project file (project.yaml), or a project's id.")
    ],
    slides: Annotated[int | None, typer.Option(help="How many slides to write from a topic. [default: 6]")] = None,
    aspect: Annotated[str | None, typer.Option(help=f"Shape of the video: {', '.join(ASPECTS)}.")] = None,
    language: Annotated[str | None, typer.Option(help="en, hi, es, fr, de or pt.")] = None,
    brand: Annotated[Path | None, typer.Option(help="A brand kit (brand.yaml): fonts, colours, logo.")] = None,
    output: Annotated[
        list[Output] | None,
        typer.Option(metavar="OUTPUT", help=f"Also make one of: {', '.join(Output)}. May be repeated."),
    ] = None,
    out: Out = None,
    media: Media = False,
    detach: Annotated[bool, typer.Option("--detach", help="Store the job and return at once.")] = False,
    bus: Bus = None,
    as_json: AsJson = False,
) -> None:
    """Make a video from a topic, a project file or a kept project."""
    with open_session(bus, as_json=as_json) as session:
        if is_id(source):
            project = with_outputs(session, session.client.get_project(source), output or ())
            render_project(session, project, out, detach=detach, media=media)
            return
        file, folder = read_source(source, slides, aspect, language)
        file = file.model_copy(update={"outputs": each_once([*file.outputs, *(output or ())])})
        file = file if brand is None else file.model_copy(update={"brand": str(brand.expanduser().resolve())})
        draft = to_draft(file, folder, desk=session.client)
        project = keep_project(session, file.project, draft)
        own_file = Path(source).expanduser() if source.lower().endswith(PROJECT_SUFFIXES) else None
        render_project(session, project, out, detach=detach, rendered_file=own_file, media=media)


@explains_errors
def demo(out: Out = None, bus: Bus = None, as_json: AsJson = False) -> None:
    """Make the bundled sample video: six slides, voice, music, captions."""
    with open_session(bus, as_json=as_json) as session:
        sample = Path(str(files("studiomatic") / "sample" / "project.yaml"))
        file = load_project_file(sample)
        draft = to_draft(file, sample.parent, desk=session.client)
        size = f"{draft.size.width}x{draft.size.height}"
        session.say(f"[bold]{escape(draft.title)}[/]: {len(draft.slides)} slides, {size}")
        project = keep_project(session, _project_with_title(session, draft.title), draft)
        render_project(session, project, out or Path("demo-output"))


@explains_errors
def regenerate(
    project_id: Annotated[str, typer.Argument(help="Id of the project, as `studio projects list` shows it.")],
    slide: Annotated[int | None, typer.Option(min=1, help="Number of the slide.")] = None,
    image: Annotated[bool, typer.Option("--image", help="Another picture for the slide.")] = False,
    voice: Annotated[bool, typer.Option("--voice", help="Another reading of the slide.")] = False,
    music: Annotated[bool, typer.Option("--music", help="Other music.")] = False,
    out: Out = None,
    bus: Bus = None,
    as_json: AsJson = False,
) -> None:
    """Ask for another take of a picture, a reading or the music, and render with it."""
    with open_session(bus, as_json=as_json) as session:
        current = session.client.get_project(project_id).draft
        draft = with_new_takes(current, slide, image=image, voice=voice, music=music)
        render_project(session, session.client.revise_project(project_id, draft), out)


def render_project(
    session: Session,
    project: ProjectView,
    out: Path | None,
    *,
    detach: bool = False,
    rendered_file: Path | None = None,
    media: bool = False,
) -> None:
    """Submit a revision, and unless detached follow it to the end and bring its files.

    Args:
        rendered_file: The author's own file, which is never written over.
        media: Bring what an editor needs, too.
    """
    target = out or Path(f"{slug(project.draft.title)}-video")
    if not detach:
        check_output_folder(target)

    def start() -> str:
        job_id = session.client.submit(
            project.project_id, revision_id=project.revision_id, idempotency_key=new_id()
        )
        session.emit("submitted", job_id=job_id, project_id=project.project_id)
        return job_id

    if detach:
        leave(session, start())
    else:
        finish(session, start, target, rendered_file=rendered_file, media=media)


def _project_with_title(session: Session, title: str) -> str | None:
    """The sample from an earlier demo, so that demos do not pile up."""
    found = (p.project_id for p in session.client.list_projects().projects if p.title == title)
    return next(found, None)


def leave(session: Session, job_id: str) -> None:
    """Tell how to go on with a job that nobody follows."""
    session.say(f"queued as {job_id}; {session.next_steps(job_id)}")


def finish(
    session: Session,
    start: Callable[[], str],
    target: Path | None,
    *,
    rendered_file: Path | None = None,
    media: bool = False,
) -> list[Path]:
    """Start a job, follow it to its end and bring its files; returns where they are.

    Args:
        start: Submits the job and returns its id.
        target: Folder for the files; by default one named after the job.
    """
    job = follow_or_cancel(session, start)
    require_success(session, job)
    folder = target or default_folder(job.job_id)
    written = fetch_results(session.client, job.job_id, folder, keep=rendered_file, media=media)
    session.emit("finished", job_id=job.job_id, files=[str(path) for path in written])
    what = "video" if job.preview is None else "preview"
    session.say(f"\nyour {what}: [bold green]{escape(str(written[0]))}[/]")
    for path in written[1:]:
        session.say(f"{'':{len(what) + 7}}{escape(str(path))}")
    file = next((path for path in written if path.suffix == ".yaml"), None)
    if file is not None:
        session.say(f"edit {escape(str(file))} and render it again: only what changed is made")
    return written


def default_folder(job_id: str) -> Path:
    """Where the files of a job go when nobody says where."""
    return Path(f"job-{job_id[-8:]}")


def slug(text: str) -> str:
    """A title as the name of a folder."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-") or "studio"
