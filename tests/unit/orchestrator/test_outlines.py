"""A question asked on behalf of a caller is never waited for longer than he waits himself."""

from __future__ import annotations

import math

import pytest

from services.orchestrator.outlines import RemoteOutlines
from shared.bus.rpc import CALL_TIMEOUT_S
from shared.contracts.projects import OutlineView
from shared.contracts.revisions import RevisionOutline

OUTLINE = RevisionOutline(project_id="p", revision_id="r", needs_script=True)


class Client:
    """Answers at once and keeps how long it was allowed to take."""

    timeout_s = 0.0

    def call(self, *_: object, timeout_s: float, **__: object) -> OutlineView:
        self.timeout_s = timeout_s
        return OutlineView(outline=OUTLINE)


@pytest.mark.parametrize(
    ("caller_waits", "waited"), [(3.0, 3.0), (60.0, CALL_TIMEOUT_S), (math.inf, CALL_TIMEOUT_S)]
)
def test_a_nested_call_waits_no_longer_than_its_caller(caller_waits: float, waited: float) -> None:
    client = Client()
    outlines = RemoteOutlines(client, lambda: caller_waits)
    assert outlines.outline("acc", "p", None) == OUTLINE
    assert client.timeout_s == waited
