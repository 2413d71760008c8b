"""OpenAI, and every server that speaks like it: Ollama, vLLM, llama.cpp."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from services.content.domain.provider_errors import ProviderError, Verdict
from services.content.domain.provider_verdicts import MALFORMED, REJECTED, gateway_verdict, openai_verdict
from services.content.providers.http.call import Call
from services.content.providers.http.clocks import Clocks
from services.content.providers.http.redaction import redacted
from services.content.providers.http.retry_after import retry_after_s
from services.content.providers.http.transport import Answer, Request, Transport
from services.content.providers.port import Script, ScriptRequest
from services.content.providers.retrying import with_retries
from services.content.providers.script_writing import (
    PROMPT_VERSION,
    Completion,
    Messages,
    script_schema,
    write_script,
)

_CHAT_CLOCKS = Clocks(first_byte_s=120.0, idle_s=30.0, total_s=300.0)
_GATEWAY_LOST = (502, 504)


class JsonMode(StrEnum):
    """How a server is told to answer in JSON."""

    SCHEMA = "json_schema"
    OBJECT = "json_object"


@dataclass(frozen=True, kw_only=True)
class ChatServer:
    """A server and how it likes to be asked.

    Args:
        name: As the author of a video knows it.
        base_url: With ``/v1``, as its makers publish it.
        model: The model to ask.
        limit_field: Name of the field that limits the answer; servers other than OpenAI know ``max_tokens``.
    """

    name: str
    base_url: str
    model: str
    json_mode: JsonMode = JsonMode.SCHEMA
    limit_field: str = "max_completion_tokens"


class OpenAiCompatibleScript:
    """Writes scripts by a chat; made for one call and forgotten with its key."""

    is_builtin = False

    def __init__(self, server: ChatServer, transport: Transport, call: Call) -> None:
        self._server = server
        self._transport = transport
        self._call = call

    @property
    def name(self) -> str:
        return self._server.name

    @property
    def version(self) -> str:
        return f"{self._server.model}/{PROMPT_VERSION}"

    def write(self, request: ScriptRequest) -> Script:
        """Write exactly ``request.slides`` slides.

        Raises:
            ProviderError: The server refused or was not able to.
            TaskCancelledError: The call was ended.
        """
        return write_script(request, self._complete, self.name)

    def _complete(self, messages: Messages, max_tokens: int) -> Completion:
        return with_retries(self._call, lambda: self._ask(messages, max_tokens))

    def _ask(self, messages: Messages, max_tokens: int) -> Completion:
        self._call.receipt.attempts += 1
        answer = self._transport.send(self._chat(messages, max_tokens), self._call, self.name)
        self._call.receipt.request_id = answer.headers.get("x-request-id")
        body = answer.json()
        if not isinstance(body, dict):
            raise self._error(answer, gateway_verdict(answer.status))
        if answer.status != 200 or "error" in body or body.get("object") == "error":
            raise self._told(answer, body)
        return self._completion(answer, body)

    def _chat(self, messages: Messages, max_tokens: int) -> Request:
        wanted: dict[str, Any] = {"type": self._server.json_mode}
        if self._server.json_mode is JsonMode.SCHEMA:
            wanted["json_schema"] = {"name": "script", "strict": True, "schema": script_schema()}
        return Request(
            method="POST",
            url=self._server.base_url.rstrip("/") + "/chat/completions",
            headers={"Authorization": f"Bearer {self._call.key}"} if self._call.key else {},
            body={
                "model": self._server.model,
                "messages": messages,
                "response_format": wanted,
                self._server.limit_field: max_tokens,
            },
            clocks=_CHAT_CLOCKS,
            is_paid=True,
        )

    def _completion(self, answer: Answer, body: dict[str, Any]) -> Completion:
        usage = body.get("usage")
        if isinstance(usage, dict):
            counted = (("input_tokens", "prompt_tokens"), ("output_tokens", "completion_tokens"))
            self._call.receipt.add_usage({ours: usage.get(theirs) for ours, theirs in counted})
        choice = _first(body.get("choices"))
        message = choice.get("message")
        if choice.get("finish_reason") == "content_filter" or (
            isinstance(message, dict) and message.get("refusal")
        ):
            raise self._error(answer, REJECTED)
        text = message.get("content") if isinstance(message, dict) else None
        if not isinstance(text, str) or not text.strip():
            raise self._error(answer, MALFORMED)
        return Completion(text=text, is_cut=choice.get("finish_reason") == "length")

    def _told(self, answer: Answer, body: dict[str, Any]) -> ProviderError:
        """An error in the server's words; ``error`` is an object, a text, or missing around the rest."""
        inner = body.get("error", body)
        said = inner if isinstance(inner, dict) else {"message": inner}
        code = said.get("code") if isinstance(said.get("code"), str) else said.get("type")
        name = redacted(code, self._call.key) if isinstance(code, str) else None
        verdict = openai_verdict(answer.status, name)
        message = said.get("message")
        return self._error(answer, verdict, name, message if isinstance(message, str) else "")

    def _error(
        self, answer: Answer, verdict: Verdict, code: str | None = None, message: str = ""
    ) -> ProviderError:
        hint = {"true": True, "false": False}.get(answer.headers.get("x-should-retry", ""), verdict.retryable)
        return ProviderError(
            Verdict(kind=verdict.kind, reason=verdict.reason, retryable=hint),
            self.name,
            detail=redacted(message, self._call.key),
            retry_after_s=retry_after_s(answer.headers, self._call.clock.now()),
            maybe_charged=answer.status == 200 or (code is None and answer.status in _GATEWAY_LOST),
            http_status=answer.status,
            provider_code=code,
            request_id=answer.headers.get("x-request-id"),
        )


def _first(choices: object) -> dict[str, Any]:
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else {}
