"""What a person wants made: a topic, a project file, or a kept project."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from shared.contracts.projects import ProjectDraft, ProjectView
from shared.contracts.timeline import Output
from shared.errors import InvalidInputError, NotFoundError
from studiomatic.cli.session import Session
from studiomatic.project_file import ASPECTS, ProjectFile, each_once, load_project_file

PROJECT_SUFFIXES = (".yaml", ".yml")


def read_source(
    source: str, slides: int | None, aspect: str | None, language: str | None
) -> tuple[ProjectFile, Path]:
    """The project that was asked for, and the folder its paths start from."""
    changes: dict[str, object] = {}
    if language is not None:
        changes["language"] = language.strip().lower()
    if aspect is not None:
        if aspect not in ASPECTS:
            raise InvalidInputError(f"unknown aspect {aspect!r}; choose one of {', '.join(ASPECTS)}")
        changes["style"] = {"size": aspect}
    path = Path(source).expanduser()
    if source.lower().endswith(PROJECT_SUFFIXES):
        return _from_file(path, changes, slides), path.resolve().parent
    if not source.strip():
        raise InvalidInputError("the topic is empty; say in a few words what the video is about")
    if slides is not None and not 1 <= slides <= 100:
        raise InvalidInputError(f"{slides} slides were asked for; a video has 1 to 100")
    return ProjectFile.model_validate({"topic": source, "slide_count": slides, **changes}), Path.cwd()


def _from_file(path: Path, changes: dict[str, object], slides: int | None) -> ProjectFile:
    file = load_project_file(path)
    if slides is not None:
        raise InvalidInputError("--slides is for a topic; a project file says itself what it has")
    if "style" in changes:
        size = ProjectFile.model_validate({"topic": "x", "style": changes.pop("style")}).style.size
        file = file.model_copy(update={"style": file.style.model_copy(update={"size": size})})
    return file.model_copy(update=changes)


def with_outputs(session: Session, project: ProjectView, outputs: Sequence[Output]) -> ProjectView:
    """A kept project that makes these beside what it made already; a new revision only when it did not."""
    wanted = each_once([*project.draft.outputs, *outputs])
    if set(wanted) == set(project.draft.outputs):
        return project
    return session.client.revise_project(project.project_id, project.draft.model_copy(update={"outputs": wanted}))


def keep_project(session: Session, project_id: str | None, draft: ProjectDraft) -> ProjectView:
    """A new revision of the project that the file names, or a new project."""
    if project_id is not None:
        try:
            return session.client.revise_project(project_id, draft)
        except NotFoundError:
            pass  # the file comes from another data folder; here it is a new project
    return session.client.create_project(draft)
