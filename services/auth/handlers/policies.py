"""Keeps the versions of the privacy policy, and tells people of those that change something for them."""

from __future__ import annotations

from services.auth.domain.policies import HowAccepted, Policy, digest
from services.auth.domain.records import Template
from services.auth.handlers.account_ports import AccountStore
from services.auth.handlers.identity import Identity
from services.auth.handlers.letters import Letters
from services.auth.handlers.profile import Accounts
from shared.contracts.accounts import (
    AcceptPolicy,
    AccountState,
    AccountView,
    GetPolicy,
    PolicyView,
    PublishPolicy,
    Role,
)
from shared.errors import ConflictError, InvalidInputError, NotFoundError

ACCOUNTS_AT_A_TIME = 100


class PolicyDesk:
    """Publishes, reads and accepts versions of the policy."""

    def __init__(self, store: AccountStore, identity: Identity, accounts: Accounts) -> None:
        self._store = store
        self._identity = identity
        self._accounts = accounts

    def publish(self, query: PublishPolicy) -> PolicyView:
        """Keep a new version; the same again changes nothing.

        Raises:
            SessionInvalidError, FreshAuthenticationNeededError, NotPermittedError: See `Identity.require`.
            ConflictError: There is another text, date or kind of this version; a version never changes.
        """
        if not query.text.strip():
            raise InvalidInputError("text is empty")
        with self._store.transaction() as unit:
            self._identity.require(unit, query.session, fresh=True, role=Role.ADMINISTRATOR)
            policy = Policy(
                policy_version=query.policy_version,
                text=query.text,
                sha256=digest(query.text),
                effective_on=query.effective_on,
                material=query.material,
                published_at=unit.now,
            )
            unit.policies.add(policy)
            kept = unit.policies.get(policy.policy_version)
        if kept is None or not kept.says_the_same(policy):
            raise ConflictError(
                f"policy {policy.policy_version} was published with other contents; name a new one"
            )
        return _view(kept)

    def get(self, query: GetPolicy) -> PolicyView:
        """A version of the policy, the newest by default; old ones are never forgotten.

        Raises:
            NotFoundError: There is none.
        """
        with self._store.reading() as unit:
            if query.policy_version is None:
                policy = unit.policies.newest()
            else:
                policy = unit.policies.get(query.policy_version)
        if policy is None:
            raise NotFoundError("there is no such version of the policy")
        return _view(policy)

    def accept(self, query: AcceptPolicy) -> AccountView:
        """Acknowledge a version; a second time changes nothing.

        Raises:
            SessionInvalidError: See `Identity.require`.
            NotFoundError: There is no such version.
        """
        with self._store.transaction() as unit:
            _, account = self._identity.require(unit, query.session)
            if unit.policies.get(query.policy_version) is None:
                raise NotFoundError("there is no such version of the policy")
            unit.policies.accept(account.account_id, query.policy_version, HowAccepted.ACKNOWLEDGED)
            return self._accounts.view(unit, account)


class PolicyNotices:
    """Tells every active account of a material change, once."""

    def __init__(self, store: AccountStore, letters: Letters) -> None:
        self._store = store
        self._letters = letters

    def tell_some(self) -> int:
        """Write to some of those who do not know yet; returns to how many, 0 when everybody was told.

        Can be stopped and repeated anywhere: that somebody was told is kept with the letter.
        """
        with self._store.reading() as unit:
            policy = unit.policies.newest(material=True)
            waiting = unit.policies.not_told(policy, ACCOUNTS_AT_A_TIME) if policy else ()
        if policy is None:
            return 0
        for account_id in waiting:
            self._tell(account_id, policy)
        return len(waiting)

    def _tell(self, account_id: str, policy: Policy) -> None:
        with self._store.transaction() as unit:
            account = unit.accounts.lock(account_id)
            if account is None or account.state is not AccountState.ACTIVE:
                return
            if not unit.policies.tell(account_id, policy.policy_version):
                return
            self._letters.enqueue(
                unit,
                Template.POLICY_CHANGED,
                account=account,
                recipient=account.email,
                values={
                    "policy_version": policy.policy_version,
                    "effective_on": policy.effective_on.isoformat(),
                },
            )


def _view(policy: Policy) -> PolicyView:
    return PolicyView(
        policy_version=policy.policy_version,
        text=policy.text,
        sha256=policy.sha256,
        effective_on=policy.effective_on,
        material=policy.material,
        published_at=policy.published_at,
    )
