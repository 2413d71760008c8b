"""Moves an account to an address whose mailbox its owner has just shown to be his, or gives such a move up."""

from __future__ import annotations

from services.auth.domain.records import Account, LinkPurpose
from services.auth.handlers.account_ports import AccountUnit
from services.auth.handlers.links import Links
from shared.contracts.accounts import AccountPurged


def move_to(unit: AccountUnit, account: Account, *, email: str, key: str) -> bool:
    """Make it the account's address; ends a change that was asked for.

    Somebody who opened an account with the address and never confirmed it does not keep it: his account goes.

    Returns:
        False if another account has confirmed the address; nothing was changed.
    """
    rival = unit.accounts.by_address(key)
    if rival is not None and rival.account_id != account.account_id and unit.accounts.purge(rival.account_id):
        unit.publish(AccountPurged(account_id=rival.account_id))
    return unit.accounts.move(account.account_id, email=email, key=key)


def stay(unit: AccountUnit, links: Links, account_id: str) -> None:
    """End a change of address that waits for its link: perhaps somebody else than the owner asked for it."""
    unit.accounts.update(account_id, new_email=None, new_address_key=None)
    links.end(unit, account_id, LinkPurpose.CONFIRM_NEW_ADDRESS)
