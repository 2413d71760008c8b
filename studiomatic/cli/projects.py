"""``studio projects``: list, show, edit, delete."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.syntax import Syntax
from rich.table import Column, Table

from shared.contracts.projects import ProjectDraft, ProjectView
from shared.errors import InvalidInputError, StudiomaticError
from studiomatic.cli.options import AsJson, Bus
from studiomatic.cli.session import Session, console, explains_errors, open_session, print_json
from studiomatic.project_draft import from_draft, to_draft
from studiomatic.project_file import parse_project_file
from studiomatic.project_media import kept_media

app = typer.Typer(help="Keep projects.", no_args_is_help=True)

ProjectId = Annotated[str, typer.Argument(help="Id of the project, as `studio projects list` shows it.")]


@app.command("list")
@explains_errors
def list_projects(bus: Bus = None, as_json: AsJson = False) -> None:
    """List projects, the newest change first."""
    with open_session(bus, as_json=as_json) as session:
        projects = session.client.list_projects().projects
        if as_json:
            print_json([project.model_dump(mode="json") for project in projects])
            return
        table = Table(Column("project", no_wrap=True), "title", "revisions", "changed", box=None)
        for project in projects:
            changed = f"{project.revised_at:%Y-%m-%d %H:%M}"
            table.add_row(project.project_id, escape(project.title), str(project.revisions), changed)
        console.print(table if projects else "no projects yet; try: studio demo")


@app.command()
@explains_errors
def show(project_id: ProjectId, bus: Bus = None, as_json: AsJson = False) -> None:
    """Show the newest revision of a project as a project file."""
    with open_session(bus, as_json=as_json) as session:
        project = session.client.get_project(project_id)
        if as_json:
            print_json(project.model_dump(mode="json"))
            return
        text = from_draft(project.draft, project_id=project_id, media=kept_media(project.draft))
        console.print(Syntax(text, "yaml", background_color="default"))


@app.command()
@explains_errors
def edit(project_id: ProjectId, bus: Bus = None, as_json: AsJson = False) -> None:
    """Edit a project in $EDITOR; saving makes a new revision."""
    with open_session(bus, as_json=as_json) as session:
        current = session.client.get_project(project_id).draft
        before = from_draft(current, project_id=project_id, media=kept_media(current))
        after, file = _edited(before)
        if after == before:
            file.unlink()
            session.say("nothing changed")
            return
        try:
            revised = _revise(session, project_id, current, after)
        except StudiomaticError as error:
            raise InvalidInputError(f"{error.message}; your edit is kept in {file}") from None
        file.unlink()
        session.emit("revised", project_id=project_id, revision=revised.revision_number)
        session.say(f"revision {revised.revision_number} is kept; see it with: studio render {project_id}")


@app.command()
@explains_errors
def delete(
    project_id: ProjectId,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    bus: Bus = None,
    as_json: AsJson = False,
) -> None:
    """Delete a project with all its revisions."""
    with open_session(bus, as_json=as_json) as session:
        project = session.client.get_project(project_id)
        if not yes:
            typer.confirm(
                f"delete {project.draft.title!r} with its {project.revision_number} revisions?", abort=True
            )
        session.client.delete_project(project_id)
        session.emit("deleted", project_id=project_id)
        session.say(f"project {project_id} is deleted")


def _revise(session: Session, project_id: str, current: ProjectDraft, text: str) -> ProjectView:
    draft = to_draft(
        parse_project_file(text, "the edited project"),
        Path.cwd(),
        desk=session.client,
        earlier=current,
    )
    return session.client.revise_project(project_id, draft)


def _edited(text: str) -> tuple[str, Path]:
    """Let the user's editor change a text; the file stays until the change is kept."""
    try:
        editor = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    except ValueError:
        raise InvalidInputError("EDITOR cannot be read; mind its quotes") from None
    descriptor, name = tempfile.mkstemp(prefix="studio-project-", suffix=".yaml")
    file = Path(name)
    os.close(descriptor)
    file.write_text(text, encoding="utf-8")
    try:
        subprocess.run([*editor, name], check=True)
    except (OSError, subprocess.CalledProcessError):
        file.unlink()
        raise InvalidInputError(f"the editor {' '.join(editor)!r} did not work; set EDITOR to another") from None
    return file.read_text(encoding="utf-8"), file
