"""All contracts by their wire names, who performs each command and who answers each question with what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.contracts import jobs, media, projects, tasks
from shared.contracts.attempts import ATTEMPT_FACTS
from shared.contracts.calls import CallFailed
from shared.contracts.jobs import JOB_FACTS
from shared.contracts.message import Message, Query, Reply
from shared.errors import (
    BadMediaError,
    ConfigurationError,
    ConflictError,
    InfrastructureError,
    InvalidInputError,
    InvalidMessageError,
    NotFoundError,
    StudiomaticError,
)

ACCEPTED: Mapping[str, tuple[type[tasks.TaskCommand], ...]] = {
    "content-text": (tasks.WriteScript,),
    "content-media": (tasks.GenerateImage, tasks.SynthesizeVoice, tasks.ComposeMusic),
    "renderer": (tasks.RenderSegment, tasks.MixAudio, tasks.AssembleVideo, tasks.DrawPreview),
}
"""The commands that each worker pool performs."""

ANY_CALL_REFUSED_WITH: tuple[type[StudiomaticError], ...] = (
    InvalidMessageError,
    InvalidInputError,
    InfrastructureError,
    StudiomaticError,
)
"""What any remote call may be answered instead of its reply; ``CallFailed`` carries the code."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One remote call: the question, the answer, and what else may come back.

    Attributes:
        refused_with: Errors of this call, besides ``ANY_CALL_REFUSED_WITH``.
    """

    query: type[Query]
    reply: type[Reply]
    refused_with: tuple[type[StudiomaticError], ...] = ()

    @property
    def service(self) -> str:
        """Who is asked: the owner in the question's wire name."""
        return self.query.type.split(".", 1)[0]


def _call(query: type[Query], reply: type[Reply], *refused_with: type[StudiomaticError]) -> Call:
    return Call(query=query, reply=reply, refused_with=refused_with)


CALLS: tuple[Call, ...] = (
    _call(jobs.SubmitJob, jobs.JobView, NotFoundError, ConflictError),
    _call(jobs.CancelJob, jobs.JobView, NotFoundError),
    _call(jobs.ResumeJob, jobs.JobView, NotFoundError, ConflictError),
    _call(jobs.GetJob, jobs.JobView, NotFoundError),
    _call(jobs.ListJobs, jobs.JobList),
    _call(jobs.ExplainJob, jobs.JobExplanation, NotFoundError),
    _call(jobs.ListFacts, jobs.FactList, NotFoundError),
    _call(projects.CreateProject, projects.ProjectView, ConflictError),
    _call(projects.ReviseProject, projects.ProjectView, NotFoundError),
    _call(projects.GetProject, projects.ProjectView, NotFoundError),
    _call(projects.ListProjects, projects.ProjectList),
    _call(projects.DeleteProject, projects.ProjectDeleted, NotFoundError),
    _call(projects.GetOutline, projects.OutlineView, NotFoundError),
    _call(media.OfferMedia, media.UploadPermission, ConfigurationError),
    _call(media.AcceptMedia, media.MediaAccepted, NotFoundError, BadMediaError),
    _call(media.OpenDownload, media.DownloadPermission, NotFoundError, ConfigurationError),
)
"""Every remote call, by service."""

_CONTRACTS: tuple[type[Message], ...] = (
    *tasks.COMMANDS,
    *ATTEMPT_FACTS,
    *JOB_FACTS,
    *(call.query for call in CALLS),
    *(call.reply for call in CALLS),
    CallFailed,
)

MESSAGES: dict[str, type[Message]] = {contract.type: contract for contract in _CONTRACTS}
