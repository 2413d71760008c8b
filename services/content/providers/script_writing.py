"""Asks a language model for a script and takes nothing from it that is not one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.content.domain.provider_errors import ProviderError
from services.content.domain.provider_verdicts import BAD_REQUEST, MALFORMED
from services.content.providers.port import MAX_PROMPT_CHARACTERS, Script, ScriptRequest, ScriptSlide

PROMPT_VERSION = "1"
MAX_TOKENS = 8_192
MORE_TOKENS = 16_384
_MAX_NARRATION = 5_000
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)

Messages = list[dict[str, str]]


@dataclass(frozen=True, kw_only=True)
class Completion:
    """What a model has said.

    Attributes:
        is_cut: It reached the limit of tokens.
    """

    text: str
    is_cut: bool


#: Says a conversation to a model, with a limit of tokens for its answer.
Complete = Callable[[Messages, int], Completion]


class _Slide(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    title: str = Field(max_length=300)
    narration: str = Field(min_length=1, max_length=_MAX_NARRATION)
    image_prompt: str = Field(min_length=1, max_length=MAX_PROMPT_CHARACTERS)


class _Script(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    title: str = Field(min_length=1, max_length=300)
    slides: list[_Slide]


def script_schema() -> dict[str, Any]:
    """The JSON schema of a script, without the bounds that some servers do not know."""
    text = {"type": "string"}
    return {
        "type": "object",
        "properties": {
            "title": text,
            "slides": {"type": "array", "items": _object("title", "narration", "image_prompt")},
        },
        "required": ["title", "slides"],
        "additionalProperties": False,
    }


def write_script(request: ScriptRequest, complete: Complete, provider: str) -> Script:
    """Ask for a script; what is not one is asked for once more, with more room if it was cut off.

    Raises:
        ProviderError: ``bad_request``: the script does not fit; ``malformed_response``: twice no script.
    """
    messages = opening(request)
    first = complete(messages, MAX_TOKENS)
    script = _script_in(first, request.slides)
    if script is not None:
        return script
    again = f"{_prompt('repair')}\nIt has exactly {request.slides} slides."
    second = complete([*messages, {"role": "user", "content": again}], MORE_TOKENS if first.is_cut else MAX_TOKENS)
    script = _script_in(second, request.slides)
    if script is not None:
        return script
    if second.is_cut:
        raise ProviderError(BAD_REQUEST, provider, detail="the script does not fit", maybe_charged=True)
    raise ProviderError(MALFORMED, provider, maybe_charged=True)


def opening(request: ScriptRequest) -> Messages:
    """The conversation that asks for a script; nothing of the author but his words goes into it."""
    wishes = [f"Language: {request.language}", f"Write exactly {request.slides} slides."]
    if request.tone:
        wishes.append(f"Tone: {request.tone}")
    if request.topic.strip():
        wishes.append(f"Topic: {request.topic.strip()}")
    if request.text.strip():
        wishes.append(f"Divide this text into slides; the narration keeps its words:\n{request.text.strip()}")
    return [{"role": "system", "content": _prompt("script")}, {"role": "user", "content": "\n".join(wishes)}]


def _prompt(name: str) -> str:
    return (
        files(__package__).joinpath("prompts", f"{name}-{PROMPT_VERSION}.txt").read_text(encoding="utf-8").strip()
    )


def _object(*names: str) -> dict[str, Any]:
    fields = {name: {"type": "string"} for name in names}
    return {"type": "object", "properties": fields, "required": list(names), "additionalProperties": False}


def _script_in(said: Completion, slides: int) -> Script | None:
    if said.is_cut:
        return None
    try:
        found = _Script.model_validate(_json_in(said.text))
    except ValidationError:
        return None
    if len(found.slides) != slides:
        return None
    return Script(title=found.title, slides=tuple(ScriptSlide(**slide.model_dump()) for slide in found.slides))


def _json_in(text: str) -> object:
    """The first whole JSON object in a text, past thoughts, fences and friendly words; None if there is none."""
    bare = _THOUGHT.sub("", text)
    start = bare.find("{")
    if start < 0:
        return None
    try:
        return json.JSONDecoder().raw_decode(bare, start)[0]
    except (ValueError, RecursionError):
        return None
