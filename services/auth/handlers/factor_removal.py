"""Lost second factors: taken off after 72 hours unless the owner objects (ASVS 5.0 6.4.4).

Who asks has shown the password and cannot show the second factor: perhaps its owner, perhaps a thief. So the owner
is told, and has three days; whoever passes a second factor in that time has not lost it.
"""

from __future__ import annotations

from services.auth.domain.browsers import from_where
from services.auth.domain.records import Account, LinkPurpose, Outcome, SecurityEvent, Template
from services.auth.domain.second_factors import REMOVAL_DELAY
from services.auth.handlers.account_ports import AccountStore, AccountUnit
from services.auth.handlers.letters import Letters
from services.auth.handlers.links import Links
from services.auth.handlers.second_factors import SecondFactors
from services.auth.handlers.security_events import SecurityEvents
from services.auth.handlers.sessions import Sessions
from services.auth.handlers.vault_port import Vault
from shared.contracts.accounts import ClientInfo, RequestAccepted
from shared.contracts.factors import CancelFactorRemoval, RequestFactorRemoval
from shared.contracts.refusals import ChallengeEndedError
from shared.errors import StudiomaticError

REMOVED_AT_ONCE = 100
"""Most accounts of one round; the others wait for the next."""


class FactorRemoval:
    """The use cases of lost second factors."""

    def __init__(
        self,
        store: AccountStore,
        vault: Vault,
        second_factors: SecondFactors,
        *,
        sessions: Sessions,
        events: SecurityEvents,
        letters: Letters,
        links: Links,
    ) -> None:
        self._store = store
        self._vault = vault
        self._second_factors = second_factors
        self._sessions = sessions
        self._events = events
        self._letters = letters
        self._links = links

    def request(self, query: RequestFactorRemoval) -> RequestAccepted:
        """Ask for the removal with the challenge of a login; asking again does not delay it.

        Raises:
            ChallengeEndedError: No login with a right password waits for a second factor.
        """
        with self._store.transaction() as unit:
            challenge = self._second_factors.challenged(unit, query.challenge)
            account = unit.accounts.lock(challenge.account_id)
            if account is None or not unit.challenges.end(challenge.token_hash):
                raise ChallengeEndedError
            if account.factors_removed_at is None:
                unit.accounts.update(account.account_id, factors_removed_at=unit.now + REMOVAL_DELAY)
            self._events.record(
                unit,
                account.account_id,
                SecurityEvent.FACTOR_REMOVAL_REQUESTED,
                Outcome.SUCCEEDED,
                query.client,
            )
            self._letters.enqueue(
                unit,
                Template.FACTOR_REMOVAL_REQUESTED,
                account=account,
                recipient=account.email,
                values=from_where(query.client),
                link=LinkPurpose.CANCEL_FACTOR_REMOVAL,
            )
        return RequestAccepted()

    def cancel(self, query: CancelFactorRemoval) -> RequestAccepted:
        """Follow the link that stops the removal; logins that wait for a second factor end.

        Raises:
            LinkInvalidError: Unknown, too old, used, or stopped already.
        """
        with self._store.transaction() as unit:
            link = self._links.redeem(unit, query.link, LinkPurpose.CANCEL_FACTOR_REMOVAL)
            account = unit.accounts.lock(link.account_id)
            if account is not None:
                self._second_factors.stop_removal(unit, account, query.client)
                unit.challenges.end_all(account.account_id)
        return RequestAccepted()

    def take_due(self) -> int:
        """Take off what is due. While keyvault is away the seeds stay, and the next round tries again.

        Returns:
            How many accounts lost their second factors.
        Raises:
            StudiomaticError: What the last of those that failed raised; the others are done.
        """
        with self._store.reading() as unit:
            due = unit.factors.due_for_removal(REMOVED_AT_ONCE)
        taken, failure = 0, None
        for account_id in due:
            try:
                taken += self._take_off(account_id)
            except StudiomaticError as error:
                failure = error
        if failure is not None:
            raise failure
        return taken

    def _take_off(self, account_id: str) -> bool:
        """First auth stops asking, then keyvault forgets the seed, then it is done: every step can be repeated."""
        with self._store.transaction() as unit:
            account = unit.accounts.lock(account_id)
            if account is None or account.factors_removed_at is None or account.factors_removed_at > unit.now:
                return False
            taken = unit.factors.remove_all(account_id)
            if taken:
                self._tell(unit, account)
        self._vault.remove_totp(account_id)
        with self._store.transaction() as unit:
            unit.accounts.update(account_id, factors_removed_at=None)
        return taken

    def _tell(self, unit: AccountUnit, account: Account) -> None:
        nobody: ClientInfo | None = None
        unit.challenges.end_all(account.account_id)
        self._links.end(unit, account.account_id, LinkPurpose.CANCEL_FACTOR_REMOVAL)
        self._sessions.end_all(unit, account.account_id)
        self._events.record(unit, account.account_id, SecurityEvent.FACTOR_REMOVED, Outcome.SUCCEEDED, nobody)
        self._letters.enqueue(
            unit,
            Template.FACTOR_REMOVED,
            account=account,
            recipient=account.email,
        )
