"""RabbitMQ definitions generated from the topology: ``python -m shared.bus.definitions``.

An administrator imports them once (``rabbitmqctl import_definitions``); afterwards no service may declare
anything but its own queues, whose size and age are limited, and none may publish or read what is not its business.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from shared.bus.topology import TOPOLOGY, Policy, Rights, Topology, own_queue_prefix

_HASHING = "rabbit_password_hashing_sha256"
_SALT_BYTES = 4  # what RabbitMQ's own algorithm uses


def definitions(topology: Topology, *, vhost: str, password_hashes: Mapping[str, str]) -> dict[str, Any]:
    """Everything an empty RabbitMQ needs to carry Studiomatic.

    Args:
        password_hashes: Hash of each user's password, as :func:`hash_password` makes it. Users without one are
            left out together with their rights, so that nobody can log in with a guessable password.
    """
    known = [rights for rights in topology.rights if rights.user in password_hashes]
    return {
        "vhosts": [{"name": vhost}],
        "users": [_user(rights.user, password_hashes[rights.user]) for rights in known],
        "permissions": [_permission(rights, vhost) for rights in known],
        "topic_permissions": [row for rights in known for row in _topic_permissions(rights, topology, vhost)],
        "exchanges": [
            {"name": each.name, "vhost": vhost, "type": each.kind.value, "durable": True, "auto_delete": False}
            | {"internal": False, "arguments": {}}
            for each in topology.exchanges
        ],
        "queues": [
            {"name": each.name, "vhost": vhost, "durable": True, "auto_delete": False}
            | {"arguments": each.arguments()}
            for each in topology.queues
        ],
        "bindings": [
            {"source": each.exchange, "vhost": vhost, "destination": each.queue, "destination_type": "queue"}
            | {"routing_key": each.routing_key, "arguments": {}}
            for each in topology.bindings
        ],
        "policies": [_policy(each, vhost) for each in topology.policies],
    }


def hash_password(password: str, salt: bytes | None = None) -> str:
    """Hash a broker password as RabbitMQ stores it: Base64 of salt and SHA-256 of salt and password.

    Source: RabbitMQ guide "Credentials and Passwords", section "Computing Password Hash". It is a fast hash, so
    passwords must be long and random.
    """
    salt = os.urandom(_SALT_BYTES) if salt is None else salt
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def main() -> None:
    """Write the definitions of exchanges, queues and bindings, and of users whose hash the environment holds.

    ``STUDIO_BROKER_HASH_<USER>`` is the password hash of a user, ``STUDIO_BROKER_VHOST`` the virtual host.
    """
    names = {f"STUDIO_BROKER_HASH_{rights.user.upper()}": rights.user for rights in TOPOLOGY.rights}
    hashes = {user: os.environ[name] for name, user in names.items() if name in os.environ}
    vhost = os.environ.get("STUDIO_BROKER_VHOST", "/")
    json.dump(definitions(TOPOLOGY, vhost=vhost, password_hashes=hashes), sys.stdout, indent=2, sort_keys=True)
    sys.stdout.write("\n")


def _user(name: str, password_hash: str) -> dict[str, Any]:
    return {"name": name, "password_hash": password_hash, "hashing_algorithm": _HASHING, "tags": []}


def _permission(rights: Rights, vhost: str) -> dict[str, Any]:
    """Own queues may be declared, bound and read; everything else only as the table says."""
    own = _own_queues(rights)
    return {
        "user": rights.user,
        "vhost": vhost,
        "configure": _any_of(own),
        "write": _any_of([*map(re.escape, rights.publishes), *own]),
        "read": _any_of([*map(re.escape, (*rights.consumes, *rights.subscribes)), *own]),
    }


def _any_of(patterns: Sequence[str]) -> str:
    """What fits one of them and nothing else; without any, nothing."""
    return f"^({'|'.join(patterns)})$"


def _topic_permissions(rights: Rights, topology: Topology, vhost: str) -> list[dict[str, Any]]:
    """For every topic exchange what the user may send there; nothing where the table says nothing."""
    return [
        {
            "user": rights.user,
            "vhost": vhost,
            "exchange": exchange.name,
            "write": rights.publishes.get(exchange.name) or "^$",
            "read": rights.subscribes.get(exchange.name) or "^$",
        }
        for exchange in topology.exchanges
        if exchange.kind == "topic"
    ]


def _policy(policy: Policy, vhost: str) -> dict[str, Any]:
    return {
        "name": policy.name,
        "vhost": vhost,
        "pattern": policy.pattern,
        "apply-to": "queues",
        "priority": 0,
        "definition": {
            "max-length": policy.max_length,
            "max-length-bytes": policy.max_bytes,
            "expires": policy.expires_ms,
        },
    }


def _own_queues(rights: Rights) -> list[str]:
    return [f"{re.escape(own_queue_prefix(purpose, rights.user))}.+" for purpose in rights.own_queues]


if __name__ == "__main__":
    main()
