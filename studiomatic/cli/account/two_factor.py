"""``studio account two-factor``: set up, use and give up second factors."""

from __future__ import annotations

import base64
from typing import Annotated

import typer
from rich.markup import escape

from shared.contracts.accounts import RequestAccepted
from shared.contracts.factors import (
    BeginTotp,
    CancelFactorRemoval,
    DisableTotp,
    EnableTotp,
    FactorEnabled,
    FactorList,
    FactorRemoved,
    ListFactors,
    RecoveryCodes,
    RegenerateRecoveryCodes,
    RemoveWebauthn,
    RequestFactorRemoval,
    TotpBegun,
)
from shared.contracts.refusals import CodeInvalidError
from shared.errors import InvalidInputError
from shared.sealing import SealingKey, totp_info
from studiomatic.cli.account.logging_in import first_step
from studiomatic.cli.account.options import Email
from studiomatic.cli.asking import ask_link, ask_secret, ask_text, is_asking_a_person
from studiomatic.cli.desk import Desk, open_desk
from studiomatic.cli.options import AsJson, Bus
from studiomatic.cli.session import explains_errors, print_json

app = typer.Typer(
    help="Second factors: codes of an authenticator app, passkeys, recovery codes.\n\nA passkey is registered in a"
    " browser; here it can be seen and removed.",
    no_args_is_help=True,
)


@app.command()
@explains_errors
def show(bus: Bus = None, as_json: AsJson = False) -> None:
    """Show which second factors are set up."""
    with open_desk(bus, as_json=as_json) as desk:
        factors = desk.ask_signed_in(ListFactors, FactorList)
        if as_json:
            print_json(factors.model_dump(mode="json"))
            return
        desk.say(f"authenticator app: {'set up' if factors.totp else 'no'}")
        for passkey in factors.webauthn:
            used = "never used" if passkey.last_used_at is None else f"last used {passkey.last_used_at:%Y-%m-%d}"
            desk.say(f"passkey {escape(passkey.label or 'without name')}: {passkey.credential_id}, {used}")
        desk.say(f"recovery codes left: {factors.recovery_codes_left}")
        if not factors.webauthn:
            desk.say("[dim]passkeys and security keys are registered in a browser[/]")


@app.command()
@explains_errors
def enable(bus: Bus = None, as_json: AsJson = False) -> None:
    """Set up codes of an authenticator app: shows a QR code and its secret, then asks for the first code."""
    with open_desk(bus, as_json=as_json) as desk:
        key = SealingKey.one_time()
        begun = desk.ask_signed_in(BeginTotp, TotpBegun, reply_key=key.public)
        account = desk.session()
        seed = key.open(begun.sealed_seed, info=totp_info(account.account_id, begun.enrolment_id))
        _show_seed(desk, base64.b32encode(seed).decode(), begun)
        enabled = _enabled(desk, begun)
        desk.emit("factor_enabled", factor="totp", recovery_codes=enabled.recovery_codes)
        desk.say("from now on a login asks for a code of the app")
        _show_codes(desk, enabled.recovery_codes)


@app.command()
@explains_errors
def disable(bus: Bus = None, as_json: AsJson = False) -> None:
    """Give up codes of an authenticator app."""
    with open_desk(bus, as_json=as_json) as desk:
        desk.ask_signed_in(DisableTotp, FactorRemoved, client=desk.client_info(desk.session().email))
        desk.emit("factor_removed", factor="totp")
        desk.say("codes of an app are not asked for any more")


@app.command("recovery-codes")
@explains_errors
def recovery_codes(bus: Bus = None, as_json: AsJson = False) -> None:
    """Make ten new recovery codes; the old ones are dead."""
    with open_desk(bus, as_json=as_json) as desk:
        made = desk.ask_signed_in(
            RegenerateRecoveryCodes, RecoveryCodes, client=desk.client_info(desk.session().email)
        )
        desk.emit("recovery_codes", recovery_codes=made.codes)
        _show_codes(desk, made.codes)


@app.command("remove-passkey")
@explains_errors
def remove_passkey(
    credential_id: Annotated[
        str, typer.Argument(metavar="PASSKEY", help="Id, as `studio account two-factor show` shows it.")
    ],
    bus: Bus = None,
    as_json: AsJson = False,
) -> None:
    """Give up a passkey or security key."""
    with open_desk(bus, as_json=as_json) as desk:
        desk.ask_signed_in(
            RemoveWebauthn,
            FactorRemoved,
            credential_id=credential_id,
            client=desk.client_info(desk.session().email),
        )
        desk.emit("factor_removed", factor="webauthn", credential_id=credential_id)
        desk.say("the passkey is removed")


@app.command()
@explains_errors
def lost(email: Email = None, bus: Bus = None, as_json: AsJson = False) -> None:
    """Factor and recovery codes are lost: ask for the removal of all second factors, which takes 72 hours."""
    with open_desk(bus, as_json=as_json) as desk:
        address = email or ask_text("e-mail address")
        challenge = first_step(desk, address).challenge
        if challenge is None:
            raise InvalidInputError("this account asks for no second factor; log in with: studio account login")
        desk.ask(RequestFactorRemoval(challenge=challenge, client=desk.client_info(address)), RequestAccepted)
        desk.emit("request_accepted", email=address)
        desk.say(
            "in 72 hours the password alone will do; letters say so, and whoever has the second factor can stop it"
        )


@app.command()
@explains_errors
def found(bus: Bus = None, as_json: AsJson = False) -> None:
    """Stop the removal of the second factors with the link of a letter."""
    with open_desk(bus, as_json=as_json) as desk:
        desk.ask(
            CancelFactorRemoval(link=ask_link("link of the letter"), client=desk.client_info()), RequestAccepted
        )
        desk.emit("factor_removal_cancelled")
        desk.say("the second factors stay")


def _show_seed(desk: Desk, secret: str, begun: TotpBegun) -> None:
    """Both for a camera and for typing; shown once and kept nowhere."""
    import pyotp  # only here: no other command needs them
    import segno

    address = pyotp.TOTP(secret).provisioning_uri(name=begun.account_label, issuer_name=begun.issuer)
    desk.emit("totp_begun", secret=secret, uri=address, expires_at=begun.expires_at)
    if not desk.as_json:
        segno.make(address).terminal(compact=True)
    grouped = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    desk.say(f"scan this with your authenticator app, or type its secret: [bold]{grouped}[/]")


def _enabled(desk: Desk, begun: TotpBegun) -> FactorEnabled:
    """Ask for the first code; a person may try again while the seed waits."""
    while True:
        try:
            return desk.ask_signed_in(
                EnableTotp,
                FactorEnabled,
                enrolment_id=begun.enrolment_id,
                code=ask_secret("code of the app").replace(" ", ""),
                client=desk.client_info(desk.session().email),
            )
        except CodeInvalidError as error:
            if not is_asking_a_person():
                raise
            desk.say(f"[yellow]{error.message}[/]")


def _show_codes(desk: Desk, codes: tuple[str, ...]) -> None:
    if codes:
        desk.say("recovery codes, each good once; they are shown now and never again, so keep them on paper:")
        for code in codes:
            desk.say(f"  [bold]{code}[/]")
