"""Slows down whoever guesses, without keeping out the person whose account it is."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from services.auth.domain.throttle import (
    LIMITS,
    Scope,
    Tally,
    counted,
    is_used_up,
    network_of,
    nothing,
    taken_back,
    wait_s,
)
from services.auth.domain.tokens import token_hash
from services.auth.handlers.ports import Unit
from shared.contracts.accounts import ClientInfo
from shared.contracts.refusals import TooManyAttemptsError

Buckets = dict[Scope, str]


class Throttling:
    """Counts attempts in the database, where replicas and restarts find them (ASVS 5.0 6.1.1, 6.3.1).

    Args:
        key: Makes the names of buckets, so that nobody reads in them who or where somebody is.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def require(self, unit: Unit, kind: str, *, account_key: str | None, client: ClientInfo) -> None:
        """Let an attempt pass, and count it. It counts once this transaction has committed, whatever comes after.

        Judge the attempt after that. If it was right say ``succeeded``; what is wrong counts already.

        Args:
            kind: One of `LIMITS`.
            account_key: Whose account it is about: its address key or id; the same in all calls.

        Raises:
            TooManyAttemptsError: Wait; says for how long. Nothing is counted.
        """
        buckets = self._buckets(unit, kind, account_key, client)
        tallies = unit.throttles.locked(buckets.values())
        _refuse_if_blocked(unit, kind, buckets, tallies)
        unit.throttles.set(
            {
                bucket: counted(tallies.get(bucket), LIMITS[kind][scope], unit.now)
                for scope, bucket in buckets.items()
            }
        )

    def succeeded(self, unit: Unit, kind: str, *, account_key: str | None, client: ClientInfo) -> int:
        """The attempt was right: the account's failures in a row are over, others only lose this attempt.

        Returns:
            How many failures in a row it ends.
        """
        buckets = self._buckets(unit, kind, account_key, client)
        own = self._own_buckets(kind, account_key) if account_key is not None else {}
        tallies = unit.throttles.locked({*buckets.values(), *own.values()})
        ended = {bucket: nothing(tallies[bucket]) for bucket in own.values() if bucket in tallies}
        unit.throttles.set({**_taken_back(kind, buckets, tallies), **ended})
        return max(0, sum(tallies[bucket].failures for bucket in ended) - 1)

    def withdrawn(self, unit: Unit, kind: str, *, account_key: str | None, client: ClientInfo) -> None:
        """The attempt could not be judged, and does not count."""
        buckets = self._buckets(unit, kind, account_key, client)
        unit.throttles.set(_taken_back(kind, buckets, unit.throttles.locked(buckets.values())))

    def forget(self, unit: Unit, kind: str, *, account_key: str) -> None:
        """The account begins anew, for instance with a new password."""
        tallies = unit.throttles.locked(self._own_buckets(kind, account_key).values())
        unit.throttles.set({bucket: nothing(tally) for bucket, tally in tallies.items()})

    def _buckets(self, unit: Unit, kind: str, account_key: str | None, client: ClientInfo) -> Buckets:
        """Where an attempt counts. Known devices count apart, and for nobody else."""
        if account_key is not None and Scope.DEVICES in LIMITS[kind] and _is_known(unit, account_key, client):
            return {Scope.DEVICES: self._bucket(kind, Scope.DEVICES, account_key)}
        buckets = self._shared_buckets(kind, client)
        if account_key is not None and Scope.ACCOUNT in LIMITS[kind]:
            buckets[Scope.ACCOUNT] = self._bucket(kind, Scope.ACCOUNT, account_key)
        return buckets

    def _own_buckets(self, kind: str, account_key: str) -> Buckets:
        scopes = (Scope.ACCOUNT, Scope.DEVICES)
        return {scope: self._bucket(kind, scope, account_key) for scope in scopes if scope in LIMITS[kind]}

    def _shared_buckets(self, kind: str, client: ClientInfo) -> Buckets:
        return {
            Scope.NETWORK: self._bucket(kind, Scope.NETWORK, network_of(client.ip)),
            Scope.EVERYBODY: self._bucket(kind, Scope.EVERYBODY, ""),
        }

    def _bucket(self, kind: str, scope: Scope, whose: str) -> str:
        named = hmac.new(self._key, f"{kind}\0{scope}\0{whose}".encode(), hashlib.sha256).hexdigest()
        return f"{kind}:{scope}:{named}"


def _is_known(unit: Unit, account_key: str, client: ClientInfo) -> bool:
    return client.device is not None and unit.sessions.knows_device(account_key, token_hash(client.device))


def _taken_back(kind: str, buckets: Buckets, tallies: Mapping[str, Tally]) -> dict[str, Tally]:
    return {
        bucket: taken_back(tallies[bucket], LIMITS[kind][scope])
        for scope, bucket in buckets.items()
        if bucket in tallies
    }


def _refuse_if_blocked(unit: Unit, kind: str, buckets: Buckets, tallies: Mapping[str, Tally]) -> None:
    for scope, bucket in buckets.items():
        tally = tallies.get(bucket)
        if is_used_up(tally, LIMITS[kind][scope]):
            raise TooManyAttemptsError("too many wrong attempts; set a new password by mail and try again")
    wait = max(wait_s(tallies.get(bucket), unit.now) for bucket in buckets.values())
    if wait:
        raise TooManyAttemptsError(f"too many attempts; try again in {wait} s")
