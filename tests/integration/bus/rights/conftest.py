"""A vhost with the users and rights of the generated definitions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from deploy.local.rabbitmq import RabbitMQ
from shared.bus.definitions import definitions, hash_password
from shared.bus.topology import TOPOLOGY

VHOST = "rights"


@pytest.fixture(scope="module")
def url_of(rabbitmq: RabbitMQ) -> Iterator[Callable[[str], str]]:
    """The address of the broker for a user of the imported definitions.

    Users are one for all vhosts: a farm of another file may have given them other passwords meanwhile.
    """
    hashes = {rights.user: hash_password(f"{rights.user}-password") for rights in TOPOLOGY.rights}
    address = urlsplit(rabbitmq.add_vhost(VHOST))
    rabbitmq.import_definitions(json.dumps(definitions(TOPOLOGY, vhost=VHOST, password_hashes=hashes)))
    yield lambda user: f"amqp://{user}:{user}-password@{address.hostname}:{address.port}/{VHOST}"
    rabbitmq.delete_vhost(VHOST)
