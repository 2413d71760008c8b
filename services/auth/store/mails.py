"""Rows of mails on their way out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, or_, select, update

from services.auth.domain.records import LinkPurpose, Template
from services.auth.domain.waiting_mail import WaitingMail
from services.auth.tables import MAILS
from shared.db import Database
from shared.ids import new_id


class MailRows:
    """Reads and writes mails on their way out."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def add(
        self,
        template: Template,
        *,
        account_id: str | None,
        recipient: str,
        language: str,
        values: Mapping[str, str],
        link: LinkPurpose | None,
    ) -> None:
        """Keep a mail that is to be sent."""
        self._connection.execute(
            MAILS.insert().values(
                mail_id=new_id(),
                account_id=account_id,
                template=template.value,
                recipient=recipient,
                language=language,
                values=dict(values),
                link=link.value if link else None,
                stored_at=self._now,
                not_before=self._now,
                tries=0,
            )
        )
        Database.announce(self._connection, MAILS.name)

    def take(self, lease_until: datetime) -> WaitingMail | None:
        """Take the mail that is due next, out of the reach of other senders until the lease ends.

        What goes to one person comes before what goes to everybody.
        """
        to_everybody = MAILS.c.template == Template.POLICY_CHANGED.value
        due = (
            select(MAILS)
            .where(MAILS.c.sent_at.is_(None), MAILS.c.given_up_at.is_(None), MAILS.c.not_before <= self._now)
            .where(or_(MAILS.c.lease_until.is_(None), MAILS.c.lease_until <= self._now))
            .order_by(to_everybody, MAILS.c.not_before, MAILS.c.mail_id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        row = self._connection.execute(due).mappings().one_or_none()
        if row is None:
            return None
        self._connection.execute(
            update(MAILS)
            .where(MAILS.c.mail_id == row["mail_id"])
            .values(lease_until=lease_until, tries=row["tries"] + 1)
        )
        return _waiting(row)

    def mark_sent(self, mail: WaitingMail) -> None:
        """It is out; what it said is kept no longer than needed to send it."""
        self._finish(mail, sent_at=self._now, values={})

    def give_up(self, mail: WaitingMail) -> None:
        """It cannot be sent, and is not tried again."""
        self._finish(mail, given_up_at=self._now, values={})

    def give_up_links(self, account_id: str, link: LinkPurpose) -> None:
        """Mails with such a link that still wait are not wanted any more."""
        self._connection.execute(
            update(MAILS)
            .where(MAILS.c.account_id == account_id, MAILS.c.link == link)
            .where(MAILS.c.sent_at.is_(None), MAILS.c.given_up_at.is_(None))
            .values(given_up_at=self._now, values={}, lease_until=None)
        )

    def postpone(self, mail: WaitingMail, until: datetime) -> None:
        """It is tried again later."""
        self._finish(mail, not_before=until)

    def forget_old(self, before: datetime, limit: int) -> int:
        """Delete mails that were sent or given up before a moment; returns how many there were."""
        old = select(MAILS.c.mail_id).where(or_(MAILS.c.sent_at <= before, MAILS.c.given_up_at <= before))
        return self._connection.execute(delete(MAILS).where(MAILS.c.mail_id.in_(old.limit(limit)))).rowcount

    def _finish(self, mail: WaitingMail, **columns: object) -> None:
        """Write how the try went, unless another sender has taken the mail over meanwhile."""
        self._connection.execute(
            update(MAILS)
            .where(MAILS.c.mail_id == mail.mail_id, MAILS.c.tries == mail.tries)
            .values(lease_until=None, **columns)
        )


def _waiting(row: RowMapping) -> WaitingMail:
    return WaitingMail(
        mail_id=row["mail_id"],
        account_id=row["account_id"],
        template=Template(row["template"]),
        recipient=row["recipient"],
        language=row["language"],
        values=row["values"],
        link=LinkPurpose(row["link"]) if row["link"] else None,
        stored_at=row["stored_at"],
        tries=row["tries"] + 1,
    )
