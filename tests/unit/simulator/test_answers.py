"""What providers answer, where a client could go wrong by a detail."""

from __future__ import annotations

import base64
import io
import json

import av
import pytest
from PIL import Image

from tests.simulator.fixtures import scripts, sounds
from tests.simulator.fixtures.shelf import fixture
from tests.simulator.minimax.voice import billed_characters


def _events(body: bytes) -> list[dict]:
    return [json.loads(line[6:]) for line in body.split(b"\n\n") if line.startswith(b"data: {")]


def _sound(body: bytes) -> tuple[str, int, int, float]:
    """Format, rate, channels, and seconds of a sound file."""
    with av.open(io.BytesIO(body)) as container:
        stream = container.streams.audio[0]
        samples = sum(frame.samples for frame in container.decode(stream))
        return container.format.name, stream.rate, stream.channels, samples / stream.rate


def test_a_narration_is_the_fixture_in_hex(client):
    whole = client.ask("minimax", "voice", "v1").json
    assert bytes.fromhex(whole["data"]["audio"]) == fixture("speech.mp3")
    assert whole["extra_info"]["usage_characters"] == len("Rain falls. Nobody is astonished.")


def test_an_address_stands_where_hex_stood(client):
    address = client.ask("minimax", "voice", "v4", output_format="url").json["data"]["audio"]
    assert client.fetch(address).body == fixture("speech.mp3")


@pytest.mark.parametrize("kind", ["mp3", "wav", "flac"])
def test_a_sound_has_the_format_asked_for(client, kind):
    setting = {"format": kind, "sample_rate": 44100, "channel": 1}
    whole = client.ask("minimax", "voice", audio_setting=setting).json
    name, rate, channels, seconds = _sound(bytes.fromhex(whole["data"]["audio"]))
    assert (name, rate, channels) == (kind, 44100, 1)
    assert seconds == pytest.approx(1, abs=0.06)


def test_another_format_than_asked_for_is_delivered(client):
    stereo = client.ask("minimax", "voice", "v9").json["data"]["audio"]
    assert _sound(bytes.fromhex(stereo))[1:3] == (32_000, 2)
    assert bytes.fromhex(client.ask("minimax", "voice", "v10").json["data"]["audio"]).startswith(b"RIFF")
    assert _sound(client.ask("elevenlabs", "music", "m6").body)[1:3] == (48_000, 2)


def test_a_stream_repeats_the_whole_sound_unless_asked_not_to(client):
    whole = fixture("speech.mp3")
    events = _events(client.ask("minimax", "voice", stream=True).body)
    assert [one["data"]["status"] for one in events] == [1, 1, 1, 1, 1, 2][-len(events) :]
    assert b"".join(bytes.fromhex(one["data"]["audio"]) for one in events[:-1]) == whole
    assert bytes.fromhex(events[-1]["data"]["audio"]) == whole
    quiet = {"exclude_aggregated_audio": True}
    assert (
        _events(client.ask("minimax", "voice", stream=True, stream_options=quiet).body)[-1]["data"]["audio"] == ""
    )


def test_a_stream_fails_in_its_third_event(client):
    events = _events(client.ask("minimax", "voice", "v15", stream=True).body)
    assert [one["base_resp"]["status_code"] for one in events] == [0, 0, 1039]


def test_a_chinese_character_is_billed_as_two():
    assert billed_characters("雨 falls.") == 2 + len(" falls.")


def test_a_script_has_as_many_slides_as_asked_for(client):
    content = client.ask("minimax", "chat", "t1").json["choices"][0]["message"]["content"]
    assert len(json.loads(content)["slides"]) == 4


def test_a_script_follows_a_schema(client):
    slide = {
        "type": "object",
        "properties": {"words": {"type": "string", "maxLength": 9}, "kind": {"enum": ["a", "b"]}},
    }
    schema = {"type": "object", "properties": {"parts": {"type": "array", "items": slide, "minItems": 5}}}
    wish = {"type": "json_schema", "json_schema": {"name": "script", "strict": True, "schema": schema}}
    content = client.ask("openai", "chat", "t1", response_format=wish).json["choices"][0]["message"]["content"]
    assert json.loads(content) == {
        "parts": [{"words": scripts.write({})["slides"][i % 3]["narration"][:9], "kind": "a"} for i in range(5)]
    }


def test_a_test_can_write_the_script_itself(simulator, client):
    simulator.write_script = lambda request: f"asked of {request['model']}"
    try:
        content = client.ask("zai", "chat", "t1").json["choices"][0]["message"]["content"]
    finally:
        simulator.write_script = scripts.write
    assert content == "asked of glm-5.3"


def test_bad_scripts_are_bad_in_the_way_they_say(client):
    def slides(case: str) -> list[dict]:
        content = client.ask("minimax", "chat", case).json["choices"][0]["message"]["content"]
        return json.loads(content)["slides"]

    assert len(slides("t26")) == 7
    assert "image_prompt" not in slides("t26-missing")[-1]
    assert slides("t26-types")[-1]["narration"] == 7
    content = client.ask("minimax", "chat", "t7").json["choices"][0]
    assert content["finish_reason"] == "length"
    with pytest.raises(json.JSONDecodeError):
        json.loads(content["message"]["content"])


def test_a_stream_of_text_is_the_same_text(client):
    for provider in ("minimax", "zai", "openai", "compatible"):
        whole = client.ask(provider, "chat", "t1").json["choices"][0]["message"]["content"]
        streamed = client.ask(provider, "chat", "t1", stream=True).body
        deltas = [choice["delta"] for one in _events(streamed) for choice in one["choices"]]
        assert "".join(delta.get("content") or "" for delta in deltas) == whole
        assert streamed.endswith(b"data: [DONE]\n\n") is (provider != "minimax")


def test_minimax_tells_a_failure_in_the_way_of_the_endpoint(client):
    native = client.ask("minimax", "voice", "code-1008")
    assert (native.status, native.json["base_resp"]["status_code"]) == (200, 1008)
    newer = client.ask("minimax", "chat", "code-1008")
    assert (newer.status, newer.json["error"]["message"]) == (402, "insufficient balance (1008)")
    assert newer.json["error"]["http_code"] == "402"


def test_a_window_tells_when_it_opens_by_the_virtual_clock(simulator, client):
    message = client.ask("minimax", "chat", "t10").json["error"]["message"]
    assert f"{simulator.clock.now():%Y-%m-%d}" in message or "resets at" in message
    message = client.ask("zai", "chat", "code-1308").json["error"]["message"]
    assert "Your limit will reset at 20" in message


def test_a_key_is_echoed_only_where_a_case_says_so(simulator, client):
    for provider in ("minimax", "zai", "elevenlabs", "openai", "compatible"):
        reply = client.ask(provider, "models", "k12")
        assert reply.status == 401
        assert simulator.journal.exchanges()[-1].key.encode() in reply.body


def test_elevenlabs_errors_have_four_shapes(client):
    old = client.ask("elevenlabs", "voice", "v25").json["detail"]
    new = client.ask("elevenlabs", "voice", "v26").json["detail"]
    assert set(old) == {"status", "message"}
    assert {"type", "code", "message", "status", "request_id", "param"} == set(new)
    assert isinstance(client.ask("elevenlabs", "voice", "v31").json["detail"], list)
    assert isinstance(client.ask("elevenlabs", "voice", "v31-text").json["detail"], str)


def test_the_timing_of_characters_is_in_seconds_and_even(client):
    whole = client.ask("elevenlabs", "voice_timed", "v22", text="Rain").json
    assert whole["alignment"]["characters"] == list("Rain")
    assert whole["alignment"]["character_end_times_seconds"][-1] == 1.0
    assert base64.b64decode(whole["audio_base64"]) == fixture("speech.mp3")


def test_raw_sound_has_no_header(client, simulator, headers_of):
    key = headers_of("elevenlabs", simulator.key("elevenlabs", "ok"))
    target = "/v1/text-to-speech/JBFqnCBsd6RMkjVDRZzb?output_format=pcm_24000"
    reply = client.send("elevenlabs", "POST", target, {"text": "x", "model_id": "eleven_flash_v2_5"}, key)
    assert len(reply.body) == 48_000
    assert (reply.headers["character-cost"], reply.headers["content-type"]) == ("1", "audio/pcm")


def test_a_picture_has_the_size_asked_for(client):
    address = client.ask("zai", "image", "i19").json["data"][0]["url"]
    assert Image.open(io.BytesIO(client.fetch(address).body)).size == (1728, 960)
    text = client.ask("openai", "image", "i23", size="640x480", output_format="webp").json["data"][0]["b64_json"]
    picture = Image.open(io.BytesIO(base64.b64decode(text)))
    assert (picture.format, picture.size) == ("WEBP", (640, 480))


def test_pictures_in_base64_may_have_line_breaks_and_a_prefix(client):
    [lines] = client.ask("minimax", "image", "i2", response_format="base64").json["data"]["image_base64"]
    assert "\n" in lines
    [prefixed] = client.ask("minimax", "image", "i2-data", response_format="base64").json["data"]["image_base64"]
    assert prefixed.startswith("data:image/jpeg;base64,")


def test_a_picture_made_later_is_polled(simulator, client, headers_of):
    task = client.ask("zai", "image_task", "i21", "anna").json["id"]
    sent = headers_of("zai", simulator.key("zai", "i21", "anna"))
    states = [client.send("zai", "GET", f"/api/paas/v4/async-result/{task}", None, sent).json for _ in range(4)]
    assert [one["task_status"] for one in states] == ["PROCESSING"] * 3 + ["SUCCESS"]
    assert "image_result" not in states[-1]


def test_two_tasks_of_a_key_are_polled_apart(simulator, client, headers_of):
    sent = headers_of("zai", simulator.key("zai", "ok", "anna"))
    for _ in range(2):
        task = client.ask("zai", "image_task", "ok", "anna").json["id"]
        polls = [client.send("zai", "GET", f"/api/paas/v4/async-result/{task}", None, sent).json for _ in range(2)]
        assert [one["task_status"] for one in polls] == ["PROCESSING", "SUCCESS"]


def test_the_fixtures_are_real_and_a_second_long():
    for kind, name in (("mp3", "mp3"), ("wav", "wav"), ("flac", "flac"), ("opus", "ogg"), ("aac", "aac")):
        assert _sound(sounds.sound(kind, 48_000, 2))[0] == name
        assert _sound(sounds.sound(kind, 48_000, 2))[3] == pytest.approx(1, abs=0.1)
