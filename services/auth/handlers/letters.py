"""Letters to the owners of accounts: a closed set, stored with the change they tell of, sent later."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from services.auth.domain.letters import VALUES, language_of
from services.auth.domain.records import Account, LinkPurpose, Template
from services.auth.handlers.account_ports import LetterUnit

_NOTHING: Mapping[str, str] = MappingProxyType({})


class Letters:
    """Puts letters into the outbox of mails."""

    def enqueue(
        self,
        unit: LetterUnit,
        template: Template,
        *,
        account: Account | None = None,
        recipient: str,
        language: str | None = None,
        values: Mapping[str, str] = _NOTHING,
        link: LinkPurpose | None = None,
    ) -> None:
        """Send a letter, if the transaction commits.

        Args:
            account: Whose affairs it is about; needed for a link.
            language: The account's own by default, English where we do not have it.
            values: What the letter mentions, of `VALUES`; never a secret.
            link: What for the letter holds a link, which is made when it is sent.

        Raises:
            ValueError: There is no such letter, or it has no place for one of the values, or a link of nobody.
        """
        allowed = VALUES[Template(template)]
        if unknown := sorted(values.keys() - allowed):
            raise ValueError(f"the letter {template} has no place for {', '.join(unknown)}")
        if link is not None and account is None:
            raise ValueError("a link belongs to an account")
        unit.mails.add(
            template,
            account_id=account.account_id if account else None,
            recipient=recipient,
            language=language_of(language or (account.language if account else None)),
            values=values,
            link=link,
        )
