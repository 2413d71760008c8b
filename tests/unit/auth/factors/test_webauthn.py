"""Passkeys and security keys, with an authenticator in software (WebAuthn level 3)."""

from __future__ import annotations

import json

import pytest

from services.auth.domain.challenges import Challenge, ChallengePurpose
from services.auth.webauthn import WebauthnPasskeys
from shared.contracts.factors import (
    BeginWebauthn,
    BeginWebauthnAssertion,
    EnableWebauthn,
    ListFactors,
    RemoveWebauthn,
)
from shared.contracts.refusals import ChallengeEndedError, CodeInvalidError, FreshAuthenticationNeededError
from shared.contracts.sessions import Factor
from shared.errors import InvalidInputError, NotFoundError

WITHOUT_VERIFICATION = 0x01  # present, not verified
WITHOUT_PRESENCE = 0x04

WRONG = [
    pytest.param({"origin": "https://studio.example.evil.example"}, id="origin"),
    pytest.param({"origin": "http://studio.example"}, id="scheme"),
    pytest.param({"origin": "https://studio.example:8443"}, id="port"),
    pytest.param({"rp_id": "evil.example"}, id="relying party"),
    pytest.param({"challenge": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}, id="challenge"),
    pytest.param({"flags": WITHOUT_VERIFICATION}, id="person not verified"),
    pytest.param({"flags": WITHOUT_PRESENCE}, id="person not present"),
    pytest.param({"cross_origin": True}, id="in a frame of another site"),
    pytest.param({"kind": "payment.get"}, id="kind"),
]


def enable(desk, person, begun, credential: str, client, label: str = "Key"):
    return desk.webauthn.enable(
        EnableWebauthn(
            session=person.session,
            enrolment_id=begun.enrolment_id,
            credential=credential,
            label=label,
            client=client,
        )
    )


def begin(desk, person):
    return desk.webauthn.begin(BeginWebauthn(session=person.session))


def again(desk, person, client, **proof: str) -> Factor:
    """Authenticate anew in the session, as ``Reauthenticate`` does."""
    shown = {"totp": None, "recovery_code": None, "webauthn": None, **proof}
    return desk.second_factors.prove(
        desk.account(person), **shown, challenge=None, client=client, session_id=person.session_id
    )


def test_a_passkey_is_registered_and_passes_a_login(desk, authenticator, client) -> None:
    """ASVS 5.0 6.7.2; NIST SP 800-63B-4 section 2.2.2 wants a factor that resists phishing."""
    person = desk.person()
    begun = begin(desk, person)
    enabled = enable(desk, person, begun, authenticator.make(begun.options), client)
    assert len(enabled.recovery_codes) == 10
    assert desk.factors(person) == (Factor.WEBAUTHN, Factor.RECOVERY_CODE)

    token, options = desk.challenge(person)
    assert desk.pass_challenge(person, token, webauthn=authenticator.sign(options)) is Factor.WEBAUTHN
    listed = desk.recovery.list(ListFactors(session=person.session)).webauthn
    assert [(key.label, key.last_used_at) for key in listed] == [("Key", desk.clock.now())]


def test_options_ask_for_a_verified_person_and_no_attestation(desk) -> None:
    person = desk.person()
    desk.with_passkey(person)
    made = json.loads(begin(desk, person).options)
    assert made["rp"] == {"id": "studio.example", "name": "Studiomatic"}
    assert made["attestation"] == "none"
    assert made["authenticatorSelection"]["userVerification"] == "required"
    assert len(made["excludeCredentials"]) == 1
    asked = json.loads(desk.challenge(person)[1])
    assert (asked["rpId"], asked["userVerification"]) == ("studio.example", "required")


@pytest.mark.parametrize("wrong", WRONG)
def test_a_registration_that_does_not_fit_is_refused(desk, authenticator, client, wrong) -> None:
    """ASVS 5.0 6.7.2; WebAuthn level 3 section 7.1."""
    person = desk.person()
    begun = begin(desk, person)
    with pytest.raises(CodeInvalidError):
        enable(desk, person, begun, authenticator.make(begun.options, **wrong), client)
    assert desk.factors(person) == ()


@pytest.mark.parametrize("wrong", [*WRONG, pytest.param({"user": b"somebody else"}, id="user handle")])
def test_a_signature_that_does_not_fit_is_refused(desk, wrong) -> None:
    """ASVS 5.0 6.7.2; WebAuthn level 3 section 7.2."""
    person = desk.person()
    key = desk.with_passkey(person)
    token, options = desk.challenge(person)
    with pytest.raises(CodeInvalidError):
        desk.pass_challenge(person, token, webauthn=key.sign(options, **wrong))
    assert desk.pass_challenge(person, token, webauthn=key.sign(options)) is Factor.WEBAUTHN


def test_a_count_that_does_not_grow_is_refused(desk) -> None:
    """ASVS 5.0 6.7.2: a copied key shows by its count. WebAuthn level 3 section 6.1.1."""
    person = desk.person()
    key = desk.with_passkey(person)
    token, options = desk.challenge(person)
    desk.pass_challenge(person, token, webauthn=key.sign(options, count=7))
    for count in (7, 3, 0):
        token, options = desk.challenge(person)
        with pytest.raises(CodeInvalidError):
            desk.pass_challenge(person, token, webauthn=key.sign(options, count=count))
    token, options = desk.challenge(person)
    desk.pass_challenge(person, token, webauthn=key.sign(options, count=8))


def test_a_key_that_does_not_count_works_every_time(desk, authenticator, client) -> None:
    """Synchronised passkeys always say 0."""
    person = desk.person()
    begun = begin(desk, person)
    enable(desk, person, begun, authenticator.make(begun.options, count=0), client)
    for _ in range(2):
        token, options = desk.challenge(person)
        desk.pass_challenge(person, token, webauthn=authenticator.sign(options, count=0))


def test_a_signature_is_good_for_its_own_challenge_only_and_once(desk) -> None:
    """ASVS 5.0 6.7.2: challenges are unique and used once."""
    person = desk.person()
    key = desk.with_passkey(person)
    (first, options), (second, _) = desk.challenge(person), desk.challenge(person)
    signed = key.sign(options)
    with pytest.raises(CodeInvalidError):
        desk.pass_challenge(person, second, webauthn=signed)
    desk.pass_challenge(person, first, webauthn=signed)
    with pytest.raises(ChallengeEndedError):
        desk.pass_challenge(person, first, webauthn=signed)


def test_an_enrolment_is_good_once_for_five_minutes_and_in_its_own_session(desk, authenticator, client) -> None:
    """ASVS 5.0 6.7.2."""
    person = desk.person()
    begun = begin(desk, person)
    answer = authenticator.make(begun.options)
    enable(desk, person, begun, answer, client)
    with pytest.raises(ChallengeEndedError):
        enable(desk, person, begun, answer, client)

    begun = begin(desk, person)
    desk.clock.advance(5 * 60)
    with pytest.raises(ChallengeEndedError):
        enable(desk, person, begun, authenticator.make(begun.options), client)

    one, other = desk.person(), desk.person()
    begun = begin(desk, one)
    with pytest.raises(ChallengeEndedError):
        enable(desk, other, begun, authenticator.make(begun.options), client)


def test_an_enrolment_takes_five_answers(desk, authenticator, client) -> None:
    """ASVS 5.0 6.6.3."""
    person = desk.person()
    begun = begin(desk, person)
    for _ in range(5):
        with pytest.raises(CodeInvalidError):
            enable(desk, person, begun, "{}", client)
    with pytest.raises(ChallengeEndedError):
        enable(desk, person, begun, authenticator.make(begun.options), client)


def test_the_token_of_an_enrolment_passes_no_login_and_the_other_way_round(desk, authenticator, client) -> None:
    """What a challenge is for is part of it."""
    person = desk.person()
    desk.with_passkey(person)
    begun = begin(desk, person)
    with pytest.raises(ChallengeEndedError):
        desk.pass_challenge(person, begun.enrolment_id, totp="123456")
    token, _ = desk.challenge(person)
    with pytest.raises(ChallengeEndedError):
        desk.webauthn.enable(
            EnableWebauthn(session=person.session, enrolment_id=token, credential="{}", client=client)
        )


def test_a_key_is_registered_with_one_account_only(desk, authenticator, client) -> None:
    """WebAuthn level 3 section 7.1 step 26."""
    one, other = desk.person(), desk.person()
    begun = begin(desk, one)
    enable(desk, one, begun, authenticator.make(begun.options), client)
    begun = begin(desk, other)
    with pytest.raises(CodeInvalidError):
        enable(desk, other, begun, authenticator.make(begun.options), client)
    assert desk.factors(other) == ()


def test_the_key_of_another_account_opens_nothing(desk, client) -> None:
    """Threat model, threat 1."""
    one, other = desk.person(), desk.person()
    key = desk.with_passkey(one)
    desk.with_passkey(other)
    token, options = desk.challenge(other)
    with pytest.raises(CodeInvalidError):
        desk.pass_challenge(other, token, webauthn=key.sign(options))
    name = desk.recovery.list(ListFactors(session=one.session)).webauthn[0].credential_id
    with pytest.raises(NotFoundError):
        desk.webauthn.remove(RemoveWebauthn(session=other.session, credential_id=name, client=client))
    assert Factor.WEBAUTHN in desk.factors(one)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "null",
        "[]",
        "7",
        "{}",
        '{"id": 7}',
        "{" * 10_000,
        '{"id":"a","rawId":"a","type":"public-key","response":{}}',
    ],
)
def test_an_answer_that_is_none_is_refused_without_a_crash(desk, client, answer: str) -> None:
    person = desk.person()
    desk.with_passkey(person)
    token, _ = desk.challenge(person)
    with pytest.raises(CodeInvalidError):
        desk.pass_challenge(person, token, webauthn=answer)
    with pytest.raises(CodeInvalidError):
        enable(desk, person, begin(desk, person), answer, client)


@pytest.mark.parametrize("field", ["clientDataJSON", "authenticatorData", "signature"])
@pytest.mark.parametrize("damage", ["", "AAAA", "%%%", "o2NmbXRkbm9uZQ"])
def test_a_damaged_signature_is_refused_without_a_crash(desk, field: str, damage: str) -> None:
    person = desk.person()
    key = desk.with_passkey(person)
    token, options = desk.challenge(person)
    answer = json.loads(key.sign(options))
    answer["response"][field] = damage
    with pytest.raises(CodeInvalidError):
        desk.pass_challenge(person, token, webauthn=json.dumps(answer))


def test_a_session_authenticates_anew_with_its_own_challenge(desk, client) -> None:
    """ASVS 5.0 7.5.3."""
    person = desk.person()
    key = desk.with_passkey(person)
    with pytest.raises(CodeInvalidError):
        again(desk, person, client, webauthn=key.sign(desk.challenge(person)[1]))
    options = desk.webauthn.begin_assertion(BeginWebauthnAssertion(session=person.session)).options
    signed = key.sign(options)
    assert again(desk, person, client, webauthn=signed) is Factor.WEBAUTHN
    with pytest.raises(CodeInvalidError):
        again(desk, person, client, webauthn=signed)


def test_without_a_passkey_none_is_asked_for(desk) -> None:
    person = desk.person()
    desk.with_totp(person)
    with pytest.raises(NotFoundError):
        desk.webauthn.begin_assertion(BeginWebauthnAssertion(session=person.session))
    assert desk.challenge(person)[1] is None


def test_a_key_is_given_up_and_with_the_last_one_the_recovery_codes(desk, client) -> None:
    person = desk.person()
    desk.with_passkey(person)
    desk.with_passkey(person)
    for remaining in (1, 0):
        name = desk.recovery.list(ListFactors(session=person.session)).webauthn[0].credential_id
        desk.webauthn.remove(RemoveWebauthn(session=person.session, credential_id=name, client=client))
        listed = desk.recovery.list(ListFactors(session=person.session))
        assert (len(listed.webauthn), listed.recovery_codes_left) == (remaining, 10 if remaining else 0)
    with pytest.raises(NotFoundError):
        desk.webauthn.remove(RemoveWebauthn(session=person.session, credential_id=name, client=client))


def test_adding_and_giving_up_need_a_fresh_proof_of_identity(desk, client) -> None:
    """ASVS 5.0 7.5.1."""
    person = desk.person()
    desk.clock.advance(5 * 60)
    with pytest.raises(FreshAuthenticationNeededError):
        begin(desk, person)
    with pytest.raises(FreshAuthenticationNeededError):
        desk.webauthn.remove(RemoveWebauthn(session=person.session, credential_id="a", client=client))


def test_an_account_has_at_most_twenty_keys(desk) -> None:
    person = desk.person()
    for _ in range(20):
        desk.with_passkey(person)
    with pytest.raises(InvalidInputError):
        begin(desk, person)


@pytest.mark.parametrize(
    ("public_url", "party", "origin"),
    [
        ("https://Studio.Example:443", "studio.example", "https://studio.example"),
        ("https://studio.example:8443", "studio.example", "https://studio.example:8443"),
        ("http://localhost:8000", "localhost", "http://localhost:8000"),
        ("http://localhost:80", "localhost", "http://localhost"),
        ("https://bücher.example", "xn--bcher-kva.example", "https://xn--bcher-kva.example"),
    ],
)
def test_passkeys_are_bound_to_the_public_address(desk, authenticator, public_url, party, origin) -> None:
    """WebAuthn level 3 section 5.1.3: browsers write origins so."""
    passkeys = WebauthnPasskeys(public_url)
    options = passkeys.registration_options(desk.account(desk.person()), "AAAA", ())
    assert json.loads(options)["rp"]["id"] == party
    assert passkeys.registered(authenticator.make(options, origin=origin), "AAAA").sign_count == 1


def test_a_challenge_shows_nothing_of_itself() -> None:
    challenge = Challenge(
        token_hash="h" * 64,
        account_id="a",
        purpose=ChallengePurpose.LOGIN,
        session_id=None,
        webauthn_challenge="c" * 43,
        tries=0,
        expires_at=None,  # type: ignore[arg-type]
    )
    assert "hhh" not in repr(challenge)
    assert "ccc" not in repr(challenge)
