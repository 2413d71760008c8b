"""The orchestrator's adapter to stored objects."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeVar

from shared.contracts.message import Value
from shared.contracts.references import AssetReference
from shared.ids import AccountId
from shared.storage import ObjectStore, segment_spec_key, timeline_key
from shared.storage.values import get_value, get_values, put_value

V = TypeVar("V", bound=Value)

_REMEMBERED = 1024
"""Lists of words read again for every plan of a long video; a few kilobytes each."""

_REMEMBERED_VALUES = 64
"""Titles of a revision, read again for every slide that shows one; tens of kilobytes at most."""


class StoredObjects:
    """Keeps specs and timelines, and reads what content has stored."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._lists = lru_cache(maxsize=_REMEMBERED)(self._read_list)
        self._values = lru_cache(maxsize=_REMEMBERED_VALUES)(self._read)

    def put_segment_spec(self, account_id: str, value: Value) -> AssetReference:
        return put_value(self._store, AccountId(account_id), segment_spec_key, value)

    def put_timeline(self, account_id: str, value: Value) -> AssetReference:
        return put_value(self._store, AccountId(account_id), timeline_key, value)

    def get(self, reference: AssetReference, model: type[V]) -> V:
        return self._values(reference, model)  # type: ignore[return-value]  # one model for each reference

    def get_list(self, reference: AssetReference, model: type[V]) -> tuple[V, ...]:
        return self._lists(reference, model)  # type: ignore[return-value]  # one model for each reference

    def _read(self, reference: AssetReference, model: type[Value]) -> Value:
        return get_value(self._store, reference, model)

    def _read_list(self, reference: AssetReference, model: type[Value]) -> tuple[Value, ...]:
        return get_values(self._store, reference, model)
