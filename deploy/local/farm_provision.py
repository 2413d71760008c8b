"""What a farm finds on its servers: users and topology, database and roles, a bucket, keys and pins.

Every service gets credentials of its own, all of them generated anew; see ``docs/farm.md`` for the same steps by
hand.
"""

from __future__ import annotations

import base64
import json
import os
import pwd
import secrets
import shutil
import subprocess
import sys
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
from services.keyvault.keyring_source import make_keyring
from shared.bus.definitions import definitions, hash_password
from shared.bus.topology import TOPOLOGY
from shared.db.roles import create_service_role
from shared.ids import AccountId, new_id
from shared.migrate import services_with_history
from shared.signing import make_key, write_pins
from shared.storage import S3Location

VHOST = "studio"
DATABASE = "studio"
SERVICES = ("orchestrator", "content", "renderer", "auth", "keyvault", "gdpr")
EDGE = "edge"
VAULT = "keyvault"

_PASSWORD_BYTES = 24
_PEPPER_BYTES = 32
_VAULT_ACCOUNT = "nobody"


@dataclass(frozen=True, kw_only=True)
class Provision:
    """The credentials of everybody.

    Attributes:
        bus_urls: AMQP address by broker user: the services and ``edge``.
        database_urls: SQLAlchemy address by service; only of services that have tables.
        key_files: Private signing key by service, and the edge's.
        pins_file: The public keys of all of them.
        secret_files: Further files of secrets by service and the setting that names them.
        vault_user: The account that keyvault runs as, which alone can read its files; None: that of this process.
        account_id: The account for which the trusted edge of this farm works.
    """

    bus_urls: Mapping[str, str]
    database_urls: Mapping[str, str]
    administrator_database_url: str
    s3: S3Location
    key_files: Mapping[str, Path]
    pins_file: Path
    secret_files: Mapping[str, Mapping[str, Path]]
    vault_user: str | None
    account_id: AccountId


def provision(servers: Servers, folder: Path) -> Provision:
    """Prepare running servers for a farm; what an earlier farm left in its vhost and database is dropped.

    Args:
        folder: Where keys and pins are written.
    """
    postgres = servers.postgres.get()
    folder.chmod(0o711)  # keyvault runs as another account and must reach its files
    keys = {service: folder / f"{service}.pem" for service in (*SERVICES, EDGE)}
    pins = folder / "pins.json"
    write_pins(pins, {service: make_key(path) for service, path in keys.items()})
    secret_files = _make_secret_files(folder)
    vault_user = _vault_user()
    if vault_user is not None:
        for file in (keys[VAULT], *secret_files[VAULT].values()):
            shutil.chown(file, vault_user)
    return Provision(
        bus_urls=_prepare_broker(servers.rabbitmq.get()),
        database_urls=_prepare_database(postgres),
        administrator_database_url=postgres.url(DATABASE),
        s3=_make_bucket(servers.radosgw.get()),
        key_files=keys,
        pins_file=pins,
        secret_files=secret_files,
        vault_user=vault_user,
        account_id=AccountId(new_id()),
    )


def _make_secret_files(folder: Path) -> dict[str, dict[str, Path]]:
    """The keyring of the vault and the pepper of passwords, mode 0400."""
    keyring, pepper = folder / "keyring.json", folder / "pepper.json"
    make_keyring(keyring)
    value = base64.b64encode(secrets.token_bytes(_PEPPER_BYTES)).decode()
    with os.fdopen(os.open(pepper, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w") as file:
        json.dump({"1": value}, file)
    return {VAULT: {"STUDIO_KEYRING_FILE": keyring}, "auth": {"STUDIO_PEPPER_FILE": pepper}}


def _vault_user() -> str | None:
    """Who starts a farm as root gives keyvault an account of its own, if that account can reach this Python."""
    if os.geteuid() != 0:
        return None
    account, group = _VAULT_ACCOUNT, pwd.getpwnam(_VAULT_ACCOUNT).pw_gid
    try:
        tried = subprocess.run(
            [sys.executable, "-c", "import shared"],
            user=account,
            group=group,
            extra_groups=[],
            cwd="/",
            check=False,
        )
    except PermissionError:
        return None
    return account if tried.returncode == 0 else None


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
