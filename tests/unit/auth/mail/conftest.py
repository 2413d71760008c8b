"""Letters as they are written, without a database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from services.auth.domain.letters import VALUES
from services.auth.domain.records import LinkPurpose, Template
from services.auth.domain.written_mail import LetterToWrite, WrittenMail
from services.auth.mail.writing import LetterWriter
from shared.ids import new_id

LINKS = {
    Template.CONFIRM_ADDRESS: LinkPurpose.CONFIRM_ADDRESS,
    Template.CONFIRM_NEW_ADDRESS: LinkPurpose.CONFIRM_NEW_ADDRESS,
    Template.ADDRESS_CHANGE_REQUESTED: LinkPurpose.REVERT_ADDRESS_CHANGE,
    Template.RESET_PASSWORD: LinkPurpose.RESET_PASSWORD,
    Template.FACTOR_REMOVAL_REQUESTED: LinkPurpose.CANCEL_FACTOR_REMOVAL,
}
EXAMPLES = {
    "browser": "Firefox",
    "ip": "192.0.2.7",
    "new_email": "ada@new.example.org",
    "factor": "totp",
    "left": "9",
    "policy_version": "2030-02",
    "effective_on": "2030-02-01",
}
TOKEN = "t" * 43
PUBLIC_URL = "https://studio.example"

Write = Callable[..., WrittenMail]


@pytest.fixture
def write() -> Write:
    """Write a letter with everything that it may mention, unless told otherwise."""

    def written(template: Template, language: str = "en", **changes: Any) -> WrittenMail:
        link = LINKS.get(template)
        moment = datetime(2030, 1, 1, 12, 30, tzinfo=UTC)
        values = {
            "mail_id": new_id(),
            "template": template,
            "recipient": "ada@example.org",
            "language": language,
            "values": {name: EXAMPLES[name] for name in VALUES[template]},
            "name": "Ada",
            "link": link,
            "token": TOKEN if link else None,
            "happened_at": moment,
            "written_at": moment,
            "tries": 1,
        }
        return LetterWriter(PUBLIC_URL).write(LetterToWrite(**{**values, **changes}))

    return written


@pytest.fixture
def links() -> dict[Template, LinkPurpose]:
    return LINKS


@pytest.fixture
def examples() -> dict[str, str]:
    return EXAMPLES
