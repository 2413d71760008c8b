"""Rows of policies, who accepted which, and who was told of which."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, RowMapping, select

from services.auth.domain.policies import HowAccepted, Policy
from services.auth.tables import ACCOUNTS, POLICIES, POLICY_ACCEPTANCES, POLICY_NOTICES
from shared.contracts.accounts import AccountState
from shared.db import insert_if_absent


class PolicyRows:
    """Reads and writes policies, who accepted which, and who was told of which."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def add(self, policy: Policy) -> bool:
        """Keep a new version; False if there is one of this name."""
        return insert_if_absent(
            self._connection,
            POLICIES,
            policy_version=policy.policy_version,
            text=policy.text,
            sha256=policy.sha256,
            effective_on=policy.effective_on,
            material=policy.material,
            published_at=policy.published_at,
        )

    def get(self, policy_version: str) -> Policy | None:
        """A version by its name."""
        query = select(POLICIES).where(POLICIES.c.policy_version == policy_version)
        row = self._connection.execute(query).mappings().one_or_none()
        return _policy(row) if row else None

    def newest(self, *, material: bool = False) -> Policy | None:
        """The version published last, or the material one published last."""
        query = (
            select(POLICIES).order_by(POLICIES.c.published_at.desc(), POLICIES.c.policy_version.desc()).limit(1)
        )
        if material:
            query = query.where(POLICIES.c.material.is_(True))
        row = self._connection.execute(query).mappings().one_or_none()
        return _policy(row) if row else None

    def accept(self, account_id: str, policy_version: str, how: HowAccepted) -> None:
        """Remember that an account accepted a version; a second time changes nothing."""
        insert_if_absent(
            self._connection,
            POLICY_ACCEPTANCES,
            account_id=account_id,
            policy_version=policy_version,
            how=how.value,
            accepted_at=self._now,
        )

    def to_acknowledge(self, account_id: str) -> str | None:
        """The newest material version, unless the account accepted it or one that came later."""
        policy = self.newest(material=True)
        if policy is None:
            return None
        accepted = (
            select(POLICIES.c.policy_version)
            .join(POLICY_ACCEPTANCES, POLICY_ACCEPTANCES.c.policy_version == POLICIES.c.policy_version)
            .where(POLICY_ACCEPTANCES.c.account_id == account_id)
            .where(POLICIES.c.published_at >= policy.published_at)
            .limit(1)
        )
        return None if self._connection.scalar(accepted) else policy.policy_version

    def not_told(self, policy: Policy, limit: int) -> tuple[str, ...]:
        """Ids of active accounts that were there when a version was published, and do not know it yet."""
        told = select(POLICY_NOTICES.c.account_id).where(
            POLICY_NOTICES.c.account_id == ACCOUNTS.c.account_id,
            POLICY_NOTICES.c.policy_version == policy.policy_version,
        )
        accepted = select(POLICY_ACCEPTANCES.c.account_id).where(
            POLICY_ACCEPTANCES.c.account_id == ACCOUNTS.c.account_id,
            POLICY_ACCEPTANCES.c.policy_version == policy.policy_version,
        )
        query = (
            select(ACCOUNTS.c.account_id)
            .where(ACCOUNTS.c.state == AccountState.ACTIVE.value, ACCOUNTS.c.confirmed_at <= policy.published_at)
            .where(~told.exists(), ~accepted.exists())
            .order_by(ACCOUNTS.c.account_id)
            .limit(limit)
        )
        return tuple(self._connection.scalars(query))

    def tell(self, account_id: str, policy_version: str) -> bool:
        """Remember that an account is being told of a version; False if it was before."""
        return insert_if_absent(
            self._connection,
            POLICY_NOTICES,
            account_id=account_id,
            policy_version=policy_version,
            mailed_at=self._now,
        )


def _policy(row: RowMapping) -> Policy:
    return Policy(
        policy_version=row["policy_version"],
        text=row["text"],
        sha256=row["sha256"],
        effective_on=row["effective_on"],
        material=row["material"],
        published_at=row["published_at"],
    )
