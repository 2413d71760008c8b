"""The hosts of the simulator: one that plays a vendor's API, one for result files, one nobody may reach."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tests.simulator.answer import Answer, json_answer
from tests.simulator.case import Call, Case, Endpoint, Vendor
from tests.simulator.checks import keys_shown, request_faults
from tests.simulator.connection import ClientClosedError, Connection, Sending, StoppedError
from tests.simulator.journal import Exchange
from tests.simulator.keys import CaseKey, owner, read_key
from tests.simulator.limits import Limit
from tests.simulator.reading import Request

if TYPE_CHECKING:
    from tests.simulator.simulator import Simulator


class Host:
    """Writes each request into the journal, answers it, and writes down how that ended."""

    def __init__(self, name: str, simulator: Simulator) -> None:
        self.name, self.simulator = name, simulator

    def serve(self, request: Request, connection: Connection) -> bool:
        """Answer one request; true when the connection may be used again."""
        exchange = Exchange(
            number=0, host=self.name, method=request.method, target=request.target, path=request.path,
            query=request.query, headers=request.headers, body=request.body,
            arrived=self.simulator.clock.now(), arrived_s=time.monotonic(),
        )  # fmt: skip
        if request.fault:
            exchange.violations.append(request.fault)
        answer = violated(exchange) if exchange.violations else self._answered(exchange)
        self.simulator.journal.add(exchange)
        try:
            return self._send(answer, exchange, connection)
        finally:
            self.left(exchange)
            self.simulator.journal.changed()

    def answer(self, exchange: Exchange) -> Answer:
        """Fill in what the request is, note what is wrong with it, and make its answer."""
        raise NotImplementedError

    def left(self, exchange: Exchange) -> None:
        """Called once the answer is over, however it ended; may be called twice."""

    def _answered(self, exchange: Exchange) -> Answer:
        try:
            return self.answer(exchange)
        except Exception as error:  # noqa: BLE001  a fault of the simulator must not look like one of the network
            exchange.violations.append(f"the simulator itself failed: {error!r}")
            return violated(exchange)

    def _send(self, answer: Answer, exchange: Exchange, connection: Connection) -> bool:
        exchange.status = answer.status
        sending = Sending(answer, connection, exchange.arrived)

        def headers_sent() -> None:
            exchange.headers_s = time.monotonic()

        if self.simulator.latency_s:
            time.sleep(self.simulator.latency_s)  # the distance to the provider, not a wait for anything
        try:
            exchange.ending = sending.run(on_headers=headers_sent, on_last=lambda: self.left(exchange))
        except ClientClosedError:
            exchange.ending = "closed by client"
        except StoppedError:
            exchange.ending = "stopped"
        exchange.sent_bytes, exchange.ended_s = sending.sent_bytes, time.monotonic()
        if answer.headers.get("Connection") == "close":
            return False
        return exchange.ending == "complete"


class ApiHost(Host):
    """Plays a vendor: checks the request strictly, then does what the case of the key says."""

    def __init__(self, name: str, vendor: Vendor, simulator: Simulator, region: str = "") -> None:
        super().__init__(name, simulator)
        self.vendor, self._region = vendor, region

    def answer(self, exchange: Exchange) -> Answer:
        faults, exchange.key = self.vendor.auth(_header_values(exchange))
        exchange.violations += faults
        found = self._endpoint(exchange)
        if found is None:
            return violated(exchange)
        endpoint, parts = found
        exchange.endpoint = endpoint.name
        exchange.resource = _resource(endpoint, parts, exchange)
        exchange.violations += request_faults(endpoint, exchange)
        key = self._case_of(exchange)
        if key is None and not exchange.violations:
            return self._unknown(exchange, endpoint, parts)
        if exchange.violations or key is None:
            return violated(exchange)
        call = self._call(exchange, endpoint, parts, key)
        if endpoint.check is not None:
            exchange.violations += endpoint.check(call)
        return violated(exchange) if exchange.violations else self._played(call, exchange)

    def left(self, exchange: Exchange) -> None:
        if exchange.is_counted:
            exchange.is_counted = False
            self.simulator.limiter.leave(f"{self.name} {exchange.key}", str(exchange.endpoint))

    def _endpoint(self, exchange: Exchange) -> tuple[Endpoint, Mapping[str, str]] | None:
        others = []
        for endpoint in self.vendor.endpoints:
            parts = _match(endpoint.path, exchange.path)
            if parts is None:
                continue
            if endpoint.method == exchange.method:
                return endpoint, parts
            others.append(endpoint.method)
        wrong = f"wrong method {exchange.method}, it must be {' or '.join(others)}" if others else "wrong path"
        exchange.violations.append(f"{wrong}: {exchange.path}")
        return None

    def _case_of(self, exchange: Exchange) -> CaseKey | None:
        if exchange.key is None:
            return CaseKey("ok", False, "") if self.vendor.key_may_be_missing else None
        key = read_key(self.vendor.name, exchange.key, self.vendor.cases)
        if key is None:
            is_fine = self.vendor.key_may_be_missing and owner(exchange.key) in (None, self.vendor.name)
            return CaseKey("ok", False, "") if is_fine else None
        exchange.case, exchange.user = key.case, key.user
        if key.case not in self.vendor.cases:
            exchange.violations.append(f"{self.vendor.name} has no case {key.case!r}")
        return key

    def _call(
        self,
        exchange: Exchange,
        endpoint: Endpoint,
        parts: Mapping[str, str],
        key: CaseKey,
        case: Case | None = None,
    ) -> Call:
        return Call(
            simulator=self.simulator, vendor=self.vendor, endpoint=endpoint, host=self.name, parts=parts,
            query=dict(exchange.query), json=exchange.json, key=exchange.key or "",
            case=case or self.vendor.cases[key.case], once=key.once,
            first_at=exchange.arrived,
        )  # fmt: skip

    def _unknown(self, exchange: Exchange, endpoint: Endpoint, parts: Mapping[str, str]) -> Answer:
        exchange.answered_as = "unknown key"
        call = self._call(exchange, endpoint, parts, CaseKey("", False, ""), Case(id="", story=""))
        return self.vendor.unknown_key(call)

    def _played(self, call: Call, exchange: Exchange) -> Answer:
        if self._region and self._region != call.case.region and self.vendor.wrong_region is not None:
            exchange.answered_as = "wrong region"
            return self.vendor.wrong_region(call)
        limit = call.case.limits.get(call.endpoint.name, Limit())
        refusal = self.simulator.limiter.enter(f"{self.name} {exchange.key}", call.endpoint.name, limit)
        if refusal is not None:
            exchange.answered_as = "limited"
            return self.vendor.limited(call, refusal)
        exchange.is_counted = True
        answers = call.case.answers
        steps = answers.get(call.endpoint.name) or answers.get("any")
        return self.simulator.turns.take(call, steps, exchange)


class DownloadHost(Host):
    """Serves result files to whoever has the address, and to nobody who shows a key."""

    def answer(self, exchange: Exchange) -> Answer:
        exchange.endpoint = "download"
        found = re.fullmatch(r"/files/([0-9a-f]{16})/[^/]+", exchange.path)
        file = self.simulator.files.find(found[1]) if found else None
        exchange.violations += keys_shown(exchange, self.simulator)
        if exchange.method != "GET":
            exchange.violations.append(f"wrong method {exchange.method}, it must be GET")
        if file is None:
            exchange.violations.append(f"no such file was ever published: {exchange.path}")
            return violated(exchange)
        query = dict(exchange.query)
        if query.get("Signature") != file.signature:
            exchange.violations.append("the query of the address did not come back as it was given")
        exchange.endpoint, exchange.case, exchange.resource = file.kind, file.case, file.token
        if exchange.violations:
            return violated(exchange)
        vendor = self.simulator.vendors[file.provider]
        call = Call(
            simulator=self.simulator, vendor=vendor, host=self.name, parts={"token": file.token}, query=query, json=None,
            key=file.key, case=vendor.cases[file.case], once=file.once, first_at=exchange.arrived,
            endpoint=Endpoint(name=file.kind, method="GET", path=exchange.path, usual=lambda _: file.answer),
        )  # fmt: skip
        if self.simulator.files.is_expired(file):
            exchange.answered_as = "expired"
            return Answer(status=403, headers={"Content-Type": "application/xml"}, body=_EXPIRED)
        return self.simulator.turns.take(call, call.case.answers.get(file.kind), exchange)


class RefusedHost(Host):
    """An address that a client must not contact; that it does is the violation."""

    def answer(self, exchange: Exchange) -> Answer:
        exchange.violations.append("a refused address was contacted")
        return violated(exchange)


def violated(exchange: Exchange) -> Answer:
    """The answer to a request that breaks the rules: what is wrong, so that its author sees it at once."""
    exchange.answered_as = "violation"
    body = {"simulator": "this request breaks the rules", "violations": exchange.violations}
    return json_answer(body, 400, Connection="close")


_EXPIRED = b'<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>'


def _header_values(exchange: Exchange) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in exchange.headers:
        values.setdefault(name.lower(), []).append(value)
    return values


def _match(pattern: str, path: str) -> dict[str, str] | None:
    named = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(pattern))
    found = re.fullmatch(named, path)
    return found.groupdict() if found else None


def _resource(endpoint: Endpoint, parts: Mapping[str, str], exchange: Exchange) -> str:
    if endpoint.resource is None:
        return ""
    return {**dict(exchange.query), **parts}.get(endpoint.resource, "")
