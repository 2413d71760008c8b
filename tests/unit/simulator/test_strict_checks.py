"""Whatever a request does wrong is answered clearly and stays in the journal."""

from __future__ import annotations

import json

import pytest


def _only_violation(simulator) -> str:
    [violation] = simulator.journal.violations()
    return violation


def test_a_good_request_of_each_kind_breaks_no_rule(simulator, client, good):
    for provider, requests in good.items():
        for endpoint in requests:
            reply = client.ask(provider, endpoint)
            assert reply.status == 200, (provider, endpoint, reply.body[:300])
    assert simulator.journal.violations() == []


@pytest.mark.parametrize(
    ("provider", "endpoint", "change", "fault"),
    [
        ("minimax", "chat", {"response_format": {"type": "json_object"}}, "unknown field body.response_format"),
        ("minimax", "chat", {"temperature": "1"}, "body.temperature is str; it must be a number"),
        ("minimax", "chat", {"temperature": 2.1}, "body.temperature is 2.1; it must be 0 to 2"),
        ("minimax", "chat", {"stream": 0}, "body.stream is int; it must be true or false"),
        ("minimax", "chat", {"messages": None}, "body.messages is missing"),
        ("minimax", "chat", {"model": "MiniMax-M2"}, "cannot have its thinking disabled"),
        ("minimax", "image", {"prompt": "x" * 1501}, "at most 1500"),
        ("minimax", "image", {"n": True}, "body.n is bool; it must be an integer"),
        ("minimax", "image", {"width": 1000}, "width and height must come together"),
        ("minimax", "image", {"width": 1001, "height": 1000}, "multiple of 8"),
        ("minimax", "voice", {"text": "x" * 10_000}, "at most 9999"),
        ("minimax", "voice", {"text": "Rain\x07 falls."}, "control characters"),
        ("minimax", "voice", {"text": "Rain <#100#> falls."}, "not between 0.01 and 99.99"),
        ("minimax", "voice", {"text": "<#0.5#>Rain falls."}, "not between spoken text"),
        ("minimax", "voice", {"text": "Rain <#1#> <#1#> falls."}, "follow each other"),
        ("minimax", "voice", {"stream": True, "output_format": "url"}, "a stream can only bring hex"),
        ("minimax", "voice_task", {"audio_setting": {"sample_rate": 44100}}, "unknown field body.audio_setting.sample_rate"),
        ("minimax", "music", {"lyrics": "la la"}, "an instrumental has no lyrics"),
        ("minimax", "music", {"prompt": None}, "an instrumental needs a prompt"),
        ("minimax", "h3_image", {"aspect_ratio": "4:1"}, "not between 1:3 and 3:1"),
        ("zai", "image", {"n": 1}, "unknown field body.n"),
        ("zai", "image", {"size": "1729x1056"}, "multiples of 32"),
        ("zai", "image", {"size": "1024x2080"}, "from 1024 to 2048"),
        ("zai", "chat", {"temperature": 1.5}, "it must be 0 to 1"),
        ("zai", "chat", {"user_id": "abc"}, "at least 6"),
        ("elevenlabs", "voice", {"language_code": "en"}, "takes no language_code"),
        ("elevenlabs", "voice", {"model_id": "eleven_v4", "voice_settings": {"style": 0}}, "takes only stability"),
        ("elevenlabs", "voice", {"model_id": "eleven_v3", "next_text": "x"}, "cannot stitch"),
        ("elevenlabs", "voice", {"text": "x" * 10_001}, "takes 10000"),
        ("elevenlabs", "music", {"music_length_ms": 700_000}, "it must be 3000 to 600000"),
        ("elevenlabs", "music", {"composition_plan": {"chunks": [{"text": "x", "duration_ms": 3000, "positive_styles": []}]}}, "either prompt or composition_plan"),
        ("openai", "image", {"response_format": "b64_json"}, "unknown field body.response_format"),
        ("openai", "image", {"model": "gpt-image-1"}, "body.model"),
        ("openai", "image", {"model": "dall-e-3"}, "body.model"),
        ("openai", "voice", {"input": "x" * 4097}, "at most 4096"),
        ("openai", "chat", {"max_tokens": 5}, "unknown field body.max_tokens"),
        ("compatible", "chat", {"max_completion_tokens": 5}, "unknown field body.max_completion_tokens"),
    ],
)  # fmt: skip
def test_a_body_that_breaks_a_rule_is_refused_with_the_rule(simulator, client, provider, endpoint, change, fault):
    reply = client.ask(provider, endpoint, **change)
    assert reply.status == 400
    assert fault in _only_violation(simulator)
    assert fault in reply.json["violations"][0]


@pytest.mark.parametrize(
    ("headers", "fault"),
    [
        ({}, "Authorization is there 0 times"),
        ({"Authorization": "{key}"}, "must be 'Bearer <key>'"),
        ({"Authorization": "bearer {key}"}, "must be 'Bearer <key>'"),
        ({"Authorization": "Bearer  {key}"}, "must be 'Bearer <key>'"),
        ({"Authorization": "Bearer {key}", "x-api-key": "{key}"}, "x-api-key does not belong here"),
    ],
)
def test_a_key_must_be_sent_as_the_provider_wants_it(simulator, client, headers, fault):
    key = simulator.key("minimax", "ok")
    sent = {name: value.format(key=key) for name, value in headers.items()}
    assert client.send("minimax", "GET", "/v1/models", None, sent).status == 400
    assert fault in _only_violation(simulator)


def test_elevenlabs_takes_its_own_header_and_no_other(simulator, client):
    key = simulator.key("elevenlabs", "ok")
    both = {"xi-api-key": key, "Authorization": f"Bearer {key}"}
    assert client.send("elevenlabs", "GET", "/v1/models", None, both).status == 400
    assert client.send("elevenlabs", "GET", "/v1/models", None, {"Authorization": f"Bearer {key}"}).status == 400
    assert client.send("elevenlabs", "GET", "/v1/models", None, {"xi-api-key": key}).status == 200
    assert len(simulator.journal.violations()) == 3


@pytest.mark.parametrize(
    ("method", "target", "fault"),
    [
        ("GET", "/v1/models?GroupId=7", "GroupId is in the query"),
        ("GET", "/v1/models?api_key={key}", "a key is in the query, as api_key"),
        ("GET", "/v1/models?x={key}", "a key is in the query, as x"),
        ("GET", "/v1/models?limit=5", "unknown query parameter limit"),
        ("GET", "/v1/v1/models", "wrong path"),
        ("GET", "/v1/models/", "wrong path"),
        ("POST", "/v1/models", "wrong method POST, it must be GET"),
        ("GET", "/v1/files/retrieve", "query.file_id is missing"),
        ("GET", "/v1/files/retrieve?file_id=9.007e15", "query.file_id"),
        ("GET", "/v1/files/retrieve?file_id=77", "was never given out"),
    ],
)
def test_an_address_that_breaks_a_rule_is_refused(simulator, client, method, target, fault):
    key = simulator.key("minimax", "ok")
    reply = client.send("minimax", method, target.format(key=key), None, {"Authorization": f"Bearer {key}"})
    assert reply.status == 400
    assert any(fault in violation for violation in simulator.journal.violations())


@pytest.mark.parametrize(
    ("body", "headers", "fault"),
    [
        (b'{"voice_type":"system"', {"Content-Type": "application/json"}, "the body is not JSON"),
        (
            b'{"voice_type":"system","voice_type":"all"}',
            {"Content-Type": "application/json"},
            "a field is there twice",
        ),
        (b'{"voice_type":NaN}', {"Content-Type": "application/json"}, "NaN is not JSON"),
        (b'{"voice_type":"system"}', {}, "Content-Type is missing"),
        (b'{"voice_type":"system","GroupId":"1"}', {"Content-Type": "application/json"}, "GroupId is in the body"),
        (b"[]", {"Content-Type": "application/json"}, "body is list; it must be an object"),
    ],
)
def test_a_body_that_is_not_what_it_says_is_refused(simulator, client, headers_of, body, headers, fault):
    sent = {**headers_of("minimax", simulator.key("minimax", "ok")), **headers}
    assert client.send("minimax", "POST", "/v1/get_voice", body, sent).status == 400
    assert any(fault in violation for violation in simulator.journal.violations())


def test_a_request_without_a_body_must_not_have_one(simulator, client, headers_of):
    client.send("minimax", "GET", "/v1/models", {}, headers_of("minimax", simulator.key("minimax", "ok")))
    assert "a body came" in _only_violation(simulator)


def test_a_violation_does_not_use_up_an_answer_of_the_case(simulator, client):
    client.ask("zai", "chat", "t14", "u", temperature=7)
    statuses = [client.ask("zai", "chat", "t14", "u").status for _ in range(3)]
    assert statuses == [429, 429, 200]


def test_a_case_that_does_not_exist_is_a_violation(simulator, client, headers_of):
    client.send("minimax", "GET", "/v1/models", None, headers_of("minimax", "sk-api-sim-nonsense--u"))
    assert "has no case 'nonsense'" in _only_violation(simulator)


def test_what_is_not_http_is_a_violation(simulator):
    import socket
    from urllib.parse import urlsplit

    parts = urlsplit(simulator.url("zai"))
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as sock:
        sock.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        assert b"400" in sock.recv(1000)
    assert "not HTTP" in _only_violation(simulator)


def test_a_chunked_body_is_read(simulator, client, headers_of):
    sent = headers_of("minimax", simulator.key("minimax", "ok")) | {
        "Content-Type": "application/json",
        "Transfer-Encoding": "chunked",
    }
    text = json.dumps({"voice_type": "system"}).encode()
    body = b"5\r\n" + text[:5] + b"\r\n%x\r\n" % len(text[5:]) + text[5:] + b"\r\n0\r\n\r\n"
    assert client.send("minimax", "POST", "/v1/get_voice", body, sent).status == 200
    assert simulator.journal.violations() == []
