"""The schemas take every message as it was sent, and no other."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from shared.contracts.registry import MESSAGES

MUST_HAVE = ("specversion", "id", "source", "type", "time", "data")


Validators = Mapping[str, Draft202012Validator]


@pytest.fixture(scope="module")
def validators(documents: dict[str, str]) -> Validators:
    """A validator for each message, of schemas that are schemas."""
    schemas = {name: json.loads(documents[f"schemas/{name}.json"]) for name in MESSAGES}
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    return {name: Draft202012Validator(schema) for name, schema in schemas.items()}


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_a_message_as_it_was_sent_fits_its_schema(
    name: str, validators: Validators, examples: dict[str, Any]
) -> None:
    assert [error.message for error in validators[name].iter_errors(examples[name])] == []


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_a_message_without_a_field_that_must_be_there_does_not_fit(
    name: str, validators: Validators, examples: dict[str, Any]
) -> None:
    validator, example = validators[name], examples[name]
    needed = [field for field, info in MESSAGES[name].model_fields.items() if info.is_required()]

    for field in needed:
        assert not validator.is_valid(example | {"data": without(example["data"], field)}), field
    for attribute in MUST_HAVE:
        assert not validator.is_valid(without(example, attribute)), attribute


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_a_message_with_a_field_of_another_type_does_not_fit(
    name: str, validators: Validators, examples: dict[str, Any]
) -> None:
    validator, example = validators[name], examples[name]

    for field, value in example["data"].items():
        spoilt = copy.deepcopy(example)
        spoilt["data"][field] = 1 if isinstance(value, str | dict | list | bool | None) else "x"
        assert not validator.is_valid(spoilt), field


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_fields_that_are_not_known_yet_fit(name: str, validators: Validators, examples: dict[str, Any]) -> None:
    later = copy.deepcopy(examples[name])
    later["data"]["invented_later"] = 1
    later["inventedlater"] = "x"

    assert validators[name].is_valid(later)


def test_a_message_does_not_fit_the_schema_of_another(validators: Validators, examples: dict[str, Any]) -> None:
    for name in MESSAGES:
        validator = validators[name]
        assert [other for other in MESSAGES if validator.is_valid(examples[other])] == [name]


@pytest.mark.parametrize(
    ("name", "attribute"),
    [
        ("job.succeeded.v1", "sequence"),
        ("job.succeeded.v1", "accountid"),
        ("attempt.started.v1", "jobid"),
        ("renderer.mix_audio.v1", "jobid"),
        ("orchestrator.get_job.v1", "accountid"),
    ],
)
def test_attributes_that_readers_rely_on_must_be_there(
    name: str, attribute: str, validators: Validators, examples: dict[str, Any]
) -> None:
    assert not validators[name].is_valid(without(examples[name], attribute))


def test_every_schema_stands_alone(documents: dict[str, str]) -> None:
    for name, text in documents.items():
        if Path(name).parent.name == "schemas":
            assert '"$ref": "#/$defs/' in text
            assert text.count('"$ref": "') == text.count('"$ref": "#/$defs/')


def without(value: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: part for key, part in value.items() if key != name}
