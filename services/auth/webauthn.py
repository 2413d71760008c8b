"""Passkeys and security keys through the library ``webauthn`` (WebAuthn level 3, sections 7.1 and 7.2).

Everything is bound to the address under which people reach the product: the relying party is its host, and no
other origin is accepted (ASVS 5.0 6.7.2). Attestation is not asked for: who made a key is nobody's business.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar
from urllib.parse import urlsplit

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from services.auth.domain.challenges import CHALLENGE_LIFE
from services.auth.domain.records import Account
from services.auth.domain.second_factors import Credential
from services.auth.handlers.factor_ports import NewPasskey
from shared.contracts.refusals import CodeInvalidError

PARTY_NAME = "Studiomatic"

_CREDENTIAL_ID_MAX_BYTES = 1_023
"""WebAuthn level 3, section 7.1 step 25."""
_TIMEOUT_MS = int(CHALLENGE_LIFE.total_seconds() * 1_000)
_DEFAULT_PORTS = {"http": 80, "https": 443}

T = TypeVar("T")


class WebauthnPasskeys:
    """Makes options for browsers and checks what they answer.

    Args:
        public_url: Where people reach the product.
    """

    def __init__(self, public_url: str) -> None:
        self._party, self._origin = _party_and_origin(public_url)

    def registration_options(self, account: Account, challenge: str, known: Sequence[Credential]) -> str:
        """JSON for ``navigator.credentials.create``; a key that the account has cannot be added again."""
        options = generate_registration_options(
            rp_id=self._party,
            rp_name=PARTY_NAME,
            user_id=_user_handle(account.account_id),
            user_name=account.email,
            user_display_name=account.name,
            challenge=base64url_to_bytes(challenge),
            timeout=_TIMEOUT_MS,
            attestation=AttestationConveyancePreference.NONE,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.PREFERRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=_descriptors(known),
        )
        return options_to_json(options)

    def registered(self, answer: str, challenge: str) -> NewPasskey:
        """Check the browser's answer to registration options."""
        return _refused_unless_right(lambda: self._registered(answer, challenge))

    def assertion_options(self, challenge: str, known: Sequence[Credential]) -> str:
        """JSON for ``navigator.credentials.get``."""
        options = generate_authentication_options(
            rp_id=self._party,
            challenge=base64url_to_bytes(challenge),
            timeout=_TIMEOUT_MS,
            allow_credentials=_descriptors(known),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return options_to_json(options)

    def named_credential(self, answer: str) -> str:
        """Which credential the answer claims to be signed with."""
        return _refused_unless_right(
            lambda: bytes_to_base64url(parse_authentication_credential_json(answer).raw_id)
        )

    def asserted(self, answer: str, challenge: str, credential: Credential) -> int:
        """Check the browser's answer to assertion options; the new count of the credential."""
        return _refused_unless_right(lambda: self._asserted(answer, challenge, credential))

    def _registered(self, answer: str, challenge: str) -> NewPasskey:
        parsed = parse_registration_credential_json(answer)
        _require_own_frame(parsed.response.client_data_json)
        checked = verify_registration_response(
            credential=parsed,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=self._party,
            expected_origin=self._origin,
            require_user_verification=True,
        )
        if len(checked.credential_id) > _CREDENTIAL_ID_MAX_BYTES or checked.credential_id != parsed.raw_id:
            raise CodeInvalidError
        return NewPasskey(
            credential_id=bytes_to_base64url(checked.credential_id),
            public_key=bytes_to_base64url(checked.credential_public_key),
            sign_count=checked.sign_count,
        )

    def _asserted(self, answer: str, challenge: str, credential: Credential) -> int:
        parsed = parse_authentication_credential_json(answer)
        _require_own_frame(parsed.response.client_data_json)
        if bytes_to_base64url(parsed.raw_id) != credential.credential_id:
            raise CodeInvalidError
        if parsed.response.user_handle not in (None, b"", _user_handle(credential.account_id)):
            raise CodeInvalidError
        checked = verify_authentication_response(
            credential=parsed,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=self._party,
            expected_origin=self._origin,
            credential_public_key=base64url_to_bytes(credential.public_key),
            credential_current_sign_count=credential.sign_count,
            require_user_verification=True,
        )
        return checked.new_sign_count


def _refused_unless_right(check: Callable[[], T]) -> T:
    """What a check says; everything that it raises means the same.

    The answer was written by a stranger, and passes parsers of JSON, CBOR, COSE and certificates: each has errors
    of its own, and none of them may tell him more than that it did not fit.
    """
    try:
        return check()
    except Exception:  # noqa: BLE001  # see above
        raise CodeInvalidError from None


def _require_own_frame(client_data: bytes) -> None:
    """A page of another site must not have ours in a frame and let people sign there."""
    if parse_client_data_json(client_data).cross_origin:
        raise CodeInvalidError


def _descriptors(known: Sequence[Credential]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(key.credential_id)) for key in known]


def _user_handle(account_id: str) -> bytes:
    """Says nothing about the person (WebAuthn level 3, section 14.6.1)."""
    return account_id.encode()


def _party_and_origin(public_url: str) -> tuple[str, str]:
    """The host, and the origin as browsers write it: in ASCII, lower case, without the scheme's own port."""
    url = urlsplit(public_url)
    host = (url.hostname or "").encode("idna").decode()
    port = "" if url.port in (None, _DEFAULT_PORTS[url.scheme]) else f":{url.port}"
    return host, f"{url.scheme}://{host}{port}"
