"""Z.ai: scripts by a chat in JSON mode."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import Any

from services.content.domain.provider_errors import ProviderError, Verdict
from services.content.domain.provider_verdicts import (
    BAD_REQUEST,
    MALFORMED,
    PLAN_WINDOW,
    REJECTED,
    UNAVAILABLE,
    gateway_verdict,
    zai_verdict,
)
from services.content.providers.http.call import Call
from services.content.providers.http.clocks import Clocks
from services.content.providers.http.redaction import redacted
from services.content.providers.http.retry_after import reset_in_s, retry_after_s
from services.content.providers.http.transport import Answer, Request, Transport
from services.content.providers.port import Script, ScriptRequest
from services.content.providers.retrying import with_retries
from services.content.providers.script_writing import PROMPT_VERSION, Completion, Messages, write_script

_CHAT_CLOCKS = Clocks(first_byte_s=120.0, idle_s=30.0, total_s=300.0)
_ITS_ZONE = timezone(timedelta(hours=8))
_GATEWAY_LOST = (502, 504)
_FINISHED_BADLY = {
    "sensitive": REJECTED,
    "model_context_window_exceeded": BAD_REQUEST,
    "network_error": UNAVAILABLE,
}


@dataclass(frozen=True, kw_only=True)
class Zai:
    """Which address and model to ask; the keys of a coding plan have an address of their own."""

    base_url: str
    model: str = "glm-5.3"


class ZaiScript:
    """Writes scripts; made for one call and forgotten with its key."""

    name = "zai"
    is_builtin = False

    def __init__(self, settings: Zai, transport: Transport, call: Call) -> None:
        self._settings = settings
        self._transport = transport
        self._call = call

    @property
    def version(self) -> str:
        return f"{self._settings.model}/{PROMPT_VERSION}"

    def write(self, request: ScriptRequest) -> Script:
        """Write exactly ``request.slides`` slides.

        Raises:
            ProviderError: Z.ai refused or was not able to.
            TaskCancelledError: The call was ended.
        """
        return write_script(request, self._complete, self.name)

    def _complete(self, messages: Messages, max_tokens: int) -> Completion:
        return with_retries(self._call, lambda: self._ask(messages, max_tokens))

    def _ask(self, messages: Messages, max_tokens: int) -> Completion:
        self._call.receipt.attempts += 1
        answer = self._transport.send(self._chat(messages, max_tokens), self._call, self.name)
        body = answer.json()
        if not isinstance(body, dict):
            raise self._error(answer, {}, gateway_verdict(answer.status))
        self._call.receipt.request_id = _request_id(body)
        if answer.status != 200 or "error" in body or "code" in body:
            raise self._told(answer, body)
        return self._completion(answer, body)

    def _chat(self, messages: Messages, max_tokens: int) -> Request:
        return Request(
            method="POST",
            url=self._settings.base_url.rstrip("/") + "/chat/completions",
            headers={"Authorization": f"Bearer {self._call.key}", "Accept-Language": "en-US,en"},
            body={
                "model": self._settings.model,
                "messages": messages,
                "thinking": {"type": "disabled"},
                "response_format": {"type": "json_object"},
                "max_tokens": max_tokens,
                "stream": False,
            },
            clocks=_CHAT_CLOCKS,
            is_paid=True,
        )

    def _completion(self, answer: Answer, body: dict[str, Any]) -> Completion:
        usage = body.get("usage")
        if isinstance(usage, dict):
            counted = (("input_tokens", "prompt_tokens"), ("output_tokens", "completion_tokens"))
            self._call.receipt.add_usage({ours: usage.get(theirs) for ours, theirs in counted})
        choices = body.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
        finish = choice.get("finish_reason")
        if isinstance(finish, str) and finish in _FINISHED_BADLY:
            raise self._error(answer, body, _FINISHED_BADLY[finish], finish)
        message = choice.get("message")
        text = message.get("content") if isinstance(message, dict) else None
        if not isinstance(text, str) or not text.strip():
            raise self._error(answer, body, MALFORMED)
        return Completion(text=text, is_cut=finish == "length")

    def _told(self, answer: Answer, body: dict[str, Any]) -> ProviderError:
        """The code is a text or a number, inside ``error`` or beside it."""
        error = body.get("error", body)
        said = error if isinstance(error, dict) else {}
        code = redacted(str(said["code"]), self._call.key) if said.get("code") is not None else None
        message = said.get("message")
        verdict = zai_verdict(answer.status, code)
        return self._error(answer, body, verdict, code, message if isinstance(message, str) else "")

    def _error(
        self, answer: Answer, body: dict[str, Any], verdict: Verdict, code: str | None = None, message: str = ""
    ) -> ProviderError:
        now = self._call.clock.now()
        is_window = verdict == PLAN_WINDOW
        return ProviderError(
            verdict,
            self.name,
            detail=redacted(message, self._call.key),
            retry_after_s=reset_in_s(message, now, _ITS_ZONE) if is_window else retry_after_s(answer.headers, now),
            maybe_charged=code is None and (answer.status == 200 or answer.status in _GATEWAY_LOST),
            http_status=answer.status,
            provider_code=code,
            request_id=_request_id(body),
        )


def _request_id(body: dict[str, Any]) -> str | None:
    told = body.get("request_id") or body.get("id")
    return told if isinstance(told, str) else None
