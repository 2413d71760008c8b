"""Letters on their way through template and transport."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.auth.domain.records import LinkPurpose, Template
from shared.errors import InfrastructureError, StudiomaticError


class MailRefusedError(StudiomaticError):
    """This mail will never be taken.

    Args:
        reason: A code, for the log; never an address or a server's words, which may hold one.
    """

    code = "mail_refused"

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class MailDelayedError(MailRefusedError):
    """This mail may be taken later; others may be taken now."""

    code = "mail_delayed"


class TransportError(InfrastructureError):
    """No mail can be sent now."""

    code = "infrastructure.mail"


@dataclass(frozen=True, kw_only=True)
class LetterToWrite:
    """What a letter is about.

    Attributes:
        name: How to greet; None: without a name.
        token: Of the link it holds.
        happened_at: When what it tells of happened.
        tries: How often it was tried to send it, this time included.
    """

    mail_id: str
    template: Template
    recipient: str = field(repr=False)
    language: str
    values: Mapping[str, str] = field(repr=False)
    name: str | None = field(repr=False)
    link: LinkPurpose | None
    token: str | None = field(repr=False)
    happened_at: datetime
    written_at: datetime
    tries: int


@dataclass(frozen=True, kw_only=True)
class WrittenMail:
    """A letter ready to be sent.

    Attributes:
        text, html: The same words twice, for readers of both kinds.
    """

    mail_id: str
    template: Template
    recipient: str = field(repr=False)
    language: str
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    written_at: datetime
    tries: int
