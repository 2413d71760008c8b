"""How MiniMax tells failure: a code under HTTP 200, or a real status with the code in brackets."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.simulator.answer import Answer, json_answer
from tests.simulator.case import Call, Recipe
from tests.simulator.minimax.envelope import HOUR_S, request_id, trace

#: base_resp.status_code -> its message, and the HTTP status and type that the newer paths give it.
CODES: dict[int, tuple[str, int, str]] = {
    1000: ("unknown error", 500, "server_error"),
    1001: ("request timeout", 500, "server_error"),
    1002: ("rate limit exceeded (RPM)", 429, "rate_limit_error"),
    1004: ("authentication failed", 401, "authorized_error"),
    1008: ("insufficient balance", 402, "insufficient_balance_error"),
    1013: ("internal service error", 500, "server_error"),
    1024: ("internal error", 500, "server_error"),
    1026: ("input new_sensitive", 422, "unprocessable_entity_error"),
    1027: ("output new_sensitive", 422, "unprocessable_entity_error"),
    1028: ("quota used up", 402, "insufficient_balance_error"),
    1030: ("quota used up", 402, "insufficient_balance_error"),
    1033: ("system error", 500, "server_error"),
    1039: ("token limit exceeded (TPM)", 429, "rate_limit_error"),
    1041: ("connection limit exceeded", 429, "rate_limit_error"),
    1042: ("too many invisible characters", 400, "bad_request_error"),
    1043: ("voice cloning check failed", 400, "bad_request_error"),
    1044: ("voice cloning check failed", 400, "bad_request_error"),
    2013: ("invalid params", 400, "invalid_request_error"),
    2037: ("voice duration check failed", 400, "bad_request_error"),
    2038: ("voice cloning disabled", 400, "bad_request_error"),
    2039: ("voice id duplicated", 400, "bad_request_error"),
    2042: ("no access to this voice id", 400, "bad_request_error"),
    2045: ("rate growth limit", 429, "rate_limit_error"),
    2048: ("prompt audio too long", 400, "bad_request_error"),
    2049: ("invalid api key", 401, "authorized_error"),
    2056: ("usage limit exceeded", 429, "rate_limit_error"),
    2061: ("your current token plan not support model", 400, "bad_request_error"),
    20132: ("voice id not exist", 400, "bad_request_error"),
}


def business(code: int, message: str | None = None, **fields: object) -> Recipe:
    """HTTP 200 with ``base_resp.status_code``, as the native endpoints tell failure."""
    said = {"status_code": code, "status_msg": message or CODES.get(code, ("unknown",))[0]}
    return lambda call: json_answer({**fields, "base_resp": said}, **trace(call))


def refused(
    code: int, *, status: int | None = None, kind: str | None = None, message: str | None = None
) -> Recipe:
    """A real HTTP status with the code in brackets, as the newer endpoints tell failure."""
    usual_message, usual_status, usual_kind = CODES[code]
    text = f"{message or usual_message} ({code})"
    return typed(kind or usual_kind, text, status or usual_status)


def typed(kind: str, message: str, status: int) -> Recipe:
    """The newer form of an error; the number in brackets at the end of the message may be missing."""

    def recipe(call: Call) -> Answer:
        error = {"type": kind, "message": message, "http_code": str(status)}
        return json_answer(
            {"type": "error", "error": error, "request_id": request_id(call)}, status, **trace(call)
        )

    return recipe


def coded(code: int) -> Recipe:
    """The code in whichever way the endpoint tells errors."""
    return lambda call: (business(code) if call.endpoint.style == "native" else refused(code))(call)


def echo(call: Call) -> Answer:
    message = f"invalid api key: {call.key}"
    return refused(2049, status=401, message=message)(call)


def usage_window(zone: str = "Z") -> Recipe:
    """The window of a plan is used up; the message says when it opens again, in four hours of virtual time."""

    def recipe(call: Call) -> Answer:
        resets = call.simulator.clock.now().timestamp() + 4 * HOUR_S
        return refused(2056, message=f"usage limit exceeded, resets at {_moment(resets, zone)}")(call)

    return recipe


def _moment(timestamp: float, zone: str) -> str:
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%dT%H:%M:%S") + zone
