"""What a farm finds on its servers: users and topology, database and roles, a bucket, keys and pins.

Every service gets credentials of its own, all of them generated anew; see ``docs/farm.md`` for the same steps by
hand.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.config import Config
from pydantic import SecretStr
from sqlalchemy import create_engine

from deploy.local.postgres import PostgreSQL
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.radosgw import Radosgw
from deploy.local.servers import Servers
from shared.bus.definitions import definitions, hash_password
from shared.bus.topology import TOPOLOGY
from shared.db.roles import create_service_role
from shared.ids import AccountId, new_id
from shared.migrate import services_with_history
from shared.signing import make_key, write_pins
from shared.storage import S3Location

VHOST = "studio"
DATABASE = "studio"
SERVICES = ("orchestrator", "content", "renderer")

_PASSWORD_BYTES = 24


@dataclass(frozen=True, kw_only=True)
class Provision:
    """The credentials of everybody.

    Attributes:
        bus_urls: AMQP address by broker user: the services and ``edge``.
        database_urls: SQLAlchemy address by service; only of services that have tables.
        key_files: Private signing key by service.
        pins_file: The public keys of all services.
        account_id: The account for which the trusted edge of this farm works.
    """

    bus_urls: Mapping[str, str]
    database_urls: Mapping[str, str]
    administrator_database_url: str
    s3: S3Location
    key_files: Mapping[str, Path]
    pins_file: Path
    account_id: AccountId


def provision(servers: Servers, folder: Path) -> Provision:
    """Prepare running servers for a farm; what an earlier farm left in its vhost and database is dropped.

    Args:
        folder: Where keys and pins are written.
    """
    postgres = servers.postgres.get()
    keys = {service: folder / f"{service}.pem" for service in SERVICES}
    pins = folder / "pins.json"
    write_pins(pins, {service: make_key(path) for service, path in keys.items()})
    return Provision(
        bus_urls=_prepare_broker(servers.rabbitmq.get()),
        database_urls=_prepare_database(postgres),
        administrator_database_url=postgres.url(DATABASE),
        s3=_make_bucket(servers.radosgw.get()),
        key_files=keys,
        pins_file=pins,
        account_id=AccountId(new_id()),
    )


def _prepare_broker(rabbitmq: RabbitMQ) -> dict[str, str]:
    if rabbitmq.has_vhost(VHOST):
        rabbitmq.delete_vhost(VHOST)
    rabbitmq.add_vhost(VHOST)
    passwords = {rights.user: secrets.token_urlsafe(_PASSWORD_BYTES) for rights in TOPOLOGY.rights}
    hashes = {user: hash_password(password) for user, password in passwords.items()}
    rabbitmq.import_definitions(json.dumps(definitions(TOPOLOGY, vhost=VHOST, password_hashes=hashes)))
    return {user: rabbitmq.url(VHOST, user=user, password=password) for user, password in passwords.items()}


def _prepare_database(postgres: PostgreSQL) -> dict[str, str]:
    postgres.drop_database(DATABASE)
    engine = create_engine(postgres.create_database(DATABASE))
    urls = {}
    with engine.begin() as administrator:
        for service in services_with_history():
            role, password = f"studio_{service}", secrets.token_urlsafe(_PASSWORD_BYTES)
            create_service_role(administrator, service=service, role=role, password=password)
            urls[service] = postgres.url(DATABASE, user=role, password=password)
    engine.dispose()
    return urls


def _make_bucket(radosgw: Radosgw) -> S3Location:
    access = radosgw.access
    location = S3Location(
        bucket=f"studio-{secrets.token_hex(4)}",
        endpoint=access.endpoint,
        access_key=SecretStr(access.access_key),
        secret_key=SecretStr(access.secret_key),
    )
    client = boto3.client(
        "s3",
        endpoint_url=access.endpoint,
        region_name=location.region,
        aws_access_key_id=access.access_key,
        aws_secret_access_key=access.secret_key,
        config=Config(s3={"addressing_style": "path"}),
    )
    client.create_bucket(Bucket=location.bucket)
    client.close()
    return location
