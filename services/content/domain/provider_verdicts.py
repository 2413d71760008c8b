"""What each provider's own codes mean, as tables; the code decides before the HTTP status does.

Providers answer HTTP 401 for an empty balance and 429 for an expired plan, so a status alone says little.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.content.domain.provider_errors import ProviderErrorKind, ProviderErrorReason, Verdict

_Kind, _Reason = ProviderErrorKind, ProviderErrorReason

INVALID_KEY = Verdict(kind=_Kind.INVALID_KEY)
NO_BALANCE = Verdict(kind=_Kind.INSUFFICIENT_BALANCE)
RATE_LIMITED = Verdict(kind=_Kind.RATE_LIMITED, retryable=True)
TOO_MANY_AT_ONCE = Verdict(kind=_Kind.RATE_LIMITED, reason=_Reason.CONCURRENCY, retryable=True)
PLAN_WINDOW = Verdict(kind=_Kind.RATE_LIMITED, reason=_Reason.PLAN_WINDOW, retryable=True)
REJECTED = Verdict(kind=_Kind.CONTENT_REJECTED)
INPUT_REJECTED = Verdict(kind=_Kind.CONTENT_REJECTED, reason=_Reason.INPUT)
OUTPUT_REJECTED = Verdict(kind=_Kind.CONTENT_REJECTED, reason=_Reason.OUTPUT)
BAD_REQUEST = Verdict(kind=_Kind.BAD_REQUEST)
NOT_IN_PLAN = Verdict(kind=_Kind.BAD_REQUEST, reason=_Reason.PLAN_FEATURE)
NO_MODEL = Verdict(kind=_Kind.BAD_REQUEST, reason=_Reason.MODEL_UNAVAILABLE)
NO_VOICE = Verdict(kind=_Kind.BAD_REQUEST, reason=_Reason.VOICE)
UNAVAILABLE = Verdict(kind=_Kind.PROVIDER_UNAVAILABLE, retryable=True)
MALFORMED = Verdict(kind=_Kind.PROVIDER_UNAVAILABLE, reason=_Reason.MALFORMED_RESPONSE, retryable=True)
TIMEOUT = Verdict(kind=_Kind.TIMEOUT, retryable=True)
_ACCOUNT_LOCKED = Verdict(kind=_Kind.INVALID_KEY, reason=_Reason.ACCOUNT)
_KEY_SCOPE = Verdict(kind=_Kind.INVALID_KEY, reason=_Reason.KEY_SCOPE)
_PLAN_ENDED = Verdict(kind=_Kind.INSUFFICIENT_BALANCE, reason=_Reason.PLAN_FEATURE)

_MINIMAX: Mapping[str, Verdict] = {
    **dict.fromkeys(("1000", "1013", "1024", "1033"), UNAVAILABLE),
    "1001": TIMEOUT,
    **dict.fromkeys(("1002", "1039", "2045"), RATE_LIMITED),
    "1041": TOO_MANY_AT_ONCE,
    **dict.fromkeys(("1004", "2049"), INVALID_KEY),
    **dict.fromkeys(("1008", "1028", "1030"), NO_BALANCE),
    "2056": PLAN_WINDOW,
    "2061": NOT_IN_PLAN,
    "1026": INPUT_REJECTED,
    "1027": OUTPUT_REJECTED,
    **dict.fromkeys(("20132", "2042"), NO_VOICE),
    "authorized_error": INVALID_KEY,
    "insufficient_balance_error": NO_BALANCE,
    "rate_limit_error": RATE_LIMITED,
    "unprocessable_entity_error": REJECTED,
    "bad_request_error": BAD_REQUEST,
    "invalid_request_error": BAD_REQUEST,
    "overloaded_error": UNAVAILABLE,
    "server_error": UNAVAILABLE,
}
_ZAI: Mapping[str, Verdict] = {
    **dict.fromkeys(("1000", "1001", "1002", "1003", "1004", "1005"), INVALID_KEY),
    **dict.fromkeys(("1110", "1111", "1112", "1121"), _ACCOUNT_LOCKED),
    "1113": NO_BALANCE,
    **dict.fromkeys(("1120", "500", "1200", "1230", "1234"), UNAVAILABLE),
    **dict.fromkeys(("1211", "1220", "1221", "1222"), NO_MODEL),
    **dict.fromkeys(("1300", "1301"), REJECTED),
    **dict.fromkeys(("1302", "1303", "1305", "1312"), RATE_LIMITED),
    **dict.fromkeys(("1304", "1308", "1310", *map(str, range(1316, 1322))), PLAN_WINDOW),
    **dict.fromkeys(("1309", "1311", "1313", "1314", "1315"), _PLAN_ENDED),
}
_ELEVENLABS: Mapping[str, Verdict] = {
    **dict.fromkeys(
        ("invalid_api_key", "missing_api_key", "needs_authorization", "sign_in_required"), INVALID_KEY
    ),
    "missing_permissions": _KEY_SCOPE,
    "detected_unusual_activity": _PLAN_ENDED,
    **dict.fromkeys(("quota_exceeded", "insufficient_credits", "payment_required"), NO_BALANCE),
    **dict.fromkeys(
        (
            "only_for_creator+",
            "subscription_required",
            "feature_not_available",
            "voice_access_denied",
            "model_access_denied",
        ),
        NOT_IN_PLAN,
    ),
    "voice_not_found": NO_VOICE,
    "model_not_found": NO_MODEL,
    **dict.fromkeys(("bad_prompt", "bad_composition_plan"), REJECTED),
    **dict.fromkeys(("too_many_concurrent_requests", "concurrent_limit_exceeded"), TOO_MANY_AT_ONCE),
    **dict.fromkeys(("rate_limit_exceeded", "system_busy", "already_running", "too_early"), RATE_LIMITED),
    **dict.fromkeys(("internal_error", "maintenance", "service_unavailable"), UNAVAILABLE),
}
_OPENAI: Mapping[str, Verdict] = {
    "invalid_api_key": INVALID_KEY,
    "model_not_found": NO_MODEL,
    **dict.fromkeys(("moderation_blocked", "content_policy_violation", "content_filter"), REJECTED),
    "rate_limit_exceeded": RATE_LIMITED,
    **dict.fromkeys(
        ("insufficient_quota", "credit_balance_exhausted", "organization_usage_limit_exceeded"), NO_BALANCE
    ),
}


def minimax_verdict(status: int, code: str | None) -> Verdict:
    """MiniMax: a business code, or the type of an error without one. An unknown code under HTTP 200 is final."""
    return _MINIMAX.get(code or "") or _by_status(status)


def zai_verdict(status: int, code: str | None) -> Verdict:
    """Z.ai: a numeric code; a bare 434 means that the plan does not include it."""
    return _ZAI.get(code or "") or (NOT_IN_PLAN if status == 434 else _by_status(status))


def elevenlabs_verdict(status: int, code: str | None) -> Verdict:
    """ElevenLabs: a named code or status."""
    by_status = {402: NO_BALANCE, 403: NOT_IN_PLAN, 409: RATE_LIMITED, 425: RATE_LIMITED}
    return _ELEVENLABS.get(code or "") or by_status.get(status) or _by_status(status)


def openai_verdict(status: int, code: str | None) -> Verdict:
    """OpenAI and servers that speak like it: a named code, where there is one."""
    if code is not None and code.endswith("_spend_limit_exceeded"):
        return NO_BALANCE
    by_status = {403: NOT_IN_PLAN, 408: TIMEOUT, 409: RATE_LIMITED}
    return _OPENAI.get(code or "") or by_status.get(status) or _by_status(status)


def gateway_verdict(status: int) -> Verdict:
    """An answer that is not JSON: somebody in between speaks, so it says nothing about the key."""
    if status == 429:
        return RATE_LIMITED
    return UNAVAILABLE if status >= 500 else MALFORMED


def _by_status(status: int) -> Verdict:
    if status == 401:
        return INVALID_KEY
    if status == 429:
        return RATE_LIMITED
    return UNAVAILABLE if status >= 500 else BAD_REQUEST
