"""All contracts by their wire names."""

from __future__ import annotations

from shared.contracts import jobs, media, projects
from shared.contracts.attempts import ATTEMPT_FACTS
from shared.contracts.calls import CallFailed
from shared.contracts.jobs import JOB_FACTS
from shared.contracts.message import Message
from shared.contracts.tasks import COMMANDS

CALLS: tuple[type[Message], ...] = (
    jobs.SubmitJob,
    jobs.CancelJob,
    jobs.ResumeJob,
    jobs.GetJob,
    jobs.ListJobs,
    jobs.ExplainJob,
    jobs.ListFacts,
    jobs.JobView,
    jobs.JobList,
    jobs.JobExplanation,
    jobs.FactList,
    projects.CreateProject,
    projects.ReviseProject,
    projects.GetProject,
    projects.ListProjects,
    projects.DeleteProject,
    projects.GetOutline,
    projects.OutlineView,
    projects.ProjectView,
    projects.ProjectList,
    projects.ProjectDeleted,
    media.OfferMedia,
    media.UploadPermission,
    media.AcceptMedia,
    media.MediaAccepted,
    media.OpenDownload,
    media.DownloadPermission,
    CallFailed,
)

MESSAGES: dict[str, type[Message]] = {
    contract.type: contract for contract in (*COMMANDS, *ATTEMPT_FACTS, *JOB_FACTS, *CALLS)
}
