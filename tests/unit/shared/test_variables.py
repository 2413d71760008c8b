"""A mistyped variable is told with the one that was meant."""

from __future__ import annotations

import pytest

from shared.variables import ignored_variables


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("STUDIO_RENDER_SLOT", "STUDIO_RENDER_SLOTS"),
        ("STUDIO_DATADIR", "STUDIO_DATA_DIR"),
        ("STUDIO_BUSURL", "STUDIO_BUS_URL"),
        ("STUDIO_METRIC_PORT", "STUDIO_METRICS_PORT"),
    ],
)
def test_the_nearest_setting_is_named_and_the_value_is_not(name: str, meant: str) -> None:
    (sentence,) = ignored_variables({name: "hunter2", "PATH": "/bin"})
    assert sentence.startswith(f"{name} is no setting")
    assert sentence.endswith(f"did you mean {meant}?")
    assert "hunter2" not in sentence


def test_a_name_like_no_other_is_told_too() -> None:
    (sentence,) = ignored_variables({"STUDIO_COLOUR_OF_THE_DOOR": "red"})
    assert "studio config" in sentence


def test_what_is_read_somewhere_is_no_mistake() -> None:
    known = {"STUDIO_DATA_DIR": "/x", "STUDIO_LOG_LEVEL": "debug", "STUDIO_BROKER_HASH_EDGE": "x", "HOME": "/y"}
    assert ignored_variables(known) == []
