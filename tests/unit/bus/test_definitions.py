"""What RabbitMQ is told is what the table says, and nobody gets more."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from shared.bus.definitions import definitions, hash_password
from shared.bus.topology import TOPOLOGY, OwnQueue, own_queue_prefix

FILE = Path(__file__).parents[3] / "deploy" / "rabbitmq" / "definitions.json"
WORKING = ("orchestrator", "content", "renderer", "edge")
"""Users that listen for cancellations."""
USERS = {rights.user: "hash" for rights in TOPOLOGY.rights}


@pytest.fixture
def everything() -> dict[str, Any]:
    return definitions(TOPOLOGY, vhost="/", password_hashes=USERS)


def test_the_shipped_file_is_current() -> None:
    """Run ``python -m shared.bus.definitions > deploy/rabbitmq/definitions.json``."""
    assert json.loads(FILE.read_text()) == definitions(TOPOLOGY, vhost="/", password_hashes={})


def test_a_password_is_hashed_as_rabbitmq_documents_it() -> None:
    """Example of the guide "Credentials and Passwords"."""
    assert hash_password("test12", bytes.fromhex("908DC60A")) == "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"


def test_equal_passwords_have_different_hashes() -> None:
    assert hash_password("same") != hash_password("same")


def test_a_user_without_password_gets_no_rights() -> None:
    only = definitions(TOPOLOGY, vhost="/", password_hashes={"renderer": "hash"})
    for table in ("users", "permissions", "topic_permissions"):
        assert {row.get("user", row.get("name")) for row in only[table]} == {"renderer"}


def test_no_user_may_declare_a_queue_that_others_read(everything) -> None:
    for row in everything["permissions"]:
        for queue in TOPOLOGY.queues:
            assert not re.search(row["configure"], queue.name)
        assert bool(re.search(row["configure"], f"control.{row['user']}.0190")) is (row["user"] in WORKING)


def test_only_an_edge_may_leave_a_durable_subscription_and_only_its_own(everything) -> None:
    for row in everything["permissions"]:
        for right in ("configure", "write", "read"):
            own = re.search(row[right], f"subscriptions.{row['user']}.mails")
            assert bool(own) is (row["user"] == "edge")
            assert not re.search(row[right], "subscriptions.content.mails")
            assert not re.search(row[right], "subscriptions.edge.")


@pytest.mark.parametrize("kind", list(OwnQueue))
def test_every_queue_that_a_user_can_declare_is_bounded(everything, kind: OwnQueue) -> None:
    name = own_queue_prefix(kind, "edge") + "0190"
    policies = [row for row in everything["policies"] if re.search(row["pattern"], name)]
    assert len(policies) == 1, "RabbitMQ applies one policy to a queue"
    assert {"max-length", "max-length-bytes", "expires"} == set(policies[0]["definition"])


def test_no_policy_touches_a_queue_of_the_table(everything) -> None:
    for row in everything["policies"]:
        assert not any(re.search(row["pattern"], queue.name) for queue in TOPOLOGY.queues)


def test_no_user_may_send_past_the_exchanges_into_a_queue(everything) -> None:
    assert not any(re.search(row["write"], "amq.default") for row in everything["permissions"])


def test_a_user_may_not_read_the_queues_of_others(everything) -> None:
    reads = {row["user"]: row["read"] for row in everything["permissions"]}
    assert re.search(reads["renderer"], "renderer")
    assert not re.search(reads["renderer"], "content-text")
    assert not re.search(reads["renderer"], "renderer.dead")
    assert not re.search(reads["edge"], "orchestrator.attempts")


@pytest.mark.parametrize(
    ("user", "exchange", "key", "allowed"),
    [
        ("content", "content.events", "attempt.succeeded", True),
        ("content", "content.events", "job.succeeded", False),
        ("orchestrator", "orchestrator.events", "job.succeeded", True),
        ("orchestrator", "orchestrator.events", "attempt.succeeded", False),
        ("edge", "studio.rpc", "orchestrator.submit_job", True),
        ("edge", "studio.rpc", "auth.log_in", True),
        ("edge", "studio.rpc", "keyvault.put_key", True),
        ("edge", "studio.rpc", "keyvault.deliver_key", False),
        ("edge", "studio.rpc", "keyvault.check_totp", False),
        ("edge", "studio.rpc", "keyvault.shred_user", False),
        ("edge", "studio.rpc", "gdpr.list_audit_heads", True),
        ("orchestrator", "studio.rpc", "content.get_outline", True),
        ("orchestrator", "studio.rpc", "content.get_project", False),
        ("orchestrator", "studio.rpc", "keyvault.deliver_key", False),
        ("content", "studio.rpc", "keyvault.deliver_key", True),
        ("content", "studio.rpc", "keyvault.rotate_keyring", False),
        ("content", "studio.rpc", "keyvault.deliver_key.x", False),
        ("content", "studio.rpc", "orchestrator.submit_job", False),
        ("auth", "studio.rpc", "keyvault.check_totp", True),
        ("auth", "studio.rpc", "keyvault.deliver_key", False),
        ("gdpr", "studio.rpc", "keyvault.shred_user", True),
        ("gdpr", "studio.rpc", "keyvault.put_key", False),
        ("keyvault", "studio.rpc", "content.get_project", False),
        ("auth", "auth.events", "session.revoked", True),
        ("auth", "auth.events", "vault.audit_head_signed", False),
        ("keyvault", "auth.events", "session.revoked", False),
        ("keyvault", "keyvault.events", "vault.audit_head_signed", True),
        ("renderer", "studio.dead", "renderer", False),
    ],
)
def test_topic_rights_decide_by_routing_key(everything, user, exchange, key, allowed) -> None:
    rows = [r for r in everything["topic_permissions"] if (r["user"], r["exchange"]) == (user, exchange)]
    assert len(rows) == 1, "without a row RabbitMQ allows every key"
    assert bool(re.search(rows[0]["write"], key)) is allowed
