"""All contracts by their wire names, who performs each command and who answers each question with what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.contracts import accounts, factors, jobs, media, projects, sessions, tasks, vault
from shared.contracts.accounts import ACCOUNT_FACTS
from shared.contracts.attempts import ATTEMPT_FACTS
from shared.contracts.calls import CallFailed
from shared.contracts.jobs import JOB_FACTS
from shared.contracts.message import Message, Protection, Query, Reply
from shared.contracts.refusals import (
    AccessRefusedError,
    ChallengeEndedError,
    CodeInvalidError,
    CredentialsInvalidError,
    FreshAuthenticationNeededError,
    KeyUnavailableError,
    LinkInvalidError,
    NotOldEnoughError,
    NotPermittedError,
    PasswordRefusedError,
    RateLimitedError,
    RecordCorruptError,
    SessionInvalidError,
    TooManyAttemptsError,
    VaultDeniedError,
)
from shared.errors import (
    BadMediaError,
    ConfigurationError,
    ConflictError,
    InfrastructureError,
    InvalidInputError,
    InvalidMessageError,
    NotFoundError,
    NotGenuineError,
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
    if query.protection is not Protection.NONE:
        refused_with += (NotGenuineError,)
    return Call(query=query, reply=reply, refused_with=refused_with)


def _session_call(query: type[Query], reply: type[Reply], *refused_with: type[StudiomaticError]) -> Call:
    """A call of a person; an account that waits for its deletion, or has another role, is not permitted some."""
    return _call(query, reply, SessionInvalidError, NotPermittedError, *refused_with)


def _fresh_call(query: type[Query], reply: type[Reply], *refused_with: type[StudiomaticError]) -> Call:
    return _session_call(query, reply, FreshAuthenticationNeededError, *refused_with)


def _vault_call(query: type[Query], reply: type[Reply], *refused_with: type[StudiomaticError]) -> Call:
    return _call(query, reply, VaultDeniedError, RateLimitedError, *refused_with)


_ACCOUNT_CALLS: tuple[Call, ...] = (
    _call(
        accounts.RegisterAccount,
        accounts.RequestAccepted,
        PasswordRefusedError,
        NotOldEnoughError,
        TooManyAttemptsError,
    ),
    _call(accounts.ConfirmAddress, accounts.RequestAccepted, LinkInvalidError),
    _call(accounts.ResendConfirmation, accounts.RequestAccepted, TooManyAttemptsError),
    _fresh_call(accounts.ChangeAddress, accounts.RequestAccepted, TooManyAttemptsError),
    _call(accounts.RevertAddressChange, accounts.RequestAccepted, LinkInvalidError),
    _session_call(accounts.GetAccount, accounts.AccountView),
    _session_call(accounts.UpdateProfile, accounts.AccountView),
    _fresh_call(accounts.PublishPolicy, accounts.PolicyView, ConflictError),
    _call(accounts.GetPolicy, accounts.PolicyView, NotFoundError),
    _session_call(accounts.AcceptPolicy, accounts.AccountView, NotFoundError),
    _fresh_call(accounts.RequestDeletion, accounts.RequestAccepted),
    _session_call(accounts.CancelDeletion, accounts.RequestAccepted),
    _call(accounts.MakeFirstAdministrator, accounts.RequestAccepted, AccessRefusedError, TooManyAttemptsError),
    _fresh_call(accounts.DisableAccount, accounts.RequestAccepted, NotFoundError),
    _fresh_call(accounts.EnableAccount, accounts.RequestAccepted, NotFoundError),
    _session_call(accounts.RecordUsage, accounts.RequestAccepted),
)

_SESSION_CALLS: tuple[Call, ...] = (
    _call(sessions.LogIn, sessions.LoginAnswer, CredentialsInvalidError, TooManyAttemptsError),
    _call(
        sessions.PassChallenge, sessions.LoginAnswer, CodeInvalidError, ChallengeEndedError, TooManyAttemptsError
    ),
    _session_call(
        sessions.Reauthenticate,
        sessions.SessionRenewed,
        CredentialsInvalidError,
        CodeInvalidError,
        TooManyAttemptsError,
    ),
    _session_call(sessions.CheckSession, sessions.SessionChecked),
    _call(sessions.LogOut, sessions.LoggedOut),
    _session_call(sessions.ListSessions, sessions.SessionList),
    _session_call(sessions.RevokeSession, sessions.SessionList, NotFoundError),
    _fresh_call(sessions.RevokeAllSessions, accounts.RequestAccepted, NotFoundError),
    _session_call(
        sessions.ChangePassword,
        sessions.SessionRenewed,
        CredentialsInvalidError,
        PasswordRefusedError,
        TooManyAttemptsError,
    ),
    _call(sessions.RequestPasswordReset, accounts.RequestAccepted, TooManyAttemptsError),
    _call(sessions.ResetPassword, accounts.RequestAccepted, LinkInvalidError, PasswordRefusedError),
    _call(sessions.JudgePassword, sessions.PasswordJudged),
    _session_call(sessions.ListSecurityEvents, sessions.SecurityEventList),
)

_FACTOR_CALLS: tuple[Call, ...] = (
    _fresh_call(factors.BeginTotp, factors.TotpBegun),
    _session_call(
        factors.EnableTotp, factors.FactorEnabled, CodeInvalidError, NotFoundError, TooManyAttemptsError
    ),
    _fresh_call(factors.DisableTotp, factors.FactorRemoved),
    _fresh_call(factors.RegenerateRecoveryCodes, factors.RecoveryCodes, ConflictError),
    _fresh_call(factors.BeginWebauthn, factors.WebauthnBegun),
    _session_call(factors.EnableWebauthn, factors.FactorEnabled, CodeInvalidError, ChallengeEndedError),
    _session_call(factors.ListFactors, factors.FactorList),
    _fresh_call(factors.RemoveWebauthn, factors.FactorRemoved, NotFoundError),
    _session_call(factors.BeginWebauthnAssertion, factors.WebauthnAssertionBegun, NotFoundError),
    _call(factors.RequestFactorRemoval, accounts.RequestAccepted, ChallengeEndedError),
    _call(factors.CancelFactorRemoval, accounts.RequestAccepted, LinkInvalidError),
    _fresh_call(factors.IssueTicket, factors.TicketIssued),
    _session_call(factors.IssueJobToken, factors.JobTokenIssued),
)

_VAULT_CALLS: tuple[Call, ...] = (
    _vault_call(vault.PutKey, vault.KeyView, ConflictError),
    _vault_call(vault.ReplaceKey, vault.KeyView, NotFoundError),
    _vault_call(vault.RemoveKey, vault.KeyRemoved),
    _vault_call(vault.ListKeys, vault.KeyList),
    _vault_call(vault.TestKey, vault.KeyView, NotFoundError),
    _vault_call(vault.DeliverKey, vault.KeyDelivered, RecordCorruptError, KeyUnavailableError),
    _vault_call(vault.NewTotp, vault.TotpMade),
    _vault_call(vault.ConfirmTotp, vault.TotpChecked),
    _vault_call(vault.CheckTotp, vault.TotpChecked, RecordCorruptError, KeyUnavailableError),
    _vault_call(vault.RemoveTotp, vault.TotpRemoved),
    _vault_call(vault.RotateKeyring, vault.RewrapStatus),
    _vault_call(vault.GetRewrapStatus, vault.RewrapStatus),
    _vault_call(vault.VerifyAudit, vault.AuditVerified),
    _vault_call(vault.ShredUser, vault.UserShredded),
    _vault_call(vault.ExportKeyMetadata, vault.KeyList),
    _call(vault.ListAuditHeads, vault.AuditHeadList),
)

CALLS: tuple[Call, ...] = (
    _call(jobs.SubmitJob, jobs.JobView, NotFoundError, ConflictError),
    _call(jobs.CancelJob, jobs.JobView, NotFoundError),
    _call(jobs.ResumeJob, jobs.JobView, NotFoundError, ConflictError),
    _call(jobs.GetJob, jobs.JobView, NotFoundError),
    _call(jobs.ListJobs, jobs.JobList),
    _call(jobs.ExplainJob, jobs.JobExplanation, NotFoundError),
    _call(jobs.ListFacts, jobs.FactList, NotFoundError),
    _call(projects.CreateProject, projects.ProjectView, ConflictError, NotPermittedError),
    _call(projects.ReviseProject, projects.ProjectView, NotFoundError, NotPermittedError),
    _call(projects.GetProject, projects.ProjectView, NotFoundError),
    _call(projects.ListProjects, projects.ProjectList),
    _call(projects.DeleteProject, projects.ProjectDeleted, NotFoundError),
    _call(projects.GetOutline, projects.OutlineView, NotFoundError),
    _call(media.OfferMedia, media.UploadPermission, ConfigurationError),
    _call(media.AcceptMedia, media.MediaAccepted, NotFoundError, BadMediaError),
    _call(media.OpenDownload, media.DownloadPermission, NotFoundError, ConfigurationError),
    *_ACCOUNT_CALLS,
    *_SESSION_CALLS,
    *_FACTOR_CALLS,
    *_VAULT_CALLS,
)
"""Every remote call, by service."""


def queries_of(service: str) -> tuple[type[Query], ...]:
    """The questions that a service answers."""
    return tuple(call.query for call in CALLS if call.service == service)


_CONTRACTS: tuple[type[Message], ...] = (
    *tasks.COMMANDS,
    *ATTEMPT_FACTS,
    *JOB_FACTS,
    *ACCOUNT_FACTS,
    vault.AuditHeadSigned,
    *(call.query for call in CALLS),
    *(call.reply for call in CALLS),
    CallFailed,
)

MESSAGES: dict[str, type[Message]] = {contract.type: contract for contract in _CONTRACTS}
