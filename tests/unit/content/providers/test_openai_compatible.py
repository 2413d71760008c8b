"""Scripts by servers that speak like OpenAI: every case of the simulator and what is made of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from services.content.domain.provider_errors import ProviderError
from services.content.providers.http.call import Call
from services.content.providers.http.transport import Transport
from services.content.providers.openai_compatible import ChatServer, JsonMode, OpenAiCompatibleScript
from services.content.providers.port import Script, ScriptRequest
from tests.simulator.simulator import Simulator

WANTED = ScriptRequest(topic="How rain comes about", slides=4, language="en", tone="calm")


def client(simulator: Simulator, transport: Transport, call: Call, host: str) -> OpenAiCompatibleScript:
    servers = {
        "openai": ChatServer(name="openai", base_url=simulator.base_url("openai"), model="gpt-5"),
        "compatible": ChatServer(
            name="compatible",
            base_url=simulator.base_url("compatible") + "/",
            model="qwen3:8b",
            json_mode=JsonMode.OBJECT,
            limit_field="max_tokens",
        ),
    }
    return OpenAiCompatibleScript(servers[host], transport, call)


@pytest.fixture(name="write")
def _write(
    simulator: Simulator, transport: Transport, call: Callable[..., Call]
) -> Callable[[str, str], tuple[Script, Call]]:
    def write(host: str, case: str) -> tuple[Script, Call]:
        one = call(host, case)
        return client(simulator, transport, one, host).write(WANTED), one

    return write


@pytest.mark.parametrize("host", ["openai", "compatible"])
@pytest.mark.parametrize(
    ("case", "requests"),
    [
        ("t1", 1), ("t2", 1), ("v35", 1), ("html-json", 1), ("retry-yes", 2), ("wait-seconds", 2),
        ("wait-decimal", 2), ("wait-date", 2), ("wait-ms", 2), ("wait-reset", 2), ("wait-nonsense", 2),
        ("t26-once", 2), ("t26-missing-once", 2), ("t26-types-once", 2), ("t7-once", 2), ("x5-once", 2),
    ],
)  # fmt: skip
def test_a_script_comes_with_as_many_requests_as_needed(
    simulator: Simulator, write: Callable[..., tuple[Script, Call]], host: str, case: str, requests: int
) -> None:
    script, call = write(host, case)
    assert len(script.slides) == 4
    assert script.title
    assert len(simulator.journal.exchanges()) == requests == call.receipt.attempts
    assert call.receipt.usage["output_tokens"] > 0


def test_usage_that_is_not_told_is_unknown_and_not_zero(write: Callable[..., tuple[Script, Call]]) -> None:
    assert write("compatible", "t25")[1].receipt.usage == {}


def test_a_model_that_is_loading_is_waited_for(
    simulator: Simulator, write: Callable[..., tuple[Script, Call]]
) -> None:
    write("compatible", "t25-loading")
    first, second, third = (one.arrived for one in simulator.journal.exchanges())
    assert third - second > second - first


BOTH = ("openai", "compatible")
TROUBLE = [
    (BOTH, "t5 t6", "provider_unavailable malformed_response", 1),
    (BOTH, "t7", "bad_request -", 2),
    (BOTH, "t26 t26-missing t26-types", "provider_unavailable malformed_response", 2),
    (BOTH, "t26-10mb endless", "provider_unavailable malformed_response", 1),
    (BOTH, "t21 t21-finish code-content_policy_violation", "content_rejected -", 1),
    (("openai",), "t22", "insufficient_balance -", 1),
    (BOTH, "x9 code-credit_balance_exhausted code-project_spend_limit_exceeded", "insufficient_balance -", 1),
    (BOTH, "k12 code-invalid_api_key http-401", "invalid_key -", 1),
    (BOTH, "http-403", "bad_request plan_feature", 1),
    (("compatible",), "t25-null t25-number t25-flat t25-text t25-strict", "bad_request -", 1),
    (BOTH, "teapot code-unheard_of code-context_length_exceeded", "bad_request -", 1),
    (BOTH, "code-model_not_found", "bad_request model_unavailable", 1),
    (BOTH, "x1 x1-502 x1-504 empty list x2", None, 1),
    (("openai",), "x1-503 x4", "provider_unavailable -", 4),
    (("openai",), "x5 html-429", "rate_limited -", 4),
    (("openai",), "html-401 html-403", "provider_unavailable malformed_response", 4),
    (BOTH, "wait-long", "rate_limited -", 1),
    (BOTH, "retry-no", "provider_unavailable -", 1),
    (BOTH, "cut reset shorter", "provider_unavailable malformed_response", 1),
    (BOTH, "reset-headers", "timeout -", 1),
]


@pytest.mark.parametrize(
    ("host", "case", "outcome", "requests"),
    [
        (host, case, outcome, requests)
        for hosts, cases, outcome, requests in TROUBLE
        for host in hosts
        for case in cases.split()
    ],
)
def test_trouble_is_told_as_what_it_is_and_paid_once(
    simulator: Simulator, transport: Transport, call: Callable[..., Call], host: str, case: str, outcome: str | None,
    requests: int,
) -> None:  # fmt: skip
    one = call(host, case)
    with pytest.raises(ProviderError) as caught:
        client(simulator, transport, one, host).write(WANTED)
    error = caught.value
    if outcome is None:
        assert error.kind == "provider_unavailable"
    else:
        assert f"{error.kind} {error.reason or '-'}" == outcome
    assert len(simulator.journal.exchanges()) == requests
    told = repr((error.message, vars(error), one))
    assert one.key not in told
    assert "<html" not in told.lower()


def test_each_request_carries_the_key_of_its_own_call(
    simulator: Simulator, write: Callable[..., tuple[Script, Call]]
) -> None:
    keys = [write("openai", "x8")[1].key for _ in range(3)]
    assert [one.key for one in simulator.journal.exchanges()] == keys


def test_a_server_without_keys_is_shown_none(simulator: Simulator, transport: Transport) -> None:
    client(simulator, transport, Call(key="", clock=simulator.clock), "compatible").write(WANTED)
    [exchange] = simulator.journal.exchanges()
    assert exchange.header("Authorization") is None
