"""Scripts by Z.ai: every case of the simulator and what is made of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from services.content.domain.provider_errors import ProviderError
from services.content.providers.http.call import Call
from services.content.providers.http.transport import Transport
from services.content.providers.port import ScriptRequest
from services.content.providers.zai import Zai, ZaiScript
from tests.simulator.simulator import Simulator

WANTED = ScriptRequest(topic="How rain comes about", slides=4, language="en")


@pytest.mark.parametrize(("case", "requests"), [("t1", 1), ("t2", 1), ("t14", 3), ("t3-once", 2), ("t7-once", 2)])
def test_a_script_comes_with_as_many_requests_as_needed(
    simulator: Simulator, transport: Transport, call: Callable[..., Call], case: str, requests: int
) -> None:
    one = call("zai", case)
    script = ZaiScript(Zai(base_url=simulator.base_url("zai")), transport, one).write(WANTED)
    arrived = [exchange.arrived for exchange in simulator.journal.exchanges()]
    assert len(script.slides) == 4
    assert len(arrived) == requests
    assert one.receipt.usage["output_tokens"] > 0
    if case == "t14":
        assert arrived[2] - arrived[1] > arrived[1] - arrived[0]


@pytest.mark.parametrize(
    ("case", "outcome", "requests"),
    [
        ("t3", "provider_unavailable malformed_response", 2),
        ("t5", "provider_unavailable malformed_response", 1),
        ("t6", "provider_unavailable malformed_response", 1),
        ("t12", "content_rejected -", 1),
        ("t12-1301", "content_rejected -", 1),
        ("t12-200", "content_rejected -", 1),
        ("t13", "insufficient_balance -", 1),
        ("t13-flat", "insufficient_balance -", 1),
        ("t13-number", "insufficient_balance -", 1),
        ("t17", "provider_unavailable -", 4),
        ("t17-window", "bad_request -", 1),
        ("code-1308", "rate_limited plan_window", 1),
        ("code-1309", "insufficient_balance plan_feature", 1),
        ("coding-plan", "insufficient_balance -", 1),
        ("k8", "invalid_key -", 1),
        ("k8-bare", "invalid_key -", 1),
        ("k12", "invalid_key -", 1),
        ("x1-504", "provider_unavailable -", 1),
        ("x2", "provider_unavailable malformed_response", 1),
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
    one = call("zai", case)
    with pytest.raises(ProviderError) as caught:
        ZaiScript(Zai(base_url=simulator.base_url("zai")), transport, one).write(WANTED)
    error = caught.value
    assert f"{error.kind} {error.reason or '-'}" == outcome
    assert len(simulator.journal.exchanges()) == requests
    assert one.key not in repr((error.message, vars(error), one))
    if case == "code-1308":
        assert error.retry_after_s is not None
        assert 3 * 3600 - 600 < error.retry_after_s <= 3 * 3600
