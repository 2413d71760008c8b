"""What is around every answer of MiniMax: the report of success, ids, how long addresses live."""

from __future__ import annotations

from tests.simulator.case import Call

DAY_S, HOUR_S = 86_400.0, 3_600.0


SUCCESS: dict[str, object] = {"status_code": 0, "status_msg": "success"}


def request_id(call: Call) -> str:
    return f"{call.vendor.name}-{call.endpoint.name}-{call.number:04}"


def trace(call: Call) -> dict[str, str]:
    return {"Trace_Id": request_id(call)}
