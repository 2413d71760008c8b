"""Policy versions: kept for ever, and people are told of what changes something for them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from shared.contracts.accounts import AcceptPolicy, DisableAccount, GetPolicy, PublishPolicy
from shared.contracts.refusals import FreshAuthenticationNeededError, NotPermittedError
from shared.errors import ConflictError, InvalidInputError, NotFoundError

DAY = 24 * 3_600


def publish(desk, session, version: str, *, material: bool, text: str = "We keep little."):
    desk.clock.advance(1)
    return desk.ask(
        PublishPolicy(
            session=session.token,
            policy_version=version,
            text=text,
            effective_on=date(2030, 2, 1),
            material=material,
        )
    )


def tell_everybody(desk) -> None:
    while desk.auth.policy_notices.tell_some():
        pass


def notices(desk) -> list[str]:
    return sorted(recipient for template, recipient in desk.told() if template == "policy_changed")


@pytest.fixture
def administrator(desk):
    return desk.administrator()


def test_a_material_change_is_mailed_once_to_every_active_account(desk, client, administrator) -> None:
    """Privacy policy, "Changes to This Privacy Policy"."""
    desk.person("ada@example.org")
    desk.person("off@example.org")
    desk.register("unconfirmed@example.org")
    desk.ask(DisableAccount(session=administrator.token, email="off@example.org"))
    publish(desk, administrator, "2030-02", material=True)
    publish(desk, administrator, "2030-02", material=True)  # said twice
    tell_everybody(desk)
    tell_everybody(desk)
    assert notices(desk) == ["ada@example.org", "root@example.org"]
    letter = next(mail for mail in desk.deliver() if mail.template == "policy_changed")
    assert "2030-02" in letter.text
    assert "2030-02-01" in letter.text


def test_everybody_is_told_also_when_there_are_more_than_one_batch(desk, administrator, monkeypatch) -> None:
    monkeypatch.setattr("services.auth.handlers.policies.ACCOUNTS_AT_A_TIME", 2)
    for number in range(5):
        desk.person(f"person{number}@example.org")
    publish(desk, administrator, "2", material=True)
    tell_everybody(desk)
    assert len(notices(desk)) == 6


def test_two_who_tell_people_at_once_tell_everybody_once(desk, administrator) -> None:
    for number in range(4):
        desk.person(f"person{number}@example.org")
    publish(desk, administrator, "2", material=True)
    together = threading.Barrier(2)

    def tell(_: int) -> None:
        with desk.store.reading() as unit:
            policy = unit.policies.newest(material=True)
            waiting = unit.policies.not_told(policy, 100)
        together.wait()
        for account_id in waiting:
            desk.auth.policy_notices._tell(account_id, policy)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(tell, range(2)))
    assert len(notices(desk)) == 5


def test_who_accepted_an_earlier_version_must_acknowledge_the_new_one(desk, administrator) -> None:
    publish(desk, administrator, "1", material=True)
    session = desk.log_in("root@example.org")
    desk.ask(AcceptPolicy(session=session.token, policy_version="1"))
    publish(desk, administrator, "2", material=True)
    assert desk.view(session).policy_to_acknowledge == "2"


def test_the_notice_stands_until_it_is_acknowledged(desk, administrator) -> None:
    """Privacy policy, "Changes to This Privacy Policy": a prominent notice."""
    desk.person()
    session = desk.log_in()
    assert desk.view(session).policy_to_acknowledge is None
    publish(desk, administrator, "2", material=True)
    assert desk.view(session).policy_to_acknowledge == "2"
    for _ in range(2):
        view = desk.ask(AcceptPolicy(session=session.token, policy_version="2"))
        assert view.policy_to_acknowledge is None
    assert desk.view(administrator).policy_to_acknowledge == "2"


def test_a_change_that_is_not_material_tells_nobody(desk, administrator) -> None:
    desk.person()
    publish(desk, administrator, "2", material=False)
    tell_everybody(desk)
    assert notices(desk) == []
    assert desk.view(desk.log_in()).policy_to_acknowledge is None


def test_who_accepted_a_later_version_need_not_acknowledge_the_one_before(desk, administrator) -> None:
    desk.person()
    session = desk.log_in()
    publish(desk, administrator, "2", material=True)
    publish(desk, administrator, "3", material=False)
    desk.ask(AcceptPolicy(session=session.token, policy_version="3"))
    assert desk.view(session).policy_to_acknowledge is None


def test_who_registers_with_the_newest_version_has_accepted_it(desk, administrator) -> None:
    publish(desk, administrator, "2", material=True)
    desk.person(accepts_policy="2")
    assert desk.view(desk.log_in()).policy_to_acknowledge is None
    tell_everybody(desk)
    assert notices(desk) == ["root@example.org"]


def test_every_old_text_is_still_served(desk, administrator) -> None:
    """Privacy policy, "Changes to This Privacy Policy"."""
    with pytest.raises(NotFoundError):
        desk.ask(GetPolicy())
    publish(desk, administrator, "1", material=False, text="First.")
    publish(desk, administrator, "2", material=True, text="Second.")
    assert desk.ask(GetPolicy()).policy_version == "2"
    first = desk.ask(GetPolicy(policy_version="1"))
    assert (first.text, first.material) == ("First.", False)
    with pytest.raises(NotFoundError):
        desk.ask(GetPolicy(policy_version="3"))


def test_a_version_never_changes(desk, administrator) -> None:
    first = publish(desk, administrator, "1", material=False, text="First.")
    assert publish(desk, administrator, "1", material=False, text="First.") == first
    with pytest.raises(ConflictError):
        publish(desk, administrator, "1", material=False, text="Other.")
    with pytest.raises(ConflictError):
        publish(desk, administrator, "1", material=True, text="First.")
    with pytest.raises(InvalidInputError):
        publish(desk, administrator, "2", material=True, text=" \n")


def test_only_administrators_publish_and_only_freshly_authenticated(desk, administrator) -> None:
    """ASVS 5.0 8.2.1, 7.5.3."""
    desk.person()
    with pytest.raises(NotPermittedError):
        publish(desk, desk.log_in(), "2", material=True)
    desk.clock.advance(300)
    with pytest.raises(FreshAuthenticationNeededError):
        publish(desk, administrator, "2", material=True)


def test_a_version_that_does_not_exist_cannot_be_accepted(desk) -> None:
    desk.person()
    with pytest.raises(NotFoundError):
        desk.ask(AcceptPolicy(session=desk.log_in().token, policy_version="9"))
