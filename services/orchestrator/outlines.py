"""Outlines asked of content by a remote call."""

from __future__ import annotations

from collections.abc import Callable

from shared.bus.rpc import CALL_TIMEOUT_S, RpcClient
from shared.contracts.projects import GetOutline, OutlineView
from shared.contracts.revisions import RevisionOutline
from shared.ids import AccountId


class RemoteOutlines:
    """Asks content over the bus on behalf of one caller, and never waits for it longer than he does.

    Args:
        client: Keeps the connections; shared by all callers.
        seconds_left: How long the caller still waits.
    """

    def __init__(self, client: RpcClient, seconds_left: Callable[[], float]) -> None:
        self._client = client
        self._seconds_left = seconds_left

    def outline(self, account_id: str, project_id: str, revision_id: str | None) -> RevisionOutline:
        query = GetOutline(project_id=project_id, revision_id=revision_id)
        timeout_s = min(CALL_TIMEOUT_S, self._seconds_left())
        answer = self._client.call(
            "content", query, OutlineView, account_id=AccountId(account_id), timeout_s=timeout_s
        )
        return answer.outline
