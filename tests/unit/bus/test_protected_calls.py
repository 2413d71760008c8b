"""Of protected calls only the genuine ones are carried out, once, and only their genuine answers are believed."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.bus.answering import Answering, CallAnswerer
from shared.bus.context import Caller
from shared.bus.guarding import WINDOW, Guard, Replays
from shared.bus.parcel import Parcel
from shared.bus.questions import Asking, Question, new_question
from shared.bus.trace import new_traceparent
from shared.contracts.calls import CallFailed
from shared.contracts.envelope import Envelope, decode, read
from shared.contracts.message import Query, Reply
from shared.contracts.vault import (
    CheckTotp,
    KeyList,
    ListKeys,
    ShredUser,
    TotpChecked,
    UserShredded,
)
from shared.errors import ConfigurationError, ConflictError, InfrastructureError, NotGenuineError
from shared.sealing import SealingKey
from shared.service_keys import ServiceKeys
from shared.signing import Signer, Verifier, key_id, load_pins, load_signer, make_key, pin, write_pins

SERVICES = ("auth", "content", "gdpr", "keyvault", "edge")
NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
CODE = "493817"


@dataclass
class FakeClock:
    """A clock that stands."""

    time: datetime = NOW

    def now(self) -> datetime:
        return self.time


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> ServiceKeys:
    """Everybody's keys; who is who is said by the signer that is used."""
    folder = tmp_path_factory.mktemp("keys")
    private = {service: make_key(folder / f"{service}.pem") for service in SERVICES}
    write_pins(folder / "pins.json", private)
    pins = load_pins(folder / "pins.json")
    return ServiceKeys(
        pins=pins, signers={each: load_signer(folder / f"{each}.pem", pins, [each]) for each in SERVICES}
    )


@dataclass
class Vault:
    """A service with its call queue, on a bus that its owner controls."""

    keys: ServiceKeys
    clock: FakeClock = field(default_factory=FakeClock)
    asked: list[tuple[Query, Caller]] = field(default_factory=list)
    answers: list[Parcel] = field(default_factory=list)
    fails_with: Exception | None = None

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        queries = (CheckTotp, ListKeys, ShredUser)
        self._answerer = CallAnswerer(
            service="keyvault",
            answerings={query.type: Answering(query=query, answer=self._answer) for query in queries},
            replies=self,
            guard=Guard(service="keyvault", keys=self.keys, clock=self.clock),
        )

    def send(self, reply: Parcel, _address: str) -> None:
        self.answers.append(reply)

    def _answer(self, query: Query, caller: Caller) -> Reply:
        self.asked.append((query, caller))
        if self.fails_with is not None:
            raise self.fails_with
        match query:
            case CheckTotp():
                return TotpChecked(valid=query.code == CODE)
            case ListKeys():
                return KeyList(keys=())
            case _:
                return UserShredded(records=3)


@pytest.fixture
def vault(keys: ServiceKeys) -> Vault:
    return Vault(keys)


@pytest.fixture
def hand_over(delivery) -> Callable[..., Parcel | None]:
    """Give a message to a vault as a broker would; returns its answer."""

    def give(
        vault: Vault,
        question: Question,
        *,
        body: bytes | None = None,
        headers: Mapping[str, object] | None = None,
        route: tuple[str, str] | None = None,
    ) -> Parcel | None:
        message = delivery(
            question.parcel.envelope,
            headers=dict(question.parcel.headers if headers is None else headers),
            properties={"reply_to": "replies.x"},
            route=route or ("studio.rpc", question.routing_key),
        )
        message.body = question.parcel.body if body is None else body
        before = len(vault.answers)
        vault._answerer.deal(message)
        assert message.answers in (["ack"], ["dead_letter"])
        return vault.answers[-1] if len(vault.answers) > before else None

    return give


def asked_by(user: str, keys: ServiceKeys, query: Query, *, time: datetime = NOW) -> Question:
    """A question as ``user`` sends it at a time."""
    asking = Asking(query=query, user=user, account_id="account", traceparent=new_traceparent(), keys=keys)
    question = new_question(asking)
    envelope = question.parcel.envelope.model_copy(update={"time": time})
    return resigned(question, envelope, keys.signer(user))


def resigned(question: Question, envelope: Envelope, signer: Signer) -> Question:
    """The question with another envelope, signed as it should be."""
    body = envelope.encode()
    headers = signer.headers(body, exchange="studio.rpc", routing_key=question.routing_key)
    return replace(question, parcel=Parcel(envelope=envelope, body=body, headers=headers))


def believed(question: Question, answer: Parcel | None) -> Envelope:
    """What the caller takes the answer for."""
    assert answer is not None
    return question.answer(decode(answer.body), answer.body, answer.headers)


def refused(vault: Vault, question: Question, answer: Parcel | None) -> bool:
    """Whether the vault did nothing, and said so in a way that the caller believes."""
    return not vault.asked and read(believed(question, answer), CallFailed).error.code == "not_genuine"


def changed(body: bytes, change: Callable[[dict], None]) -> bytes:
    message = json.loads(body)
    change(message)
    return json.dumps(message, separators=(",", ":")).encode()


def test_a_sealed_call_arrives_and_its_answer_too(vault: Vault, keys: ServiceKeys, hand_over) -> None:
    question = asked_by("auth", keys, CheckTotp(code=CODE))

    answer = hand_over(vault, question)

    assert read(believed(question, answer), TotpChecked).valid
    query, caller = vault.asked[0]
    assert (query, caller.signer, caller.account_id) == (CheckTotp(code=CODE), "auth", "account")


def test_nothing_of_a_sealed_call_can_be_read_on_the_way(vault: Vault, keys: ServiceKeys, hand_over) -> None:
    question = asked_by("auth", keys, CheckTotp(code=CODE))
    answer = hand_over(vault, question)

    assert answer is not None
    for body in (question.parcel.body, answer.body):
        assert CODE.encode() not in body
        assert b"valid" not in body
    assert set(json.loads(question.parcel.body)["data"]) == {"sealed", "reply_key"}


def test_a_signed_call_names_its_signer_to_the_service(vault: Vault, keys: ServiceKeys, hand_over) -> None:
    question = asked_by("gdpr", keys, ShredUser())

    assert read(believed(question, hand_over(vault, question)), UserShredded).records == 3
    assert vault.asked[0][1].signer == "gdpr"


@pytest.mark.parametrize("query", [CheckTotp(code=CODE), ShredUser()], ids=["sealed", "signed"])
def test_an_error_is_protected_like_any_other_answer(
    vault: Vault, keys: ServiceKeys, hand_over, query: Query
) -> None:
    vault.fails_with = ConflictError("the words of the error")
    question = asked_by("auth", keys, query)

    answer = hand_over(vault, question)

    assert read(believed(question, answer), CallFailed).error.message == "the words of the error"
    assert answer is not None
    assert (b"the words" in answer.body) is isinstance(query, ShredUser)
    with pytest.raises(NotGenuineError):
        question.answer(decode(answer.body), answer.body, {})


ALTERED = {
    "code": lambda message: message["data"].update(code="000000"),
    "one-time key": lambda message: message["data"].update(reply_key=SealingKey.one_time().public),
    "account": lambda message: message.update(accountid="another"),
    "time": lambda message: message.update(time="2030-01-01T12:00:01Z"),
    "source": lambda message: message.update(source="/studiomatic/edge"),
    "id": lambda message: message.update(id="another"),
}


@pytest.mark.parametrize("change", ALTERED.values(), ids=ALTERED)
def test_an_altered_question_is_refused(vault: Vault, keys: ServiceKeys, hand_over, change) -> None:
    question = asked_by("auth", keys, CheckTotp(code=CODE))

    hand_over(vault, question, body=changed(question.parcel.body, change))

    assert vault.asked == []


def test_one_changed_byte_anywhere_is_refused(vault: Vault, keys: ServiceKeys, hand_over) -> None:
    question = asked_by("gdpr", keys, ShredUser())
    body = question.parcel.body
    for place in range(0, len(body), 7):
        hand_over(vault, question, body=body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :])
    assert vault.asked == []


WRONG_HEADERS = {
    "none": lambda headers: {},
    "no signature": lambda headers: {**headers, "sig": ""},
    "no text": lambda headers: {**headers, "sig": 7, "kid": None},
    "no ASCII": lambda headers: {**headers, "sig": "äöü"},
    "no key": lambda headers: {**headers, "kid": "auth-00000000"},
    "another's key": lambda headers: {**headers, "kid": headers["kid"].replace("auth-", "edge-")},
    "another exchange": lambda headers: {**headers, "exchange": "auth.events"},
    "another route": lambda headers: {**headers, "routing-key": "keyvault.list_keys"},
}


@pytest.mark.parametrize("change", WRONG_HEADERS.values(), ids=WRONG_HEADERS)
def test_a_question_without_its_own_valid_signature_is_refused_and_told_so(
    vault: Vault, keys: ServiceKeys, hand_over, change
) -> None:
    question = asked_by("auth", keys, CheckTotp(code=CODE))

    assert refused(vault, question, hand_over(vault, question, headers=change(question.parcel.headers)))


def test_a_key_that_is_not_pinned_is_refused(vault: Vault, keys: ServiceKeys, hand_over, tmp_path) -> None:
    key = make_key(tmp_path / "mallory.pem")
    signer = Signer(key_id=key_id("auth", key.public_key()), private_key=key)
    question = asked_by("auth", keys, ShredUser())

    forged = resigned(question, question.parcel.envelope, signer)

    assert refused(vault, forged, hand_over(vault, forged))


def test_nobody_signs_in_the_name_of_another(vault: Vault, keys: ServiceKeys, hand_over) -> None:
    question = asked_by("gdpr", keys, ShredUser())

    forged = resigned(question, question.parcel.envelope, keys.signer("content"))

    assert refused(vault, forged, hand_over(vault, forged))


@pytest.mark.parametrize(
    "route",
    [("studio.rpc", "keyvault.list_keys"), ("", "keyvault.rpc"), ("auth.events", "keyvault.shred_user")],
    ids=["under another call's key", "past the exchange", "through another exchange"],
)
def test_a_rerouted_question_is_refused(vault: Vault, keys: ServiceKeys, hand_over, route) -> None:
    question = asked_by("gdpr", keys, ShredUser())

    hand_over(vault, question, route=route)

    assert vault.asked == []


def test_the_type_decides_nothing_that_the_routing_key_does_not_allow(
    vault: Vault, keys: ServiceKeys, hand_over
) -> None:
    """The broker lets content use one routing key only; a body of another call under it gets nowhere."""
    question = asked_by("content", keys, ShredUser())
    body = question.parcel.body
    headers = keys.signer("content").headers(body, exchange="studio.rpc", routing_key="keyvault.deliver_key")

    hand_over(vault, question, headers=headers, route=("studio.rpc", "keyvault.deliver_key"))

    assert vault.asked == []


def test_a_second_copy_is_dropped_without_an_answer(vault: Vault, keys: ServiceKeys, hand_over) -> None:
    question = asked_by("auth", keys, CheckTotp(code=CODE))

    assert hand_over(vault, question) is not None
    assert hand_over(vault, question) is None
    assert len(vault.asked) == 1


def test_a_copy_is_still_refused_when_its_time_is_over(vault: Vault, keys: ServiceKeys, hand_over) -> None:
    question = asked_by("auth", keys, CheckTotp(code=CODE))
    hand_over(vault, question)

    vault.clock.time += WINDOW + timedelta(seconds=1)
    hand_over(vault, question)
    vault.restart()
    hand_over(vault, question)

    assert len(vault.asked) == 1


@pytest.mark.parametrize("late_s", [-61, 61, 3600])
def test_a_question_of_another_time_is_refused_with_the_reason(
    vault: Vault, keys: ServiceKeys, hand_over, late_s: int
) -> None:
    question = asked_by("gdpr", keys, ShredUser(), time=NOW - timedelta(seconds=late_s))

    answer = hand_over(vault, question)

    assert refused(vault, question, answer)
    assert "compare the clocks" in read(believed(question, answer), CallFailed).error.message


@pytest.mark.parametrize("late_s", [-59, 0, 59])
def test_clocks_may_differ_a_little(vault: Vault, keys: ServiceKeys, hand_over, late_s: int) -> None:
    question = asked_by("gdpr", keys, ShredUser(), time=NOW - timedelta(seconds=late_s))

    assert read(believed(question, hand_over(vault, question)), UserShredded)


def test_a_try_after_a_lost_connection_is_no_copy(vault: Vault, keys: ServiceKeys, hand_over) -> None:
    question = asked_by("auth", keys, CheckTotp(code=CODE))
    again = question.again()
    vault.clock.time = again.parcel.envelope.time

    assert again.id != question.id
    assert hand_over(vault, again) is not None


def test_sealed_data_does_not_open_in_another_question(vault: Vault, keys: ServiceKeys, hand_over) -> None:
    """Even one whose signer could be made to sign it anew."""
    first, second = (asked_by("auth", keys, CheckTotp(code=CODE)) for _ in range(2))
    mixed = second.parcel.envelope.model_copy(update={"data": first.parcel.envelope.data})
    question = resigned(second, mixed, keys.signer("auth"))

    assert refused(vault, question, hand_over(vault, question))


def test_the_answer_to_one_question_is_none_to_another(vault: Vault, keys: ServiceKeys, hand_over) -> None:
    for query in (CheckTotp(code=CODE), ShredUser()):
        first, second = (asked_by("auth", keys, query) for _ in range(2))
        old = hand_over(vault, first)
        assert old is not None

        renamed = decode(old.body).model_copy(update={"causationid": second.id})
        for body in (old.body, renamed.encode()):
            with pytest.raises(NotGenuineError):
                second.answer(decode(body), body, old.headers)


def test_an_answer_to_the_same_question_with_other_bytes_is_none(
    vault: Vault, keys: ServiceKeys, hand_over
) -> None:
    """Whoever signs two questions with one id still knows which of them was answered."""
    first = asked_by("gdpr", keys, ShredUser())
    other = resigned(first, first.parcel.envelope.model_copy(update={"accountid": "another"}), keys.signer("gdpr"))
    answer = hand_over(vault, other)

    with pytest.raises(NotGenuineError):
        believed(first, answer)


def test_a_swapped_or_altered_answer_is_not_believed(vault: Vault, keys: ServiceKeys, hand_over) -> None:
    question = asked_by("auth", keys, CheckTotp(code="000000"))
    answer = hand_over(vault, question)
    assert answer is not None
    wrong = [
        (changed(answer.body, lambda message: message["data"].update(valid=True)), answer.headers),
        (answer.body, {**answer.headers, "sig": base64.b64encode(bytes(64)).decode()}),
        (answer.body, {}),
    ]
    for signer in ("content", "auth"):
        wrong.append((answer.body, keys.signer(signer).answer_headers(answer.body, question.parcel.body)))
    for body, headers in wrong:
        with pytest.raises(NotGenuineError):
            question.answer(decode(body), body, headers)


def test_a_sealed_question_takes_no_open_answer(vault: Vault, keys: ServiceKeys, hand_over) -> None:
    """Not even from the service: only that it could not read the question is said in the open."""
    question = asked_by("auth", keys, CheckTotp(code=CODE))
    hand_over(vault, question)
    reply = decode(vault.answers[-1].body).model_copy(update={"data": {"valid": True}})
    body = reply.encode()
    headers = keys.signer("keyvault").answer_headers(body, question.parcel.body)

    with pytest.raises(NotGenuineError):
        question.answer(reply, body, headers)


def test_without_keys_a_protected_question_is_not_even_made(keys: ServiceKeys) -> None:
    for query in (CheckTotp(code=CODE), ShredUser()):
        for owned in (ServiceKeys(), ServiceKeys(pins=keys.pins)):
            with pytest.raises(ConfigurationError, match=r"pin|SIGNING_KEY_FILE"):
                asked_by("auth", owned, query)


def test_old_and_new_key_of_a_service_are_both_good_while_it_is_changed(
    keys: ServiceKeys, hand_over, tmp_path
) -> None:
    """At every step, whoever has been told of the new key and whoever has not understand each other."""
    new, old = make_key(tmp_path / "new.pem"), keys.signer("keyvault").private_key
    new_id = key_id("keyvault", new.public_key())
    both = Verifier(
        public_keys={**keys.pins.public_keys, new_id: new.public_key()},
        sealing_keys={**keys.pins.sealing_keys, new_id: pin(new)["seal"]},
    )
    before, after = keys.pins, both
    signs_old = Signer(key_id=keys.signer("keyvault").key_id, private_key=old, also_opens=(new,))
    signs_new = Signer(key_id=new_id, private_key=new, also_opens=(old,))
    steps = [(signs_old, before), (signs_old, after), (signs_new, after)]
    for signer, pins_of_callers in steps:
        vault = Vault(ServiceKeys(pins=after, signers={"keyvault": signer}))
        callers = ServiceKeys(pins=pins_of_callers, signers=keys.signers)
        question = asked_by("auth", callers, CheckTotp(code=CODE))
        assert read(believed(question, hand_over(vault, question)), TotpChecked).valid


def test_a_question_that_cannot_be_remembered_is_not_carried_out() -> None:
    """Forgetting an earlier one would let its copy in."""
    replays = Replays(most=2)
    assert replays.first_time("a", NOW, until=NOW + WINDOW)
    assert replays.first_time("b", NOW, until=NOW + WINDOW)
    assert not replays.first_time("a", NOW, until=NOW + WINDOW)
    with pytest.raises(InfrastructureError):
        replays.first_time("c", NOW, until=NOW + WINDOW)
    later = NOW + WINDOW + timedelta(seconds=1)
    assert replays.first_time("c", later, until=later + WINDOW)


def test_no_representation_of_a_question_shows_what_is_sealed(keys: ServiceKeys) -> None:
    question = asked_by("auth", keys, CheckTotp(code=CODE))
    assert CODE not in repr(question)
    assert "private_key=" not in repr(question)
