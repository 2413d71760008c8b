"""What can go wrong with an outside provider: seven kinds, who has to act, and what each person is told.

A :class:`ProviderError` says what happened to one request. The text of a person never holds a key, an address or a
page of a gateway; with a key of the platform it does not hold what only the operator can change.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.errors import TaskFailedError


class ProviderErrorKind(StrEnum):
    """What happened."""

    #: The provider does not accept the key; its owner enters another.
    INVALID_KEY = "invalid_key"
    #: The account at the provider has no money, no credits or no plan for this; its owner tops up.
    INSUFFICIENT_BALANCE = "insufficient_balance"
    #: Too much at once; nobody acts, the work waits.
    RATE_LIMITED = "rate_limited"
    #: The provider refuses the content; its author changes it.
    CONTENT_REJECTED = "content_rejected"
    #: The provider does not understand or offer what was asked; the program or its settings change.
    BAD_REQUEST = "bad_request"
    #: The provider is down, or its answer is no answer; nobody acts.
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    #: One of the clocks of the call ran out.
    TIMEOUT = "timeout"


class ProviderErrorReason(StrEnum):
    """What is known beyond the kind."""

    KEY_SCOPE = "key_scope"
    REGION_MISMATCH = "region_mismatch"
    ACCOUNT = "account"
    PLAN_FEATURE = "plan_feature"
    MODEL_UNAVAILABLE = "model_unavailable"
    VOICE = "voice"
    INPUT = "input"
    OUTPUT = "output"
    MALFORMED_RESPONSE = "malformed_response"
    DOWNLOAD_FAILED = "download_failed"
    URL_EXPIRED = "url_expired"
    CONCURRENCY = "concurrency"
    PLAN_WINDOW = "plan_window"


class KeyOwner(StrEnum):
    """Whose key a request carries."""

    ACCOUNT = "account"
    PLATFORM = "platform"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a code of a provider means.

    Args:
        retryable: Whether the same request may succeed later, without anybody changing anything.
    """

    kind: ProviderErrorKind
    reason: ProviderErrorReason | None = None
    retryable: bool = False


class ProviderError(TaskFailedError):
    """A provider did not do what was asked.

    Args:
        verdict: What it means.
        provider: Name of the provider.
        detail: The provider's own words, already free of keys; only kept where they help a person.
        retry_after_s: How long the provider wants to be left alone [s]; None if it does not say.
        maybe_charged: Whether the provider may have done the work and counted it.
        http_status: HTTP status of the answer, if there was one.
        provider_code: The provider's own code, for its support.
        request_id: The provider's own id of the request, for its support.
        suggestion: A text that the provider would accept instead; for a person to decide, never sent by itself.
    """

    def __init__(
        self,
        verdict: Verdict,
        provider: str,
        *,
        detail: str = "",
        retry_after_s: float | None = None,
        maybe_charged: bool = False,
        http_status: int | None = None,
        provider_code: str | None = None,
        request_id: str | None = None,
        suggestion: str | None = None,
    ) -> None:
        super().__init__(
            _told(verdict, provider, detail, retry_after_s, provider_code, suggestion),
            code=f"content.{verdict.kind}",
            retryable=verdict.retryable,
            provider=provider,
        )
        self.verdict, self.kind, self.reason = verdict, verdict.kind, verdict.reason
        self.detail, self.suggestion = detail, suggestion
        self.retry_after_s, self.maybe_charged = retry_after_s, maybe_charged
        self.http_status, self.provider_code, self.request_id = http_status, provider_code, request_id

    @property
    def remedy(self) -> str:
        """What its reader can do."""
        return _of(_REMEDIES, self.verdict)

    def seen_with(self, owner: KeyOwner) -> ProviderError:
        """This error as the author of the video may see it.

        With the platform's key a bad key or an empty balance is the operator's affair: the author learns that the
        provider cannot be used at present, and nothing of the account behind it.
        """
        if owner is KeyOwner.ACCOUNT or not self.is_incident_with(owner):
            return self
        hidden = Verdict(kind=ProviderErrorKind.PROVIDER_UNAVAILABLE, retryable=False)
        return ProviderError(hidden, self.provider or "", maybe_charged=self.maybe_charged)

    def is_incident_with(self, owner: KeyOwner) -> bool:
        """Whether the operator must be called: only he can repair the platform's key or balance."""
        operators = (ProviderErrorKind.INVALID_KEY, ProviderErrorKind.INSUFFICIENT_BALANCE)
        return owner is KeyOwner.PLATFORM and self.kind in operators


_CAUSES: dict[ProviderErrorKind | ProviderErrorReason, str] = {
    ProviderErrorKind.INVALID_KEY: "does not accept the key",
    ProviderErrorKind.INSUFFICIENT_BALANCE: "has no balance left for this key",
    ProviderErrorKind.RATE_LIMITED: "takes no more requests at the moment",
    ProviderErrorKind.CONTENT_REJECTED: "refuses this content",
    ProviderErrorKind.BAD_REQUEST: "does not accept the request",
    ProviderErrorKind.PROVIDER_UNAVAILABLE: "is temporarily unavailable",
    ProviderErrorKind.TIMEOUT: "did not answer in time",
    ProviderErrorReason.KEY_SCOPE: "does not let this key do that",
    ProviderErrorReason.ACCOUNT: "has closed or locked the account of this key",
    ProviderErrorReason.PLAN_FEATURE: "does not include this in the plan of the key",
    ProviderErrorReason.MODEL_UNAVAILABLE: "does not offer this model",
    ProviderErrorReason.VOICE: "does not offer this voice",
    ProviderErrorReason.INPUT: "refuses this text",
    ProviderErrorReason.OUTPUT: "withheld what it made of this text",
    ProviderErrorReason.MALFORMED_RESPONSE: "sent an answer that cannot be used",
    ProviderErrorReason.DOWNLOAD_FAILED: "made a file that could not be fetched",
    ProviderErrorReason.PLAN_WINDOW: "has used up the share of the plan for now",
}
_REMEDIES: dict[ProviderErrorKind | ProviderErrorReason, str] = {
    ProviderErrorKind.INVALID_KEY: "check the key or enter another",
    ProviderErrorKind.INSUFFICIENT_BALANCE: "top up the account at the provider or choose another provider",
    ProviderErrorKind.RATE_LIMITED: "nothing to do, it is tried again",
    ProviderErrorKind.CONTENT_REJECTED: "change the text of the slide",
    ProviderErrorKind.BAD_REQUEST: "report this with the code",
    ProviderErrorKind.PROVIDER_UNAVAILABLE: "try later or choose another provider",
    ProviderErrorKind.TIMEOUT: "try later or choose another provider",
    ProviderErrorReason.KEY_SCOPE: "give the key this permission at the provider",
    ProviderErrorReason.ACCOUNT: "ask the provider about the account",
    ProviderErrorReason.PLAN_FEATURE: "choose a plan that includes it, or another provider",
    ProviderErrorReason.MODEL_UNAVAILABLE: "choose another model",
    ProviderErrorReason.VOICE: "choose another voice",
}


def _told(
    verdict: Verdict, provider: str, detail: str, wait_s: float | None, code: str | None, suggestion: str | None
) -> str:
    parts = [f"{provider} {_of(_CAUSES, verdict)}"]
    if code is not None:
        parts.append(f" (code {code})")
    if detail:
        parts.append(f": {detail}")
    parts.append(f"; {_of(_REMEDIES, verdict)}")
    if wait_s is not None:
        parts.append(f"; it asks to wait {wait_s:.0f} s")
    if suggestion:
        parts.append(f"; it would accept: {suggestion}")
    return "".join(parts)


def _of(texts: dict[ProviderErrorKind | ProviderErrorReason, str], verdict: Verdict) -> str:
    return texts.get(verdict.reason, texts[verdict.kind]) if verdict.reason else texts[verdict.kind]
