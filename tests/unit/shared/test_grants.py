"""Tickets, job tokens and grants: only what the right service signed, of the right kind, in its time, is believed."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.contracts.factors import Purpose
from shared.contracts.grants import CLOCK_SKEW_S, Grant, JobToken, Ticket
from shared.grants import StatementInvalidError, check, issue
from shared.service_keys import ServiceKeys, ensure_keys
from shared.signing import Signer, Verifier, key_id, make_key

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
UNTIL = NOW + timedelta(minutes=5)
TIMES = {"issued_at": NOW, "expires_at": UNTIL}
TICKET = Ticket(
    ticket_id="t", account_id="a", session_id="s", audience="keyvault", purpose=Purpose.VAULT_WRITE, **TIMES
)
JOB_TOKEN = JobToken(token_id="t", account_id="a", session_id="s", job_id="j", providers=("zai",), **TIMES)
GRANT = Grant(
    grant_id="g",
    job_token="signed",
    actor="content",
    audience="keyvault",
    purpose="content.write_script",
    providers=("zai",),
    max_uses=5,
    **TIMES,
)
ISSUERS = {Ticket: "auth", JobToken: "auth", Grant: "orchestrator"}
STATEMENTS = pytest.mark.parametrize("statement", [TICKET, JOB_TOKEN, GRANT], ids=["ticket", "job token", "grant"])


@dataclass
class FakeClock:
    """A clock that stands."""

    time: datetime = NOW

    def now(self) -> datetime:
        return self.time


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> ServiceKeys:
    return ensure_keys(tmp_path_factory.mktemp("keys"), ("auth", "orchestrator", "content", "keyvault", "edge"))


def issued(statement: Ticket | JobToken | Grant, keys: ServiceKeys) -> str:
    return issue(statement, keys.signer(ISSUERS[type(statement)]))


def reason(text: str, kind: type[Ticket | JobToken | Grant], pins: Verifier, time: datetime = NOW) -> str:
    """Why it is refused."""
    with pytest.raises(StatementInvalidError) as refused:
        check(text, kind, pins, FakeClock(time))
    assert str(refused.value) == str(StatementInvalidError("")), "the caller learns no reason"
    return refused.value.reason


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@STATEMENTS
def test_what_the_right_service_says_is_believed(statement, keys: ServiceKeys) -> None:
    assert check(issued(statement, keys), type(statement), keys.pins, FakeClock()) == statement


@STATEMENTS
@pytest.mark.parametrize("kind", [Ticket, JobToken, Grant])
def test_no_kind_passes_for_another(statement, kind, keys: ServiceKeys) -> None:
    """ASVS 5.0 9.2.2. Also where the issuer is the same."""
    if kind is not type(statement):
        assert reason(issued(statement, keys), kind, keys.pins) in ("signature", "issuer")


@STATEMENTS
@pytest.mark.parametrize("service", ["content", "keyvault", "edge", "orchestrator", "auth"])
def test_another_service_may_not_say_it(statement, service: str, keys: ServiceKeys) -> None:
    """ASVS 5.0 9.1.3: the key must be of who may issue this kind."""
    if service != ISSUERS[type(statement)]:
        assert reason(issue(statement, keys.signer(service)), type(statement), keys.pins) == "issuer"


@STATEMENTS
def test_the_kid_of_another_does_not_help(statement, keys: ServiceKeys) -> None:
    forged = issue(statement, keys.signer("content"))
    kid = keys.signer(ISSUERS[type(statement)]).key_id
    assert reason(kid + forged[forged.index(".") :], type(statement), keys.pins) == "signature"


@STATEMENTS
def test_a_key_that_is_not_pinned_may_not_say_it(statement, keys: ServiceKeys, tmp_path: Path) -> None:
    private = make_key(tmp_path / "mallory.pem")
    issuer = ISSUERS[type(statement)]
    mallory = Signer(key_id=key_id(issuer, private.public_key()), private_key=private)
    assert reason(issue(statement, mallory), type(statement), keys.pins) == "issuer"


@STATEMENTS
@pytest.mark.parametrize(
    ("after", "why"),
    [
        (timedelta(seconds=-CLOCK_SKEW_S - 1), "not_yet"),
        (timedelta(minutes=5), "expired"),
        (timedelta(days=400), "expired"),
    ],
)
def test_it_counts_only_in_its_time(statement, after: timedelta, why: str, keys: ServiceKeys) -> None:
    """ASVS 5.0 9.2.1."""
    assert reason(issued(statement, keys), type(statement), keys.pins, NOW + after) == why


@STATEMENTS
def test_clocks_may_differ_a_little_and_the_last_moment_counts(statement, keys: ServiceKeys) -> None:
    text = issued(statement, keys)
    for time in (NOW - timedelta(seconds=CLOCK_SKEW_S), UNTIL - timedelta(microseconds=1)):
        assert check(text, type(statement), keys.pins, FakeClock(time)) == statement


def test_any_changed_character_of_the_statement_is_refused(keys: ServiceKeys) -> None:
    text = issued(GRANT, keys)
    begin, end = text.index(".") + 1, text.rindex(".")
    for place in range(begin, end, 5):
        other = "B" if text[place] == "A" else "A"
        assert reason(text[:place] + other + text[place + 1 :], Grant, keys.pins) in ("signature", "form")


def test_a_grant_cannot_be_widened(keys: ServiceKeys) -> None:
    kid, body, signature = issued(GRANT, keys).split(".")
    wider = json.loads(decoded(body)) | {"max_uses": 1000}
    assert reason(".".join((kid, encoded(json.dumps(wider).encode()), signature)), Grant, keys.pins) == "signature"


def jwt(header: dict, keys: ServiceKeys, sign: Callable[[bytes], bytes]) -> str:
    """The ticket as a JSON Web Token, as somebody might try who knows those."""
    first = encoded(json.dumps(header).encode()) + "." + encoded(TICKET.model_dump_json().encode())
    return first + "." + encoded(sign(first.encode()))


def test_no_algorithm_can_be_chosen(keys: ServiceKeys) -> None:
    """ASVS 5.0 9.1.2, RFC 8725 section 3.1: neither `none` nor an HMAC with the public key as its secret."""
    kid = keys.signer("auth").key_id
    public = keys.pins.public_keys[kid].public_bytes_raw()
    tokens = [
        jwt({"alg": "none", "kid": kid}, keys, lambda _: b""),
        jwt({"alg": "HS256", "kid": kid}, keys, lambda text: hmac.digest(public, text, "sha256")),
        jwt({"alg": "EdDSA", "kid": kid}, keys, keys.signer("auth").sign),
    ]
    body = encoded(TICKET.model_dump_json().encode())
    own_form = [
        f"{kid}.{body}.",
        f"{kid}.{body}.{encoded(hmac.digest(public, body.encode(), 'sha256'))}",
        f"none.{body}.",
        f"{kid}.{body}.{encoded(bytes(64))}",
    ]
    for text in (*tokens, *own_form):
        assert reason(text, Ticket, keys.pins) in ("issuer", "signature")


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "...", "a.b", "a.b.c.d", "ä.ö.ü", "\x00.\x00.\x00", "a.!!!.???", "x" * 100_000, "a." * 10_000],
    ids=lambda text: repr(text[:12]),
)
def test_garbage_is_refused(text: str, keys: ServiceKeys) -> None:
    for kind in (Ticket, JobToken, Grant):
        assert reason(text, kind, keys.pins) in ("form", "issuer")


def test_what_is_signed_but_no_statement_is_refused(keys: ServiceKeys) -> None:
    signer = keys.signer("auth")
    for body in (b"", b"null", b"[]", b"{}", b"{" * 1000, TICKET.model_dump_json().replace('"a"', "7").encode()):
        signature = signer.sign(b"studiomatic/ticket/1\0" + body)
        assert reason(".".join((signer.key_id, encoded(body), encoded(signature))), Ticket, keys.pins) == "form"


def test_the_written_form_is_known(keys: ServiceKeys) -> None:
    """Decoded without our code: kid, JSON, and a signature over the kind and exactly that JSON."""
    kid, body, signature = issued(TICKET, keys).split(".")
    assert json.loads(decoded(body))["account_id"] == "a"
    keys.pins.public_keys[kid].verify(decoded(signature), b"studiomatic/ticket/1\0" + decoded(body))
