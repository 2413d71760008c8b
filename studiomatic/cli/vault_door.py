"""Opens the vault for a command: whose keys, with which proof, sealed to which key."""

from __future__ import annotations

from shared.clock import SystemClock
from shared.contracts.factors import IssueTicket, Purpose, TicketIssued
from shared.contracts.vault import PLATFORM_ACCOUNT
from studiomatic.cli.desk import Desk
from studiomatic.cli.places import edge_keys
from studiomatic.client.vault import OwnersTickets, Vault
from studiomatic.data_folder import DataFolder
from studiomatic.folder_keys import folder_keys

_KEYVAULT = "keyvault"


def open_vault(desk: Desk, *, platform: bool = False) -> Vault:
    """The vault of who is logged in, or of a data folder whose owner never registered.

    Args:
        platform: The keys that the operator provides, instead of one's own.
    """
    if desk.settings.embedded and (platform or desk.file.session() is None):
        return _vault_of_the_folder(desk, platform=platform)
    account_id = PLATFORM_ACCOUNT if platform else desk.session().account_id

    def ticket_for(purpose: Purpose) -> str:
        return desk.ask_signed_in(IssueTicket, TicketIssued, purpose=purpose).ticket

    return Vault(desk.client.as_account(account_id), account_id, ticket_for, _sealing_key(desk))


def open_vault_of_its_operator(desk: Desk) -> Vault:
    """The vault for whoever runs it: the owner of a data folder, or an administrator who is logged in."""
    return _vault_of_the_folder(desk) if desk.settings.embedded else open_vault(desk)


def _vault_of_the_folder(desk: Desk, *, platform: bool = False) -> Vault:
    folder = DataFolder(desk.settings.data_dir)
    keys = folder_keys(folder.path)
    tickets = OwnersTickets(folder.account_id, keys.signer("auth"), SystemClock())
    account_id = PLATFORM_ACCOUNT if platform else folder.account_id
    sealing_key = keys.pins.sealing_key_of(_KEYVAULT)
    return Vault(desk.client.as_account(account_id), account_id, tickets.ticket_for, sealing_key)


def _sealing_key(desk: Desk) -> str:
    if desk.settings.embedded:
        return folder_keys(desk.settings.data_dir).pins.sealing_key_of(_KEYVAULT)
    return edge_keys(desk.settings).pins.sealing_key_of(_KEYVAULT)
