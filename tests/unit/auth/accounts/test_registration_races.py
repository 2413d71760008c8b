"""Several people at once want one address."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from shared.contracts.accounts import ChangeAddress, ConfirmAddress
from shared.contracts.refusals import LinkInvalidError


def test_of_three_registrations_of_one_address_at_once_one_opens_an_account(desk) -> None:
    """ASVS 5.0 15.4.2: all get the same answer, and nothing is left half done."""
    together = threading.Barrier(3)

    def register(email: str) -> str:
        together.wait()
        return desk.register(email).model_dump_json()

    with ThreadPoolExecutor(3) as pool:
        answers = set(pool.map(register, ("ada@example.org", "ADA@example.org", "Ada@Example.Org")))
    assert len(answers) == 1
    rows = desk.rows()
    assert (rows["accounts"], rows["passwords"]) == (1, 1)
    assert desk.facts() == ["account.registered"]
    told = sorted(template for template, _ in desk.told())
    assert told == ["address_already_registered", "address_already_registered", "confirm_address"]


def test_of_two_accounts_that_move_to_one_address_at_once_one_gets_it(desk, client) -> None:
    """ASVS 5.0 15.4.2."""
    links = []
    for email in ("ada@example.org", "bob@example.org"):
        desk.person(email)
        session = desk.log_in(email)
        desk.ask(ChangeAddress(session=session.token, email="both@example.org", client=client))
        mail = next(mail for mail in desk.deliver() if mail.template == "confirm_new_address")
        links.append(mail.text.partition("#")[2][:43])
    together = threading.Barrier(2)

    def confirm(link: str) -> bool:
        together.wait()
        try:
            desk.ask(ConfirmAddress(link=link, client=client))
        except LinkInvalidError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(confirm, links)) == 1
    assert desk.account("both@example.org").state == "active"
    assert desk.rows()["accounts"] == 2
