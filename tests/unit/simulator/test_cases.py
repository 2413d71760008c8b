"""The tables of cases: complete, readable, and every row can be played."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.simulator.case import case, table
from tests.simulator.case_table import written
from tests.simulator.host import ApiHost
from tests.simulator.journal import Exchange

#: Provider -> rows of the conformance table that need an answer from it.
CONFORMANCE = {
    "minimax": "k1 k2 k3 k4 k5 k9 k12 t1 t2 t3 t5 t6 t7 t8 t9 t10 t11 t20 t26 i1 i2 i3 i5 i6 i7 i11 i12 i13 i15 i17 i18 "
    "i24 i25 v1 v4 v6 v7 v8 v9 v10 v12 v15 v16 v17 v18 v19 v20 v34 v35 m1 m2 m3 m5 x1 x2 x4 x5 x8 x9 x10 x11",
    "zai": "k8 k9 k12 t12 t13 t14 t17 t20 t26 i7 i11 i12 i13 i15 i17 i19 i21 i22 v34 v35 v36 x1 x2 x4 x5 x8 x9 x10 x11",
    "elevenlabs": "k6 k7 k9 k12 v22 v23 v25 v26 v27 v28 v29 v31 v34 v35 m6 m7 m8 m9 x1 x2 x4 x5 x8 x9 x10 x11",
    "openai": "k9 k12 t20 t21 t22 t26 i23 v34 v35 x1 x2 x4 x5 x8 x9 x10 x11",
    "compatible": "k9 k12 t25 t26 i7 i11 i12 i13 i15 i17 v34 v35 x1 x2 x4 x5 x8 x9 x10 x11",
}


@pytest.mark.parametrize("provider", CONFORMANCE)
def test_every_row_of_the_conformance_table_has_a_case(simulator, provider):
    assert set(CONFORMANCE[provider].split()) <= set(simulator.vendors[provider].cases)


def test_an_endpoint_in_a_table_exists(simulator):
    for vendor in simulator.vendors.values():
        known = {one.name for one in vendor.endpoints} | {"any", "download", "subtitles"}
        for row in vendor.cases.values():
            assert {*row.answers, *row.limits} <= known, (vendor.name, row.id)


def test_a_case_is_written_once():
    with pytest.raises(ValueError, match="two cases have the id t1"):
        table(case("t1", "a"), case("T1", "b"))


@pytest.mark.parametrize("provider", CONFORMANCE)
def test_every_answer_of_every_case_can_be_made(simulator, good, headers_of, provider):
    host = ApiHost(provider, simulator.vendors[provider], simulator)
    for row in simulator.vendors[provider].cases.values():
        if row.id == "t26-10mb":
            continue
        for endpoint in _played(row, good[provider]):
            for _ in range(4):
                exchange = _exchange(simulator, provider, row.id, good[provider][endpoint], headers_of)
                answer = host.answer(exchange)
                assert exchange.violations == [], (row.id, endpoint)
                assert answer.status >= 200


def _played(row, requests) -> list[str]:
    """The endpoints of a row; one is enough where it says the same for all."""
    named = [name for name in row.answers if name in requests]
    return named or ["models"]


def _exchange(simulator, provider, case_id, request, headers_of) -> Exchange:
    method, target, body = request
    path, _, query = target.partition("?")
    headers = headers_of(provider, simulator.key(provider, case_id, "anna"))
    return Exchange(
        number=0, host=provider, method=method, target=target, path=path,
        query=[tuple(part.split("=")) for part in query.split("&")] if query else [],
        headers=[*headers.items(), ("Content-Type", "application/json")],
        body=json.dumps(body).encode() if body is not None else b"",
        arrived=simulator.clock.now(), arrived_s=time.monotonic(),
    )  # fmt: skip


def test_the_readme_has_the_table_as_it_is(simulator):
    text = (Path(__file__).parents[2] / "simulator" / "README.md").read_text(encoding="utf-8")
    assert written(simulator.vendors.values()) in text, "write it anew: python -m tests.simulator --table"
