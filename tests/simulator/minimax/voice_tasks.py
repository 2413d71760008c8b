"""Narrations that MiniMax makes later: a task, its state, an archive."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable

from tests.simulator.answer import Answer, bytes_answer, json_answer
from tests.simulator.case import Call, Recipe
from tests.simulator.fixtures import archives, sounds, subtitles
from tests.simulator.minimax.envelope import HOUR_S, SUCCESS, trace
from tests.simulator.minimax.voice import billed_characters

_IDS = itertools.count(9_007_199_254_740_995, 2)  # above 2^53: a float would change it


def voice_task(call: Call) -> Answer:
    """A narration that is made later; its ids do not fit into a float."""
    task, file = str(next(_IDS)), str(next(_IDS))
    call.simulator.tasks.add(call.vendor.name, task, file=file, request=call.json)
    whole = {"task_id": int(task), "task_token": f"token-{task}", "file_id": int(file)}
    return json_answer(
        {**whole, "usage_characters": billed_characters(call.json.get("text", "")), "base_resp": SUCCESS},
        **trace(call),
    )


def voice_task_state(state: str) -> Recipe:
    """How far a narration is: ``Processing``, ``Success``, ``Failed`` or ``Expired``."""

    def recipe(call: Call) -> Answer:
        task = call.query["task_id"]
        file = call.simulator.tasks.find(call.vendor.name, task)
        whole: dict[str, object] = {"task_id": int(task), "status": state, "base_resp": SUCCESS}
        return json_answer({**whole, "file_id": int(file.file)} if file and state == "Success" else whole)

    return recipe


def voice_archive(tar: Callable[[bytes, object], Answer] | None = None) -> Recipe:
    """The address of a finished narration, for nine hours; ``tar`` makes it of the sound and its timing."""

    def recipe(call: Call) -> Answer:
        file = call.query["file_id"]
        task = call.simulator.tasks.of_file(call.vendor.name, file)
        asked = task.request if task else {}
        wish = asked.get("audio_setting", {})
        kind = wish.get("format", "mp3")
        sound = sounds.sound(kind, wish.get("audio_sample_rate", 32_000), wish.get("channel", 2))
        timing = subtitles.timing_file(asked.get("text", ""), sounds.SECONDS * 1000, words=False)
        made = (
            tar(sound, timing)
            if tar
            else tar_answer(archives.narration_archive(sound, kind, timing, {"format": kind}))
        )
        address = call.publish("narration.tar", made, lives_s=9 * HOUR_S)
        facts = {"file_id": int(file), "bytes": 0, "filename": "narration.tar", "purpose": "t2a_async"}
        return json_answer({"file": {**facts, "download_url": address}, "base_resp": SUCCESS})

    return recipe


def tar_answer(tar: bytes) -> Answer:
    return bytes_answer(tar, "application/x-tar")


def large_tar(size: int) -> Callable[[bytes, object], Answer]:
    def make(_: bytes, __: object) -> Answer:
        length, _pieces = archives.endless_archive(size)
        return dataclasses.replace(tar_answer(b""), size=length, body=lambda: archives.endless_archive(size)[1])

    return make
