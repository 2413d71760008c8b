"""Every message version that was ever shipped can still be read, and means the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shared.contracts.envelope import CONTENT_TYPE, MAX_BODY_BYTES, Envelope, decode, enclose, read
from shared.contracts.jobs import JobStarted
from shared.contracts.message import Value
from shared.contracts.registry import MESSAGES
from shared.contracts.revisions import RevisionOutline, RevisionTitles
from shared.contracts.tasks import RESULTS, AssemblyPlan, PreviewPlan, SpokenWord
from shared.contracts.timeline import SegmentSpec, Timeline
from shared.errors import InvalidMessageError

HERE = Path(__file__).parent
GOLDEN = sorted((HERE / "golden").glob("*.json"))
STORED_VALUES: dict[str, type[Value]] = {
    "timeline.v1": Timeline,
    "segment_spec.v1": SegmentSpec,
    "assembly_plan.v1": AssemblyPlan,
    "preview_plan.v1": PreviewPlan,
    "revision_titles.v1": RevisionTitles,
    "revision_outline.v1": RevisionOutline,
    "spoken_word.v1": SpokenWord,
}


def test_every_message_has_a_golden_file() -> None:
    assert {path.stem for path in GOLDEN} >= set(MESSAGES)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_an_old_message_still_parses_and_keeps_its_fields(path: Path) -> None:
    stored = json.loads(path.read_text())

    message = read(decode(path.read_bytes()), MESSAGES[path.stem])

    assert keeps(message.model_dump(mode="json"), stored["data"])


@pytest.mark.parametrize("name", sorted(STORED_VALUES))
def test_an_old_stored_value_still_parses_and_keeps_its_fields(name: str) -> None:
    stored = json.loads((HERE / "golden_values" / f"{name}.json").read_text())

    value = STORED_VALUES[name].model_validate(stored)

    assert keeps(value.model_dump(mode="json"), stored)


def keeps(read_now: object, stored: object) -> bool:
    """Whether all that was stored is still there at any depth; fields that came later may stand beside it."""
    if isinstance(stored, dict):
        return isinstance(read_now, dict) and all(
            name in read_now and keeps(read_now[name], value) for name, value in stored.items()
        )
    if isinstance(stored, list):
        return isinstance(read_now, list) and len(read_now) == len(stored) and all(map(keeps, read_now, stored))
    return read_now == stored


def test_wire_names_carry_owner_subject_and_version() -> None:
    for name, contract in MESSAGES.items():
        assert name == f"{contract.routing_key()}.v{contract.version()}"


def test_every_command_names_its_result() -> None:
    commands = {name for name, contract in MESSAGES.items() if contract.kind.value == "command"}
    assert set(RESULTS) == commands


def test_readers_ignore_what_they_do_not_know() -> None:
    body = json.loads((HERE / "golden" / "job.started.v1.json").read_text())
    body["data"]["invented_later"] = 1
    body["inventedlater"] = "x"

    message = read(decode(json.dumps(body)), JobStarted)

    assert message.job_id == body["data"]["job_id"]


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe", b"null", b"[]", b"{}", b'{"specversion": "0.3"}', b"{" * 10_000],
    ids=["empty", "not text", "null", "list", "no attributes", "other version", "deep"],
)
def test_what_is_no_envelope_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidMessageError, match="not an envelope"):
        decode(body)


def test_a_refusal_never_repeats_the_values_it_refuses() -> None:
    body = json.loads((HERE / "golden" / "job.started.v1.json").read_text())
    body["data"] = {"job_id": {"a private thing": "hunter2"}}

    with pytest.raises(InvalidMessageError) as refused:
        read(decode(json.dumps(body)), JobStarted)

    assert "hunter2" not in str(refused.value)
    assert "job_id" in str(refused.value)


def test_a_body_over_the_limit_is_neither_sent_nor_read() -> None:
    envelope = enclose(JobStarted(job_id="x" * MAX_BODY_BYTES, project_id="p"), source="/studiomatic/test")

    with pytest.raises(InvalidMessageError, match="limit"):
        envelope.encode()
    with pytest.raises(InvalidMessageError, match="limit"):
        decode(envelope.model_dump_json().encode())


def test_an_answer_keeps_account_job_and_trace_of_its_cause() -> None:
    trace = "00-" + "1" * 32 + "-" + "2" * 16 + "-01"
    cause = enclose(
        JobStarted(job_id="j", project_id="p"), source="/a", account_id="acc", job_id="j", traceparent=trace
    )

    effect = enclose(JobStarted(job_id="j", project_id="p"), source="/b", cause=cause)

    assert (effect.accountid, effect.jobid, effect.traceparent) == ("acc", "j", trace)
    assert effect.causationid == cause.id
    assert effect.id != cause.id


def test_an_envelope_is_a_cloud_event_in_structured_json() -> None:
    envelope = enclose(JobStarted(job_id="j", project_id="p"), source="/studiomatic/test")

    body = json.loads(envelope.encode())

    assert CONTENT_TYPE == "application/cloudevents+json"
    assert body["specversion"] == "1.0"
    assert set(body) >= {"id", "source", "type", "time", "datacontenttype", "data"}
    assert all(name.isalnum() and name == name.lower() for name in body)
    assert decode(envelope.encode()) == Envelope.model_validate(body)
