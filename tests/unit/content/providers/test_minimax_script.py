"""Scripts by MiniMax: every case of the simulator and what is made of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from services.content.domain.provider_errors import ProviderError
from services.content.providers.http.call import Call
from services.content.providers.http.transport import Transport
from services.content.providers.minimax import MiniMax, MiniMaxScript
from services.content.providers.port import ScriptRequest
from tests.simulator.simulator import Simulator

WANTED = ScriptRequest(topic="How rain comes about", slides=4, language="en")


@pytest.mark.parametrize(
    ("case", "requests"), [("t1", 1), ("t2", 1), ("t3-once", 2), ("t7-once", 2), ("t26-once", 2), ("wait-ms", 2)]
)
def test_a_script_comes_with_as_many_requests_as_needed(
    simulator: Simulator, transport: Transport, call: Callable[..., Call], case: str, requests: int
) -> None:
    one = call("minimax", case)
    script = MiniMaxScript(MiniMax(base_url=simulator.base_url("minimax")), transport, one).write(WANTED)
    assert [slide.title for slide in script.slides] == ["Part 1", "Part 2", "Part 3", "Part 4"]
    assert len(simulator.journal.exchanges()) == requests
    assert one.receipt.usage["output_tokens"] > 0
    assert one.receipt.request_id


@pytest.mark.parametrize(
    ("case", "outcome", "requests"),
    [
        ("t3", "provider_unavailable malformed_response", 2),
        ("t5", "provider_unavailable malformed_response", 1),
        ("t5-null", "provider_unavailable malformed_response", 1),
        ("t6", "provider_unavailable malformed_response", 1),
        ("t6-null", "provider_unavailable malformed_response", 1),
        ("t7", "bad_request -", 2),
        ("t8", "insufficient_balance -", 1),
        ("t9", "insufficient_balance -", 1),
        ("t9-402", "insufficient_balance -", 1),
        ("t9-500", "insufficient_balance -", 1),
        ("t10", "rate_limited plan_window", 1),
        ("t10-local", "rate_limited plan_window", 1),
        ("t11", "content_rejected output", 1),
        ("t11-finish", "content_rejected output", 1),
        ("t11-input", "content_rejected input", 1),
        ("t26-10mb", "provider_unavailable malformed_response", 1),
        ("t26-missing", "provider_unavailable malformed_response", 2),
        ("t26-prose", "provider_unavailable malformed_response", 2),
        ("k12", "invalid_key -", 1),
        ("code-9999", "bad_request -", 1),
        ("code-2061", "bad_request plan_feature", 1),
        ("x1-504", "provider_unavailable -", 1),
        ("x2", "provider_unavailable malformed_response", 1),
        ("x4", "provider_unavailable -", 4),
    ],
)
def test_trouble_is_told_as_what_it_is_and_paid_once(
    simulator: Simulator,
    transport: Transport,
    call: Callable[..., Call],
    case: str,
    outcome: str,
    requests: int,
) -> None:
    one = call("minimax", case)
    with pytest.raises(ProviderError) as caught:
        MiniMaxScript(MiniMax(base_url=simulator.base_url("minimax")), transport, one).write(WANTED)
    error = caught.value
    assert f"{error.kind} {error.reason or '-'}" == outcome
    assert len(simulator.journal.exchanges()) == requests
    assert one.key not in repr((error.message, vars(error), one))
    if case.startswith("t10"):
        assert error.retry_after_s is not None
        assert 4 * 3600 - 600 < error.retry_after_s <= 4 * 3600
