"""``studio preview``: see frames of a video without rendering it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from shared.contracts.jobs import PreviewRequest
from shared.errors import InvalidInputError
from shared.ids import is_id, new_id
from studiomatic.cli.options import AsJson, Bus, Out
from studiomatic.cli.render import finish, slug
from studiomatic.cli.session import Session, explains_errors, open_session
from studiomatic.cli.sources import keep_project, read_source
from studiomatic.project_draft import to_draft
from studiomatic.results import check_output_folder

MOST_PLACES = 20

_FRAME = re.compile(r"^frame_(\d+)\.png$")
_PLACE = re.compile(r"^(?:(\d{1,3}):)?(\d{1,5}(?:\.\d{1,3})?)s?$")


@explains_errors
def preview(
    source: Annotated[str, typer.Argument(help="A project file (project.yaml), a project's id, or a topic.")],
    at: Annotated[
        list[str] | None, typer.Option(help="Place in the video, like 12.5s or 1:05; may be given again.")
    ] = None,
    sheet: Annotated[
        bool, typer.Option("--sheet", help="All slides on one picture. [default: when no --at is given]")
    ] = False,
    out: Out = None,
    bus: Bus = None,
    as_json: AsJson = False,
) -> None:
    """Show frames of a video, or all its slides on one sheet, without rendering it.

    Only what is to be seen is made, and a later render uses it again.
    """
    places = tuple(_milliseconds(place) for place in at or ())
    if len(places) > MOST_PLACES:
        raise InvalidInputError(f"{len(places)} places were asked for, at most {MOST_PLACES} are possible")
    wanted = PreviewRequest(at_ms=places, contact_sheet=sheet or not places)
    with open_session(bus, as_json=as_json) as session:
        if is_id(source):
            project = session.client.get_project(source)
        else:
            file, folder = read_source(source, None, None, None)
            project = keep_project(session, file.project, to_draft(file, folder, desk=session.client))
        target = out or Path(f"{slug(project.draft.title)}-preview")
        check_output_folder(target)

        def start() -> str:
            job_id = session.client.submit(
                project.project_id, revision_id=project.revision_id, idempotency_key=new_id(), preview=wanted
            )
            session.emit("submitted", job_id=job_id, project_id=project.project_id)
            return job_id

        written = finish(session, start, target)
        _tell_of_end(session, places, written, frame_ms=1000 / float(project.draft.rate.fraction))


def _tell_of_end(session: Session, places: tuple[int, ...], written: Sequence[Path], *, frame_ms: float) -> None:
    """Say so when a place lies behind the end; the last frame stands for it."""
    shown = [int(name[1]) for path in written if (name := _FRAME.match(path.name))]
    if places and shown and max(places) > max(shown) + frame_ms:
        session.say(
            f"the video ends at {(max(shown) + frame_ms) / 1000:.1f} s; places behind it show its last frame"
        )


def _milliseconds(place: str) -> int:
    found = _PLACE.match(place.strip())
    if found is None or (found[1] and float(found[2]) >= 60):
        raise InvalidInputError(f"{place!r} is no place in a video; write it like 12.5s or 1:05")
    return round((int(found[1] or 0) * 60 + float(found[2])) * 1000)
