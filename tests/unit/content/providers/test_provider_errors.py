"""What providers' codes mean, and what is told to whom."""

from __future__ import annotations

import pytest

from services.content.domain.provider_errors import (
    KeyOwner,
    ProviderError,
    ProviderErrorKind,
    ProviderErrorReason,
    Verdict,
)
from services.content.domain.provider_verdicts import (
    BAD_REQUEST,
    NO_BALANCE,
    elevenlabs_verdict,
    gateway_verdict,
    minimax_verdict,
    openai_verdict,
    zai_verdict,
)

OF = {"minimax": minimax_verdict, "zai": zai_verdict, "elevenlabs": elevenlabs_verdict, "openai": openai_verdict}


@pytest.mark.parametrize(
    ("provider", "status", "codes", "outcome"),
    [
        ("minimax", 200, "1000 1013 1024 1033", "provider_unavailable - retry"),
        ("minimax", 200, "1001", "timeout - retry"),
        ("minimax", 200, "1002 1039 2045", "rate_limited - retry"),
        ("minimax", 200, "1041", "rate_limited concurrency retry"),
        ("minimax", 200, "1004 2049", "invalid_key - final"),
        ("minimax", 429, "1008 1028 1030", "insufficient_balance - final"),
        ("minimax", 500, "1008", "insufficient_balance - final"),
        ("minimax", 429, "2056", "rate_limited plan_window retry"),
        ("minimax", 200, "2061", "bad_request plan_feature final"),
        ("minimax", 200, "1026", "content_rejected input final"),
        ("minimax", 200, "1027", "content_rejected output final"),
        ("minimax", 200, "20132 2042", "bad_request voice final"),
        ("minimax", 200, "1042 2013 2037 2038 2039 2048 1043 1044 9999", "bad_request - final"),
        ("minimax", 401, "authorized_error", "invalid_key - final"),
        ("minimax", 422, "unprocessable_entity_error", "content_rejected - final"),
        ("minimax", 529, "overloaded_error", "provider_unavailable - retry"),
        ("zai", 401, "1000 1001 1002 1003 1004 1005", "invalid_key - final"),
        ("zai", 401, "1110 1111 1112 1121", "invalid_key account final"),
        ("zai", 429, "1113", "insufficient_balance - final"),
        ("zai", 400, "1120 500 1200 1230 1234", "provider_unavailable - retry"),
        ("zai", 400, "1210 1212 1213 1214 1215 1231 1261", "bad_request - final"),
        ("zai", 400, "1211 1220 1221 1222", "bad_request model_unavailable final"),
        ("zai", 400, "1300 1301", "content_rejected - final"),
        ("zai", 429, "1302 1303 1305 1312", "rate_limited - retry"),
        ("zai", 429, "1304 1308 1310 1316 1317 1318 1319 1320 1321", "rate_limited plan_window retry"),
        ("zai", 429, "1309 1311 1313 1314 1315", "insufficient_balance plan_feature final"),
        ("zai", 434, "", "bad_request plan_feature final"),
        ("zai", 435, "", "bad_request - final"),
        ("elevenlabs", 401, "invalid_api_key missing_api_key needs_authorization", "invalid_key - final"),
        ("elevenlabs", 401, "missing_permissions", "invalid_key key_scope final"),
        ("elevenlabs", 401, "detected_unusual_activity", "insufficient_balance plan_feature final"),
        ("elevenlabs", 401, "quota_exceeded", "insufficient_balance - final"),
        ("elevenlabs", 402, "insufficient_credits other", "insufficient_balance - final"),
        ("elevenlabs", 400, "subscription_required voice_access_denied", "bad_request plan_feature final"),
        ("elevenlabs", 400, "voice_not_found", "bad_request voice final"),
        ("elevenlabs", 400, "model_not_found", "bad_request model_unavailable final"),
        ("elevenlabs", 422, "bad_prompt bad_composition_plan", "content_rejected - final"),
        ("elevenlabs", 400, "text_too_long invalid_output_format", "bad_request - final"),
        ("elevenlabs", 429, "too_many_concurrent_requests", "rate_limited concurrency retry"),
        ("elevenlabs", 409, "already_running system_busy", "rate_limited - retry"),
        ("elevenlabs", 503, "internal_error other", "provider_unavailable - retry"),
        ("openai", 401, "invalid_api_key other", "invalid_key - final"),
        ("openai", 403, "unsupported_country", "bad_request plan_feature final"),
        ("openai", 404, "model_not_found", "bad_request model_unavailable final"),
        ("openai", 400, "context_length_exceeded", "bad_request - final"),
        ("openai", 400, "moderation_blocked content_policy_violation", "content_rejected - final"),
        ("openai", 429, "rate_limit_exceeded other", "rate_limited - retry"),
        ("openai", 429, "insufficient_quota project_spend_limit_exceeded", "insufficient_balance - final"),
        ("openai", 529, "other", "provider_unavailable - retry"),
        ("openai", 408, "", "timeout - retry"),
    ],
)
def test_a_code_decides_before_the_status(provider: str, status: int, codes: str, outcome: str) -> None:
    for code in codes.split() or [None]:
        assert _written(OF[provider](status, code)) == outcome, code


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "provider_unavailable malformed_response retry"),
        (401, "provider_unavailable malformed_response retry"),
        (403, "provider_unavailable malformed_response retry"),
        (429, "rate_limited - retry"),
        (502, "provider_unavailable - retry"),
    ],
)
def test_a_page_of_a_gateway_says_nothing_about_the_key(status: int, outcome: str) -> None:
    assert _written(gateway_verdict(status)) == outcome


def test_every_kind_and_reason_has_a_cause_and_a_remedy() -> None:
    for kind in ProviderErrorKind:
        for reason in (None, *ProviderErrorReason):
            error = ProviderError(Verdict(kind=kind, reason=reason), "minimax")
            assert error.message.startswith("minimax ")
            assert error.remedy
            assert error.code == f"content.{kind}"


def test_the_owner_of_a_key_is_told_what_the_matter_is() -> None:
    error = ProviderError(NO_BALANCE, "minimax", provider_code="1008")
    assert error.seen_with(KeyOwner.ACCOUNT) is error
    assert not error.is_incident_with(KeyOwner.ACCOUNT)
    assert "top up the account" in error.message


def test_with_the_platforms_key_the_balance_is_the_operators_affair() -> None:
    error = ProviderError(NO_BALANCE, "minimax", provider_code="1008", detail="insufficient balance")
    seen = error.seen_with(KeyOwner.PLATFORM)
    assert error.is_incident_with(KeyOwner.PLATFORM)
    assert seen.kind is ProviderErrorKind.PROVIDER_UNAVAILABLE
    assert seen.message == "minimax is temporarily unavailable; try later or choose another provider"
    assert ProviderError(BAD_REQUEST, "minimax").seen_with(KeyOwner.PLATFORM).kind is ProviderErrorKind.BAD_REQUEST


def _written(verdict: Verdict) -> str:
    return f"{verdict.kind} {verdict.reason or '-'} {'retry' if verdict.retryable else 'final'}"
