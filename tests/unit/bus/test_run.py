"""A runtime refuses to start where it would stand still."""

from __future__ import annotations

import pytest

from shared.bus.run import Runtime
from shared.config import Settings
from shared.errors import ConfigurationError


def test_a_process_that_is_not_green_is_refused_with_the_remedy() -> None:
    with pytest.raises(ConfigurationError, match=r"shared\.bus\.green\.patch"):
        Runtime([], Settings())
