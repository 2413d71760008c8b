"""Links in mails: made when a mail is sent, good once and for a while, bound to the address they were sent to."""

from __future__ import annotations

from datetime import datetime

from services.auth.domain.letters import LINK_LIVES
from services.auth.domain.records import Link, LinkPurpose
from services.auth.domain.tokens import new_token, token_hash
from services.auth.handlers.account_ports import LinkUnit
from shared.contracts.refusals import LinkInvalidError


class Links:
    """Makes links and uses them up; only the SHA-256 of a token is ever stored (ASVS 5.0 6.4.1, 11.5.1)."""

    def issue(self, unit: LinkUnit, account_id: str, purpose: LinkPurpose, email: str) -> str:
        """Make a link, and end the earlier ones that this address got for the same purpose.

        Returns:
            The token, which is nowhere else.
        """
        token = new_token()
        unit.links.add(
            token_hash(token),
            account_id=account_id,
            purpose=purpose,
            email=email,
            expires_at=unit.now + LINK_LIVES[purpose],
        )
        return token

    def redeem(self, unit: LinkUnit, token: str, *purposes: LinkPurpose) -> Link:
        """Use a link up; of two uses at once exactly one succeeds.

        Raises:
            LinkInvalidError: It is unknown, too old, used, ended, or for something else.
        """
        link = unit.links.use(token_hash(token), purposes)
        if link is None:
            raise LinkInvalidError()
        return link

    def look(self, unit: LinkUnit, token: str, *purposes: LinkPurpose) -> Link:
        """Whose link it is; it stays good. For checks that take long or are refused, before it is used up.

        Raises:
            LinkInvalidError: It could not be used now.
        """
        link = unit.links.look(token_hash(token), purposes)
        if link is None:
            raise LinkInvalidError()
        return link

    def end(
        self, unit: LinkUnit, account_id: str, *purposes: LinkPurpose, issued_since: datetime | None = None
    ) -> None:
        """Make all links of an account for these purposes useless, or only those from a moment on."""
        unit.links.end(account_id, purposes, issued_since=issued_since)
