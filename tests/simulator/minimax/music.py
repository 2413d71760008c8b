"""Music of MiniMax."""

from __future__ import annotations

from collections.abc import Callable

from tests.simulator.answer import Answer, json_answer
from tests.simulator.case import Call, Recipe
from tests.simulator.fixtures import sounds
from tests.simulator.minimax.envelope import SUCCESS, request_id, trace
from tests.simulator.minimax.voice import hex_or_address


def music(*, audio: Callable[[bytes], str] | None = None) -> Recipe:
    """A piece of music of one second, stereo."""

    def recipe(call: Call) -> Answer:
        wish = {"format": "mp3", "sample_rate": 44_100, "bitrate": 256_000, **call.json.get("audio_setting", {})}
        sound = sounds.sound(wish["format"], wish["sample_rate"], 2, wish["bitrate"])
        info = {
            "music_duration": int(sounds.SECONDS * 1000), "music_sample_rate": wish["sample_rate"], "music_channel": 2,
            "bitrate": wish["bitrate"], "music_size": len(sound),
        }  # fmt: skip
        data = {"audio": (audio or hex_or_address(call, wish["format"]))(sound), "status": 2}
        return json_answer(
            {"data": data, "extra_info": info, "trace_id": request_id(call), "base_resp": SUCCESS}, **trace(call)
        )

    return recipe
