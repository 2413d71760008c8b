"""Keys look as each provider's keys do, and choose the case."""

from __future__ import annotations

import pytest

from tests.simulator.keys import key_for, read_key

FORMS = {
    "minimax": r"sk-api-\S{20,}",
    "minimax-plan": r"sk-cp-\S{20,}",
    "minimax-legacy": r"eyJ[\w-]+\.[\w-]+\.[\w-]+",
    "zai": r"[0-9a-f]{32}\.[A-Za-z0-9]{16}",
    "elevenlabs": r"sk_[0-9a-f]{48}",
    "openai": r"sk-proj-[A-Za-z0-9_-]{20,}",
    "compatible": r"sim-\S+",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_key_has_the_form_of_its_provider_and_tells_the_case(form):
    import re

    provider = form.split("-")[0]
    key = key_for(form, "t9-402-once")
    assert re.fullmatch(FORMS[form], key)
    found = read_key(provider, key, ["t9", "t9-402", "t9-500"])
    assert found is not None
    assert (found.case, found.once) == ("t9-402", True)


@pytest.mark.parametrize(
    ("provider", "key", "case"),
    [
        ("minimax", "sk-api-sim-t8", "t8"),
        ("minimax", "sk-cp-sim-T8", "t8"),
        ("zai", "0123456789abcdef0123456789abcdef.sim-t13", "t13"),
        ("elevenlabs", "sk_sim_v25", "v25"),
        ("openai", "sk-sim-t21--anna", "t21"),
        ("compatible", "sim-t25", "t25"),
    ],
)
def test_a_key_can_be_typed_by_hand(provider, key, case):
    assert read_key(provider, key, []).case == case


@pytest.mark.parametrize("key", ["sk-api-4f1c9b", "hello", "sk_0123", "sk-proj-abc", ""])
def test_other_keys_are_none_of_the_simulators(key):
    assert all(read_key(provider, key, ["ok"]) is None for provider in FORMS)


def test_a_key_of_another_provider_chooses_nothing(simulator, client, headers_of):
    for provider, other in (("openai", "minimax"), ("minimax", "openai"), ("compatible", "elevenlabs")):
        key = simulator.key(other, "ok")
        path = "/v1/models"
        assert client.send(provider, "GET", path, None, headers_of(provider, key)).status == 401


def test_an_unknown_key_is_answered_as_the_provider_does(simulator, client):
    bearer = {"Authorization": "Bearer sk-api-0123456789abcdef01234567"}
    reply = client.send("minimax", "GET", "/v1/models", None, bearer)
    assert (reply.status, reply.json["error"]["message"]) == (401, "invalid api key (2049)")
    reply = client.send("minimax", "POST", "/v1/get_voice", {"voice_type": "system"}, bearer)
    assert (reply.status, reply.json["base_resp"]["status_code"]) == (200, 2049)
    assert client.send("elevenlabs", "GET", "/v1/models", None, {"xi-api-key": "wrong"}).status == 401
    assert simulator.journal.violations() == []


def test_a_minimax_key_belongs_to_one_region(simulator, client, headers_of):
    for case, expected in (("ok", (200, 401)), ("k2", (401, 200)), ("k3", (401, 401))):
        sent = headers_of("minimax", simulator.key("minimax", case))
        hosts = ("minimax", "minimax-china")
        assert tuple(client.send(host, "GET", "/v1/models", None, sent).status for host in hosts) == expected


def test_a_key_of_a_coding_plan_works_on_its_own_host_only(simulator, client, headers_of, good):
    _, _, wish = good["zai"]["chat"]
    assert client.ask("zai", "chat", "coding-plan").json["error"]["code"] == "1113"
    path = simulator.coding_url().removeprefix(simulator.url("zai")) + "/chat/completions"
    sent = headers_of("zai", simulator.key("zai", "coding-plan"))
    assert client.send("zai", "POST", path, wish, sent).status == 200


def test_a_self_hosted_server_takes_any_key_and_none(simulator, client):
    for headers in ({}, {"Authorization": "Bearer ollama"}):
        assert client.send("compatible", "GET", "/v1/models", None, headers).status == 200
    assert simulator.journal.violations() == []


def test_each_user_has_a_sequence_of_answers_of_its_own(simulator, client):
    assert [client.ask("zai", "chat", "t14", "anna").status for _ in range(2)] == [429, 429]
    assert client.ask("zai", "chat", "t14", "bert").status == 429
    assert client.ask("zai", "chat", "t14", "anna").status == 200


def test_once_means_that_the_provider_is_well_afterwards(simulator, client):
    assert [client.ask("zai", "models", "x5-once", "anna").status for _ in range(3)] == [429, 200, 200]
    assert [client.ask("zai", "models", "x5", "anna").status for _ in range(3)] == [429, 429, 429]


def test_a_case_that_does_not_exist_has_no_key(simulator):
    with pytest.raises(KeyError):
        simulator.key("minimax", "nonsense")
