"""What auth's answers may hold: what each contract names, and none of what is stored to check people by."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from services.auth.tables import METADATA, PASSWORDS, RECOVERY_CODES
from shared.contracts import accounts, factors, sessions
from shared.contracts.registry import CALLS
from shared.sealing import SealingKey

SHOWN_ONCE = {
    ("LoginAnswer", "challenge"),
    ("LoginAnswer", "session.token"),
    ("LoginAnswer", "session.device"),
    ("SessionRenewed", "session.token"),
    ("SessionRenewed", "session.device"),
    ("TotpBegun", "sealed_seed"),
    ("FactorEnabled", "recovery_codes"),
    ("RecoveryCodes", "codes"),
    ("WebauthnBegun", "enrolment_id"),
    ("TicketIssued", "ticket"),
    ("JobTokenIssued", "job_token"),
}
"""Secrets that an answer is there to hand over."""

SECRET_WORDS = re.compile(
    r"hash|phc|pepper|seed|secret|token|device|code|challenge|public_key|ticket|enrolment|birth|device"
)


def fields(model: Any, path: str = "") -> Iterator[str]:
    """Paths of all fields of a reply, those of its parts, too."""
    for name, field in model.model_fields.items():
        yield path + name
        for part in _parts(field.annotation):
            yield from fields(part, f"{path}{name}.")


def _parts(annotation: Any) -> Iterator[Any]:
    if hasattr(annotation, "model_fields"):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _parts(argument)


REPLIES = tuple({call.reply.__name__: call.reply for call in CALLS if call.service == "auth"}.values())


@pytest.mark.parametrize("reply", REPLIES, ids=lambda reply: reply.__name__)
def test_no_answer_has_a_field_for_a_secret_that_it_is_not_there_to_hand_over(reply) -> None:
    """ASVS 5.0 15.3.1; also for answers that are added later."""
    suspicious = {(reply.__name__, path) for path in fields(reply) if SECRET_WORDS.search(path.rsplit(".", 1)[-1])}
    assert suspicious - SHOWN_ONCE <= {
        ("LoginAnswer", "session.password_must_change"),
        ("TotpBegun", "enrolment_id"),
        ("FactorList", "recovery_codes_left"),
    }


@pytest.mark.parametrize("reply", REPLIES, ids=lambda reply: reply.__name__)
def test_secrets_are_in_no_representation(reply) -> None:
    """ASVS 5.0 16.2.5: what is logged by mistake says nothing."""
    for path in fields(reply):
        outer = path.split(".")[0]
        if (reply.__name__, path) in SHOWN_ONCE and "." not in path and outer != "enrolment_id":
            assert reply.model_fields[outer].repr is False


def test_no_answer_holds_what_is_stored_to_check_people_by(desk, client) -> None:
    """ASVS 5.0 15.3.1: hashes of passwords, tokens, links and recovery codes stay where they are."""
    person = desk.with_totp(desk.person())
    session = {"session": person.session.token}
    answers = [
        desk.ask(query)
        for query in (
            accounts.GetAccount(**session),
            accounts.UpdateProfile(**session, name="Ada King"),
            sessions.CheckSession(**session, client=client),
            sessions.ListSessions(**session),
            sessions.ListSecurityEvents(**session, limit=500),
            factors.ListFactors(**session),
            factors.BeginTotp(**session, reply_key=SealingKey.one_time().public),
            factors.BeginWebauthn(**session),
            factors.RegenerateRecoveryCodes(**session, client=client),
            factors.IssueTicket(**session, purpose=factors.Purpose.VAULT_WRITE),
            factors.IssueJobToken(**session, job_id="job-1", providers=("zai",)),
            sessions.LogIn(email=person.email, password=desk.password, client=client),
        )
    ]
    said = "\n".join(json.dumps(answer.model_dump(mode="json")) for answer in answers)
    stored = set(_stored_to_check_by(desk))
    assert len(stored) > 15
    assert not [secret for secret in stored if secret in said]


def _stored_to_check_by(desk: Any) -> Iterator[str]:
    with desk.databases["auth"].reading() as connection:
        yield from connection.scalars(select(PASSWORDS.c.phc))
        yield from connection.scalars(select(RECOVERY_CODES.c.code_hash))
        for table in METADATA.sorted_tables:
            if "token_hash" in table.c:
                yield from connection.scalars(select(table.c.token_hash))
