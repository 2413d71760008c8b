"""Lost second factors: taken off after three days unless the owner objects (ASVS 5.0 6.4.4)."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from services.auth.domain.records import LinkPurpose
from services.auth.tables import MAILS
from shared.contracts.accounts import AccountState
from shared.contracts.factors import BeginWebauthn, CancelFactorRemoval, ListFactors, RequestFactorRemoval
from shared.contracts.refusals import ChallengeEndedError, CodeInvalidError, LinkInvalidError, SessionInvalidError
from shared.errors import InfrastructureError

HOUR_S = 3_600


def ask(desk, person, client) -> None:
    desk.removal.request(RequestFactorRemoval(challenge=desk.challenge(person)[0], client=client))


def link_of(desk, person) -> str:
    """What the mail's link would hold."""
    with desk.store.transaction() as unit:
        return desk.links.issue(unit, person.account_id, LinkPurpose.CANCEL_FACTOR_REMOVAL, person.email)


def test_factors_go_after_72_hours_with_mails_at_both_ends(desk, client) -> None:
    """ASVS 5.0 6.4.4."""
    person = desk.person()
    desk.with_totp(person)
    desk.with_passkey(person)
    ask(desk, person, client)
    assert desk.mails(person)[-1] == "factor_removal_requested"

    desk.clock.advance(72 * HOUR_S - 1)
    assert desk.removal.take_due() == 0
    assert desk.factors(person)
    desk.clock.advance(1)
    assert desk.removal.take_due() == 1
    assert desk.factors(person) == ()
    assert desk.vault.seeds == {}
    assert desk.account(person).factors_removed_at is None
    assert desk.mails(person)[-1] == "factor_removed"
    assert desk.events(person)[-1] == ("factor_removed", "succeeded")
    assert desk.removal.take_due() == 0


def test_it_needs_a_login_whose_password_was_right(desk, client) -> None:
    """ASVS 5.0 6.4.4."""
    person = desk.person()
    desk.with_passkey(person)
    enrolment = desk.webauthn.begin(BeginWebauthn(session=person.session)).enrolment_id
    token, _ = desk.challenge(person)
    desk.removal.request(RequestFactorRemoval(challenge=token, client=client))
    for challenge in ("x" * 43, enrolment, token):
        with pytest.raises(ChallengeEndedError):
            desk.removal.request(RequestFactorRemoval(challenge=challenge, client=client))


def test_the_mail_offers_to_stop_it_and_holds_no_token(desk, client) -> None:
    """ASVS 5.0 6.4.4 and 6.3.7."""
    person = desk.person()
    desk.with_totp(person)
    ask(desk, person, client)
    with desk.database.reading() as connection:
        mail = connection.execute(select(MAILS).where(MAILS.c.template == "factor_removal_requested")).one()
    assert mail.recipient == person.email
    assert "cancel_factor_removal" in repr(tuple(mail))


def test_the_owner_stops_it_with_the_link_once(desk, client) -> None:
    """ASVS 5.0 6.4.4; the login that asked for it ends, too."""
    person = desk.person()
    desk.with_totp(person)
    ask(desk, person, client)
    waiting, _ = desk.challenge(person)
    link = link_of(desk, person)
    desk.removal.cancel(CancelFactorRemoval(link=link, client=client))

    assert desk.account(person).factors_removed_at is None
    assert desk.events(person)[-1] == ("factor_removal_cancelled", "succeeded")
    with pytest.raises(ChallengeEndedError):
        desk.pass_challenge(person, waiting, totp=desk.code(person))
    with pytest.raises(LinkInvalidError):
        desk.removal.cancel(CancelFactorRemoval(link=link, client=client))
    desk.clock.advance(80 * HOUR_S)
    assert desk.removal.take_due() == 0
    assert desk.factors(person)


@pytest.mark.parametrize("with_what", ["totp", "recovery_code", "webauthn"])
def test_any_login_that_passes_a_second_factor_stops_it(desk, client, with_what: str) -> None:
    """Who has a factor has not lost it."""
    person = desk.person()
    codes = desk.with_totp(person)
    key = desk.with_passkey(person)
    ask(desk, person, client)
    link = link_of(desk, person)
    token, options = desk.challenge(person)
    proofs = {"totp": desk.code(person), "recovery_code": codes[0], "webauthn": key.sign(options)}
    desk.pass_challenge(person, token, **{with_what: proofs[with_what]})

    assert desk.account(person).factors_removed_at is None
    with pytest.raises(LinkInvalidError):
        desk.removal.cancel(CancelFactorRemoval(link=link, client=client))


def test_a_wrong_code_does_not_stop_it(desk, client) -> None:
    person = desk.person()
    desk.with_totp(person)
    ask(desk, person, client)
    with pytest.raises(CodeInvalidError):
        desk.pass_challenge(person, desk.challenge(person)[0], totp="000000")
    assert desk.account(person).factors_removed_at is not None


def test_asking_again_mails_again_and_neither_hurries_nor_delays_it(desk, client) -> None:
    person = desk.person()
    desk.with_totp(person)
    ask(desk, person, client)
    due = desk.account(person).factors_removed_at
    desk.clock.advance(HOUR_S)
    ask(desk, person, client)
    assert desk.account(person).factors_removed_at == due
    assert desk.mails(person).count("factor_removal_requested") == 2


def test_sessions_end_when_factors_are_taken_off(desk, client) -> None:
    """ASVS 5.0 7.4.3."""
    person = desk.person()
    desk.with_totp(person)
    ask(desk, person, client)
    desk.clock.advance(72 * HOUR_S)
    desk.removal.take_due()
    with pytest.raises(SessionInvalidError):
        desk.recovery.list(ListFactors(session=person.session))


def test_a_new_factor_stops_it(desk, client) -> None:
    """Who is logged in and adds a factor has found another way."""
    person = desk.person()
    desk.with_totp(person)
    ask(desk, person, client)
    desk.with_passkey(person)
    assert desk.account(person).factors_removed_at is None


def test_keyvault_away_is_tried_again_until_the_seed_is_gone(desk, client) -> None:
    """No seed is left over in the vault, and nobody is told twice."""
    person = desk.person()
    desk.with_totp(person)
    ask(desk, person, client)
    desk.clock.advance(72 * HOUR_S)
    desk.vault.away = True
    with pytest.raises(InfrastructureError):
        desk.removal.take_due()
    desk.vault.away = False
    desk.removal.take_due()
    assert desk.vault.seeds == {}
    assert desk.account(person).factors_removed_at is None
    assert desk.mails(person).count("factor_removed") == 1


def test_each_account_is_taken_by_itself(desk, client) -> None:
    """Threat model, threat 1: nobody else loses anything."""
    one, other = desk.person(), desk.person(state=AccountState.ACTIVE)
    desk.with_totp(one)
    desk.with_totp(other)
    ask(desk, one, client)
    desk.clock.advance(72 * HOUR_S)
    desk.removal.take_due()
    assert desk.factors(one) == ()
    assert desk.factors(other)


def test_letters_say_from_where_it_was_asked(desk, client) -> None:
    """ASVS 5.0 6.3.7: the owner sees whether it was himself."""
    person = desk.person()
    desk.with_totp(person)
    ask(desk, person, client)
    with desk.database.reading() as connection:
        values = connection.scalars(select(MAILS.c["values"]).order_by(MAILS.c.mail_id)).all()
    where = {"browser": "Firefox", "ip": "192.0.2.7"}
    assert values == [{"factor": "totp", **where}, where]
