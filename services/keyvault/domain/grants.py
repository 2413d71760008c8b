"""Whether a grant allows what is asked: a table of reasons, the first that applies counts.

A grant needs two signatures. Auth's job token says whose keys, of which providers, for which job; the orchestrator
narrows it to one worker, a quarter of an hour and a number of uses. Neither alone opens anything.

A job outlives the session in which it was started: a person who logs out, or whose session runs out, still wants
his video. It does not outlive a session that was ended by force, as by a password reset (ASVS 5.0 7.4.3), nor an
account that is disabled or to be deleted: from then on nothing is delivered for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.keyvault.domain.records import Record, UserKey
from shared.contracts.grants import CLOCK_SKEW_S, GRANT_LIFE_S, JOB_TOKEN_LIFE_S, Grant, JobToken

AUDIENCE = "keyvault"


class Denial(StrEnum):
    """Why a delivery is refused; written into the audit, never told to the caller."""

    UNSIGNED = "unsigned"  # nobody signed the call
    NOT_GENUINE = "not_genuine"  # the bus refused it: signature, route or time
    SKEW = "skew"  # asked too long ago, or in the future
    REPLAY = "replay"  # the same request came before
    GRANT = "grant"  # followed by what is wrong with its form, signature, issuer or time
    JOB_TOKEN = "job_token"  # noqa: S105  # likewise
    GRANT_TOO_LONG = "grant_too_long"  # it claims to live longer than grants do
    JOB_TOKEN_TOO_LONG = "job_token_too_long"  # noqa: S105
    OTHER_AUDIENCE = "other_audience"
    OTHER_ACTOR = "other_actor"
    OTHER_ACCOUNT = "other_account"
    OTHER_JOB = "other_job"
    OTHER_PROVIDER = "other_provider"
    USED_UP = "used_up"
    SESSION_REVOKED = "session_revoked"
    ACCOUNT_CLOSED = "account_closed"
    ACCOUNT_SHREDDED = "account_shredded"
    NO_RECORD = "no_record"
    NO_KEY = "no_key"  # the record is there, the user key is not
    QUARANTINED = "quarantined"


@dataclass(frozen=True, kw_only=True)
class Holding:
    """How an account stands, and the key that was asked for.

    Attributes:
        jobs_stopped: The session of the job was ended by force.
        subject: How the audit names the account; None if it has no user key.
        key: What the record is sealed under.
    """

    shredded: bool
    closed: bool
    jobs_stopped: bool
    subject: str | None
    record: Record | None
    key: UserKey | None


def standing(holding: Holding) -> Denial | None:
    """Why nothing at all is delivered for this account and job."""
    if holding.shredded:
        return Denial.ACCOUNT_SHREDDED
    if holding.closed:
        return Denial.ACCOUNT_CLOSED
    return Denial.SESSION_REVOKED if holding.jobs_stopped else None


def skewed(asked_at: datetime, now: datetime) -> bool:
    """Whether a request is from another time than ours, give or take a minute."""
    return abs(asked_at - now) > timedelta(seconds=CLOCK_SKEW_S)


def denial(
    grant: Grant, job: JobToken, *, actor: str, account_id: str, job_id: str | None, provider: str
) -> Denial | None:
    """What the words of a grant and its job token, both genuine and in time, do not allow.

    Args:
        actor: The service that signed the request.
        account_id, job_id: Whom and what the request is for, as its envelope says.
    """
    refused = {
        Denial.GRANT_TOO_LONG: grant.expires_at - grant.issued_at > timedelta(seconds=GRANT_LIFE_S),
        Denial.JOB_TOKEN_TOO_LONG: job.expires_at - job.issued_at > timedelta(seconds=JOB_TOKEN_LIFE_S),
        Denial.OTHER_AUDIENCE: grant.audience != AUDIENCE,
        Denial.OTHER_ACTOR: grant.actor != actor,
        Denial.OTHER_ACCOUNT: job.account_id != account_id,
        Denial.OTHER_JOB: job_id is not None and job.job_id != job_id,
        Denial.OTHER_PROVIDER: provider not in grant.providers or provider not in job.providers,
    }
    return next((reason for reason, applies in refused.items() if applies), None)
