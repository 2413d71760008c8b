"""Small values as stored objects: canonical JSON named by its own SHA-256, and files named by theirs."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from shared.contracts.message import Value
from shared.contracts.references import AssetReference
from shared.ids import AccountId
from shared.storage.bodies import Fingerprint, fingerprint_of
from shared.storage.errors import DigestMismatchError
from shared.storage.keys import asset_key
from shared.storage.port import ObjectStore

JSON_TYPE = "application/json"

T = TypeVar("T")
V = TypeVar("V", bound=Value)
KeyBuilder = Callable[[AccountId, str], str]


def canonical_json(value: Value | Sequence[Value]) -> bytes:
    """The bytes that stand for a value: equal values have equal bytes."""
    plain = (
        value.model_dump(mode="json")
        if isinstance(value, Value)
        else [item.model_dump(mode="json") for item in value]
    )
    return json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def put_value(
    store: ObjectStore, account: AccountId, key_of: KeyBuilder, value: Value | Sequence[Value]
) -> AssetReference:
    """Store a value, or a list of values, under the SHA-256 of its canonical JSON."""
    body = canonical_json(value)
    fingerprint = Fingerprint(sha256=hashlib.sha256(body).hexdigest(), size_bytes=len(body))
    key = key_of(account, fingerprint.sha256)
    store.put_if_absent(key, io.BytesIO(body), media_type=JSON_TYPE, expected=fingerprint)
    return _reference(key, fingerprint, JSON_TYPE)


def get_value(store: ObjectStore, reference: AssetReference, model: type[V]) -> V:
    """Read a value back.

    Raises:
        NotFoundError: It is not stored any more.
        DigestMismatchError: The stored bytes are not those that were meant.
    """
    return _read(store, reference, TypeAdapter(model))


def get_values(store: ObjectStore, reference: AssetReference, model: type[V]) -> tuple[V, ...]:
    """Read a list of values back; raises like `get_value`."""
    adapter: TypeAdapter[tuple[V, ...]] = TypeAdapter(tuple[model, ...])  # type: ignore[valid-type]
    return _read(store, reference, adapter)


def put_asset(store: ObjectStore, account: AccountId, path: Path, media_type: str) -> AssetReference:
    """Store a file under the SHA-256 of its bytes."""
    fingerprint = fingerprint_of(path)
    key = asset_key(account, fingerprint.sha256)
    store.put_if_absent(key, path, media_type=media_type, expected=fingerprint)
    return _reference(key, fingerprint, media_type)


def _read(store: ObjectStore, reference: AssetReference, adapter: TypeAdapter[T]) -> T:
    with store.open(reference.key) as stream:
        body = stream.read(-1)
    if hashlib.sha256(body).hexdigest() != reference.sha256:
        raise DigestMismatchError(f"{reference.key} does not hold the bytes it names; restore it or make it again")
    try:
        return adapter.validate_json(body)
    except ValidationError as error:
        raise DigestMismatchError(
            f"{reference.key} is not what was expected: {error.error_count()} fields"
        ) from None


def _reference(key: str, fingerprint: Fingerprint, media_type: str) -> AssetReference:
    return AssetReference(
        key=key, sha256=fingerprint.sha256, size_bytes=fingerprint.size_bytes, media_type=media_type
    )
