"""MiniMax: scripts by a chat that knows no JSON mode."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from services.content.domain.provider_errors import ProviderError, Verdict
from services.content.domain.provider_verdicts import (
    INPUT_REJECTED,
    MALFORMED,
    OUTPUT_REJECTED,
    PLAN_WINDOW,
    gateway_verdict,
    minimax_verdict,
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
_CODE_AT_THE_END = re.compile(r"\((\d{3,6})\)")
_GATEWAY_LOST = (502, 504)


@dataclass(frozen=True, kw_only=True)
class MiniMax:
    """Which host and model to ask.

    Args:
        base_url: The host of the key's region, without ``/v1``.
        model: A model that can write without thinking aloud.
    """

    base_url: str
    model: str = "MiniMax-M3"


class MiniMaxScript:
    """Writes scripts; made for one call and forgotten with its key."""

    name = "minimax"
    is_builtin = False

    def __init__(self, settings: MiniMax, transport: Transport, call: Call) -> None:
        self._settings = settings
        self._transport = transport
        self._call = call

    @property
    def version(self) -> str:
        return f"{self._settings.model}/{PROMPT_VERSION}"

    def write(self, request: ScriptRequest) -> Script:
        """Write exactly ``request.slides`` slides.

        Raises:
            ProviderError: MiniMax refused or was not able to.
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
        self._call.receipt.request_id = _request_id(answer, body)
        self._refuse_error(answer, body)
        return self._completion(answer, body)

    def _chat(self, messages: Messages, max_tokens: int) -> Request:
        return Request(
            method="POST",
            url=self._settings.base_url.rstrip("/").removesuffix("/v1") + "/v1/chat/completions",
            headers={"Authorization": f"Bearer {self._call.key}"},
            body={
                "model": self._settings.model,
                "messages": messages,
                "thinking": {"type": "disabled"},
                "max_completion_tokens": max_tokens,
                "stream": False,
            },
            clocks=_CHAT_CLOCKS,
            is_paid=True,
        )

    def _refuse_error(self, answer: Answer, body: dict[str, Any]) -> None:
        """An error is told under any status, also under 200, and in two forms."""
        told = body.get("base_resp")
        if isinstance(told, dict) and told.get("status_code") not in (0, None):
            code, message = str(told["status_code"]), told.get("status_msg")
        elif answer.status != 200 or body.get("type") == "error":
            error = body.get("error")
            said = error if isinstance(error, dict) else {}
            message = said.get("message")
            code = _code_in(message) or str(said.get("type") or "")
        else:
            return
        code = redacted(code, self._call.key)
        text = message if isinstance(message, str) else ""
        raise self._error(answer, body, minimax_verdict(answer.status, code), code or None, text)

    def _completion(self, answer: Answer, body: dict[str, Any]) -> Completion:
        usage = body.get("usage")
        if isinstance(usage, dict):
            counted = (("input_tokens", "prompt_tokens"), ("output_tokens", "completion_tokens"))
            self._call.receipt.add_usage({ours: usage.get(theirs) for ours, theirs in counted})
        choices = body.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
        if body.get("input_sensitive") is True:
            raise self._error(answer, body, INPUT_REJECTED)
        if body.get("output_sensitive") is True or choice.get("finish_reason") == "content_filter":
            raise self._error(answer, body, OUTPUT_REJECTED)
        message = choice.get("message")
        text = message.get("content") if isinstance(message, dict) else None
        if not isinstance(text, str) or not text.strip():
            raise self._error(answer, body, MALFORMED)
        return Completion(text=text, is_cut=choice.get("finish_reason") == "length")

    def _error(
        self, answer: Answer, body: dict[str, Any], verdict: Verdict, code: str | None = None, message: str = ""
    ) -> ProviderError:
        now = self._call.clock.now()
        wait_s = reset_in_s(message, now) if verdict == PLAN_WINDOW else retry_after_s(answer.headers, now)
        return ProviderError(
            verdict,
            self.name,
            detail=redacted(message, self._call.key),
            retry_after_s=wait_s,
            maybe_charged=code is None and (answer.status == 200 or answer.status in _GATEWAY_LOST),
            http_status=answer.status,
            provider_code=code,
            request_id=_request_id(answer, body),
        )


def _code_in(message: object) -> str | None:
    found = _CODE_AT_THE_END.findall(message) if isinstance(message, str) else []
    return found[-1] if found else None


def _request_id(answer: Answer, body: dict[str, Any]) -> str | None:
    told = body.get("request_id") or body.get("id") or answer.headers.get("trace-id")
    return told if isinstance(told, str) else None
