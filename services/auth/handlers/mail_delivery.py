"""Sends the mails that wait: each at least once, none for ever.

A mail is taken under a lease, so that of several senders one sends it; a sender that dies leaves it to the next.
Its link is made here, when it is sent, and is stored nowhere: a mail that is sent again has another link, and the
earlier one is dead.
"""

from __future__ import annotations

from typing import Protocol

import structlog

from services.auth.domain.records import Account
from services.auth.domain.waiting_mail import LEASE, WaitingMail, is_given_up, pause_after
from services.auth.domain.written_mail import (
    LetterToWrite,
    MailDelayedError,
    MailRefusedError,
    TransportError,
    WrittenMail,
)
from services.auth.handlers.account_ports import AccountStore, AccountUnit
from services.auth.handlers.links import Links

_log = structlog.get_logger(__name__)


class Writer(Protocol):
    """Writes a letter out, from its template."""

    def write(self, letter: LetterToWrite) -> WrittenMail: ...


class Transport(Protocol):
    """Hands a mail on.

    Raises MailRefusedError for a mail that will never be taken, MailDelayedError for one that may be later, and
    TransportError when nothing can be sent now.
    """

    def send(self, mail: WrittenMail) -> None: ...


class MailDelivery:
    """Sends the mails that wait."""

    def __init__(self, store: AccountStore, links: Links, writer: Writer, transport: Transport) -> None:
        self._store = store
        self._links = links
        self._writer = writer
        self._transport = transport

    def send_all(self) -> int:
        """Send what is due now; returns how many mails were dealt with."""
        dealt_with = 0
        while self.send_next():
            dealt_with += 1
        return dealt_with

    def send_next(self) -> int:
        """Send the mail that is due next; returns 0 if there is none.

        Raises:
            TransportError: Nothing can be sent now; the mail is tried again later.
        """
        taken = self._take()
        if taken is None:
            return 0
        mail, letter = taken
        try:
            self._transport.send(self._writer.write(letter))
        except MailDelayedError as delay:
            self._try_later(mail, delay.reason)
        except MailRefusedError as refusal:
            self._give_up(mail, refusal.reason)
        except TransportError as error:
            self._try_later(mail, error.code)
            raise
        else:
            with self._store.transaction() as unit:
                unit.mails.mark_sent(mail)
            _log.info("mail_sent", mail_id=mail.mail_id, template=mail.template.value, tries=mail.tries)
        return 1

    def _take(self) -> tuple[WaitingMail, LetterToWrite] | None:
        with self._store.transaction() as unit:
            mail = unit.mails.take(unit.now + LEASE)
            if mail is None:
                return None
            account = unit.accounts.get(mail.account_id) if mail.account_id else None
            return mail, LetterToWrite(
                mail_id=mail.mail_id,
                template=mail.template,
                recipient=mail.recipient,
                language=mail.language,
                values=mail.values,
                name=_known_name(account),
                link=mail.link,
                token=self._link(unit, mail, account),
                happened_at=mail.stored_at,
                written_at=unit.now,
                tries=mail.tries,
            )

    def _link(self, unit: AccountUnit, mail: WaitingMail, account: Account | None) -> str | None:
        if mail.link is None or account is None:
            return None
        return self._links.issue(unit, account.account_id, mail.link, mail.recipient)

    def _try_later(self, mail: WaitingMail, reason: str) -> None:
        with self._store.transaction() as unit:
            given_up = is_given_up(mail, unit.now)
            if not given_up:
                unit.mails.postpone(mail, unit.now + pause_after(mail.tries))
        if given_up:
            self._give_up(mail, reason)

    def _give_up(self, mail: WaitingMail, reason: str) -> None:
        """Not tried again; the log says why by a code, and never to whom."""
        with self._store.transaction() as unit:
            unit.mails.give_up(mail)
        _log.warning("mail_given_up", mail_id=mail.mail_id, template=mail.template.value, reason=reason)


def _known_name(account: Account | None) -> str | None:
    """How to greet; not before the address is confirmed: else strangers could send their own words as a name."""
    return account.name if account is not None and account.confirmed_at is not None else None
