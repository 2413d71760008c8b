"""A killed server comes back with everything that it had confirmed."""

from __future__ import annotations

from collections.abc import Callable

import boto3
import pika
import psycopg2
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from deploy.local.postgres import PostgreSQL
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.radosgw import Radosgw
from shared.storage import S3Location

#: A quorum queue that is younger than about 2 s can come back empty after SIGKILL: its log has not settled yet.
SETTLING_S = 2.0


@pytest.fixture
def channel(rabbitmq_vhost: str) -> BlockingChannel:
    return pika.BlockingConnection(pika.URLParameters(rabbitmq_vhost)).channel()


def test_a_confirmed_message_survives_kill_9_of_the_broker(
    rabbitmq: RabbitMQ, rabbitmq_vhost: str, channel: BlockingChannel, eventually: Callable[..., None]
) -> None:
    channel.queue_declare("letters", durable=True, arguments={"x-queue-type": "quorum"})
    channel.connection.sleep(SETTLING_S)
    channel.confirm_delivery()
    channel.basic_publish("", "letters", b"hello", pika.BasicProperties(delivery_mode=2))

    rabbitmq.kill()
    rabbitmq.start()

    vhost = rabbitmq_vhost.rpartition("/")[2]
    eventually(lambda: rabbitmq.queues(vhost)["letters"].ready == 1)
    again = pika.BlockingConnection(pika.URLParameters(rabbitmq_vhost))
    assert again.channel().basic_get("letters")[2] == b"hello"
    again.close()


def test_a_durable_queue_survives_a_restart_in_order(
    rabbitmq: RabbitMQ, rabbitmq_vhost: str, channel: BlockingChannel
) -> None:
    channel.queue_declare("lasting", durable=True)
    channel.queue_declare("passing", durable=False)

    rabbitmq.restart()

    assert list(rabbitmq.queues(rabbitmq_vhost.rpartition("/")[2])) == ["lasting"]


@pytest.mark.parametrize("end", [PostgreSQL.kill, PostgreSQL.stop_immediately, PostgreSQL.stop])
def test_a_committed_row_survives_every_end_of_the_database(
    postgres: PostgreSQL, postgres_url: str, end: Callable[[PostgreSQL], None]
) -> None:
    address = postgres_url.replace("+psycopg2", "")
    with psycopg2.connect(address) as connection, connection.cursor() as cursor:
        cursor.execute("create table letters (body text); insert into letters values ('hello')")

    end(postgres)
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(address)
    postgres.start()

    with psycopg2.connect(address) as connection, connection.cursor() as cursor:
        cursor.execute("select body from letters")
        assert cursor.fetchall() == [("hello",)]
    connection.close()


def test_a_stored_object_survives_kill_9_of_the_gateway(radosgw: Radosgw, s3_location: S3Location) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=s3_location.endpoint,
        aws_access_key_id=s3_location.access_key.get_secret_value(),
        aws_secret_access_key=s3_location.secret_key.get_secret_value(),
    )
    client.put_object(Bucket=s3_location.bucket, Key="letter", Body=b"hello")

    radosgw.kill()
    radosgw.start()

    assert client.get_object(Bucket=s3_location.bucket, Key="letter")["Body"].read() == b"hello"


def test_a_frozen_database_keeps_its_sessions(postgres: PostgreSQL, postgres_url: str) -> None:
    address = postgres_url.replace("+psycopg2", "")
    connection = psycopg2.connect(address)

    with postgres.paused(), pytest.raises(psycopg2.OperationalError, match="timeout"):
        psycopg2.connect(address, connect_timeout=2)

    with connection, connection.cursor() as cursor:
        cursor.execute("select 1")
        assert cursor.fetchone() == (1,)
    connection.close()


def test_whatever_a_test_did_is_healed(rabbitmq: RabbitMQ, postgres: PostgreSQL, radosgw: Radosgw) -> None:
    rabbitmq.raise_disk_alarm()
    rabbitmq.pause()
    postgres.kill()
    radosgw.kill()

    for server in (rabbitmq, postgres, radosgw):
        server.heal()

    assert rabbitmq.alarms() == []
    postgres.drop_database(postgres.create_database("healed").rpartition("/")[2])
    assert radosgw.create_user("healed").endpoint == radosgw.access.endpoint
