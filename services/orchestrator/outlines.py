"""Outlines asked of content by a remote call."""

from __future__ import annotations

from shared.bus.rpc import RpcClient
from shared.contracts.projects import GetOutline, OutlineView
from shared.contracts.revisions import RevisionOutline
from shared.ids import AccountId


class RemoteOutlines:
    """Asks content over the bus."""

    def __init__(self, bus_url: str) -> None:
        self._client = RpcClient(bus_url, user="orchestrator")

    def outline(self, account_id: str, project_id: str, revision_id: str | None) -> RevisionOutline:
        query = GetOutline(project_id=project_id, revision_id=revision_id)
        return self._client.call("content", query, OutlineView, account_id=AccountId(account_id)).outline
