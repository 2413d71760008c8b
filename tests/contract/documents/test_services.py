"""The registry says of commands and calls what the services do."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from nameko.extensions import Entrypoint

from services.auth.service import AuthService
from services.content.service import ContentService
from services.gdpr.service import GdprService
from services.keyvault.service import KeyvaultService
from services.orchestrator.domain.kinds import KINDS
from services.orchestrator.service import OrchestratorService
from services.renderer.service import RendererService
from shared.bus.entrypoints import AnswerEntrypoint, TaskEntrypoint
from shared.bus.topology import POOLS
from shared.contracts.message import Reply
from shared.contracts.registry import ACCEPTED, CALLS
from shared.errors import ConflictError, NotFoundError

ROOT = Path(__file__).parents[3]
SERVICES = (
    AuthService,
    ContentService,
    GdprService,
    KeyvaultService,
    OrchestratorService,
    RendererService,
)


def entrypoints(kind: type[Entrypoint]) -> list[tuple[Any, Any, Any]]:
    """Service, method and entrypoint of each of a kind."""
    return [
        (service, method, entrypoint)
        for service in SERVICES
        for _, method in inspect.getmembers(service, inspect.isfunction)
        for entrypoint in getattr(method, "nameko_entrypoints", ())
        if isinstance(entrypoint, kind)
    ]


def test_every_call_is_answered_by_its_service_with_its_reply() -> None:
    answered = {
        (service.name, entrypoint._query): get_type_hints(method)["return"]
        for service, method, entrypoint in entrypoints(AnswerEntrypoint)
    }

    assert set(answered) == {(call.service, call.query) for call in CALLS}
    for call in CALLS:
        # a method for all calls of its service says no more than Reply
        assert answered[call.service, call.query] in (call.reply, Reply)


def test_every_pool_accepts_its_commands() -> None:
    accepted = {entrypoint._pool: entrypoint._accepts for _, _, entrypoint in entrypoints(TaskEntrypoint)}

    assert accepted == ACCEPTED


def test_every_command_is_sent_to_the_pool_that_accepts_it() -> None:
    sent = {(kind.pool, kind.command) for kind in KINDS.values()}

    assert sent == {(pool, command) for pool, commands in ACCEPTED.items() for command in commands}
    assert tuple(ACCEPTED) == POOLS


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.query.routing_key())
def test_what_names_something_may_be_told_that_it_is_not_there(call: Any) -> None:
    needed = {name for name, info in call.query.model_fields.items() if info.is_required()}

    if needed & {"job_id", "project_id"} and call.service in ("content", "orchestrator"):
        assert NotFoundError in call.refused_with
    if "idempotency_key" in call.query.model_fields:
        assert ConflictError in call.refused_with


def test_nothing_that_runs_imports_the_documents() -> None:
    generator = ROOT / "shared" / "bus" / "documents"
    modules = [path for part in ("services", "shared", "studiomatic") for path in (ROOT / part).rglob("*.py")]

    assert not [path for path in modules if generator not in path.parents and "bus.documents" in path.read_text()]
