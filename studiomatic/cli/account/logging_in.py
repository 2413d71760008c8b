"""Log in with one or two factors, and out."""

from __future__ import annotations

from shared.contracts.accounts import AccountState
from shared.contracts.refusals import CodeInvalidError, SessionInvalidError
from shared.contracts.sessions import (
    LoggedOut,
    LogIn,
    LoginAnswer,
    LogOut,
    PassChallenge,
    SessionOpened,
)
from shared.errors import InvalidInputError
from studiomatic.cli.account.options import Email
from studiomatic.cli.asking import ask_secret, ask_text, is_asking_a_person
from studiomatic.cli.desk import Desk, open_desk
from studiomatic.cli.options import AsJson, Bus
from studiomatic.cli.second_factor import factor_arguments
from studiomatic.cli.session import explains_errors


@explains_errors
def login(email: Email = None, bus: Bus = None, as_json: AsJson = False) -> None:
    """Log in; asks for the password, and for a code where a second factor is set up."""
    with open_desk(bus, as_json=as_json) as desk:
        address = email or ask_text("e-mail address")
        opened = _opened(desk, first_step(desk, address), address)
        _end_the_session_before(desk)
        desk.keep(opened, address)
        desk.emit(
            "logged_in",
            account_id=opened.account_id,
            session_id=opened.session_id,
            assurance=opened.assurance.value,
            state=opened.state.value,
            password_must_change=opened.password_must_change,
            expires_at=opened.expires_at,
        )
        _say_opened(desk, opened, address)


@explains_errors
def logout(bus: Bus = None, as_json: AsJson = False) -> None:
    """End the session."""
    with open_desk(bus, as_json=as_json) as desk:
        session = desk.session()
        desk.ask(LogOut(session=session.token), LoggedOut)
        desk.file.forget()
        desk.emit("logged_out", session_id=session.session_id)
        desk.say("logged out")


def first_step(desk: Desk, address: str) -> LoginAnswer:
    """Answer with the password; gives a session, or the challenge for a second factor."""
    return desk.ask(
        LogIn(email=address, password=ask_secret("password"), client=desk.client_info(address)), LoginAnswer
    )


def _opened(desk: Desk, answer: LoginAnswer, address: str) -> SessionOpened:
    while answer.session is None:
        if answer.challenge is None:
            raise InvalidInputError("this account asks for a factor that this release does not know")
        answer = _second_step(desk, answer, address)
    return answer.session


def _second_step(desk: Desk, answer: LoginAnswer, address: str) -> LoginAnswer:
    """Answer the challenge; a person may try again as long as it lives."""
    query = PassChallenge(
        challenge=answer.challenge, client=desk.client_info(address), **factor_arguments(answer.factors)
    )
    try:
        return desk.ask(query, LoginAnswer)
    except CodeInvalidError as error:
        if not is_asking_a_person():
            raise
        desk.say(f"[yellow]{error.message}[/]")
        return answer


def _end_the_session_before(desk: Desk) -> None:
    """Nobody could use it any more, so that it need not live."""
    before = desk.file.session()
    if before is not None:
        try:
            desk.ask(LogOut(session=before.token), LoggedOut)
        except SessionInvalidError:
            return


def _say_opened(desk: Desk, opened: SessionOpened, address: str) -> None:
    desk.say(f"logged in as {address}, until {opened.expires_at:%Y-%m-%d %H:%M} UTC at the latest")
    if opened.password_must_change:
        desk.say(
            "[yellow]this password is in a list of stolen ones; set another: studio account change-password[/]"
        )
    if opened.state is AccountState.DELETION_REQUESTED:
        desk.say("[yellow]this account is being deleted; stop that with: studio account keep[/]")
    if opened.state is AccountState.UNCONFIRMED:
        desk.say("[yellow]the address is not confirmed yet: studio account confirm[/]")
