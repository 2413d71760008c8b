"""Mails are sent at least once, tried again for a while, and never hold up others."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from services.auth.domain.records import LinkPurpose, Template
from services.auth.domain.waiting_mail import pause_after
from services.auth.domain.written_mail import MailDelayedError, MailRefusedError, TransportError
from services.auth.handlers.letters import Letters
from services.auth.tables import MAILS
from shared.contracts.accounts import ConfirmAddress
from shared.contracts.refusals import LinkInvalidError

DAY = 24 * 3_600


def one(desk, column: str):
    with desk.database.reading() as connection:
        return connection.scalar(select(MAILS.c[column]))


def test_a_mail_is_sent_once_and_then_holds_nothing(desk) -> None:
    desk.register()
    assert [mail.template for mail in desk.deliver()] == ["confirm_address"]
    assert desk.deliver() == []
    assert one(desk, "sent_at") == desk.clock.now()
    assert one(desk, "values") == {}


def test_nothing_is_sent_of_a_change_that_was_undone(desk) -> None:
    desk.person()
    account = desk.account("ada@example.org")
    with pytest.raises(RuntimeError), desk.store.transaction() as unit:  # noqa: PT012  # two steps, one undone
        Letters().enqueue(unit, Template.PASSWORD_CHANGED, account=account, recipient=account.email)
        raise RuntimeError
    assert desk.deliver() == []


def test_a_mail_that_could_not_be_sent_is_tried_again_with_growing_pauses(desk) -> None:
    desk.register()
    desk.mails.failure = TransportError()
    for tries in range(1, 5):
        with pytest.raises(TransportError):
            desk.deliver()
        assert desk.deliver() == []  # not before its time
        desk.clock.advance(pause_after(tries).total_seconds())
    desk.mails.failure = None
    assert len(desk.deliver()) == 1
    assert one(desk, "tries") == 5


def test_pauses_double_up_to_an_hour() -> None:
    assert [pause_after(tries).total_seconds() for tries in (1, 2, 3, 7, 8, 9, 1_000)] == [
        30,
        60,
        120,
        1_920,
        3_600,
        3_600,
        3_600,
    ]


def test_a_mail_that_is_sent_again_has_another_link_and_the_earlier_one_is_dead(desk, client) -> None:
    """ASVS 5.0 6.4.1: the token is made when the mail is sent, and is in no row and no log."""
    desk.register()
    with capture_logs() as logs:
        first = desk.link()
    with desk.database.transaction() as connection:
        connection.execute(MAILS.update().values(sent_at=None))  # as if the sender died before it could note it
    second = desk.link()
    assert first != second
    assert first not in repr(logs) + desk.everything()
    with pytest.raises(LinkInvalidError):
        desk.ask(ConfirmAddress(link=first, client=client))
    desk.ask(ConfirmAddress(link=second, client=client))


def test_a_mail_of_a_dead_sender_is_taken_over_when_its_lease_ends(desk) -> None:
    desk.register()
    assert desk.auth.mail_delivery._take() is not None  # and dies
    assert desk.deliver() == []
    desk.clock.advance(120)
    assert len(desk.deliver()) == 1


def test_a_late_sender_does_not_undo_what_the_next_one_did(desk) -> None:
    desk.register()
    late, _ = desk.auth.mail_delivery._take()
    desk.clock.advance(120)
    assert desk.auth.mail_delivery._take() is not None  # and is sending it
    with desk.store.transaction() as unit:
        unit.mails.postpone(late, unit.now)
    assert desk.deliver() == []


def test_of_several_senders_each_mail_is_sent_by_one(desk) -> None:
    for number in range(5):
        desk.register(f"person{number}@example.org")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: desk.auth.mail_delivery.send_all(), range(4)))
    assert sorted(mail.recipient for mail in desk.mails.sent) == [f"person{n}@example.org" for n in range(5)]


@pytest.mark.parametrize("failure", [MailRefusedError("smtp_550"), MailDelayedError("smtp_451")])
def test_a_poisoned_mail_does_not_hold_up_others_and_is_logged_without_an_address(desk, failure) -> None:
    desk.register("poison@example.org")
    desk.register("ada@example.org")
    real = desk.mails.send

    def send(mail) -> None:
        if mail.recipient.startswith("poison"):
            raise failure
        real(mail)

    desk.mails.send = send
    with capture_logs() as logs:
        assert [mail.recipient for mail in desk.deliver()] == ["ada@example.org"]
        desk.clock.advance(3 * DAY)
        desk.deliver()
    given_up = [entry for entry in logs if entry["event"] == "mail_given_up"]
    assert [(entry["template"], entry["reason"]) for entry in given_up] == [("confirm_address", failure.reason)]
    assert "example.org" not in repr(logs)
    desk.clock.advance(DAY)
    assert desk.deliver() == []


def test_after_three_days_nobody_waits_for_a_mail_any_more(desk) -> None:
    desk.register()
    desk.mails.failure = TransportError()
    desk.clock.advance(3 * DAY)
    with pytest.raises(TransportError):
        desk.deliver()
    desk.mails.failure = None
    desk.clock.advance(DAY)
    assert desk.deliver() == []


def test_what_goes_to_one_person_comes_before_what_goes_to_everybody(desk) -> None:
    account = desk.person()
    with desk.store.transaction() as unit:
        for template in (Template.POLICY_CHANGED, Template.POLICY_CHANGED, Template.PASSWORD_CHANGED):
            values = {"policy_version": "2"} if template is Template.POLICY_CHANGED else {}
            Letters().enqueue(unit, template, account=account, recipient=account.email, values=values)
    assert [mail.template for mail in desk.deliver()] == ["password_changed", "policy_changed", "policy_changed"]


def test_only_letters_of_the_closed_set_can_be_sent(desk) -> None:
    """Privacy policy, "How We Use Your Data": transactional e-mails, nothing else."""
    account = desk.person()
    told = desk.told()
    wrong = (
        {"template": "newsletter"},
        {"template": Template.PASSWORD_CHANGED, "values": {"advertisement": "Buy!"}},
        {"template": Template.RESET_PASSWORD, "link": LinkPurpose.RESET_PASSWORD, "account": None},
    )
    for arguments in wrong:
        with desk.store.transaction() as unit, pytest.raises(ValueError, match=r"newsletter|place|link"):
            Letters().enqueue(unit, **{"account": account, "recipient": account.email, **arguments})
    assert desk.told() == told


def test_a_letter_is_in_the_accounts_language_or_else_in_english(desk) -> None:
    for email, language in (("a@example.org", "hi"), ("b@example.org", "fi"), ("c@example.org", None)):
        desk.register(email, language=language)
    assert [mail.language for mail in desk.deliver()] == ["hi", "en", "en"]


def test_strangers_cannot_send_their_words_to_an_address_in_our_name(desk) -> None:
    """A name is used in letters only once its address is confirmed."""
    desk.register(name="You won! Visit evil.example")
    assert "evil" not in desk.deliver()[0].text
    desk.register("ada@example.org", name="You won! Visit evil.example")
    assert "evil" not in desk.deliver()[0].text


def test_a_link_starts_with_the_address_of_the_settings(desk) -> None:
    """ASVS 5.0 13.x: no request and no header decides where a link goes."""
    desk.register()
    assert "https://studio.example/account/confirm_address#" in desk.deliver()[0].text
