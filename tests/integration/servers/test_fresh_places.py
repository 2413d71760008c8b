"""Each test that asks gets a clean vhost, a clean database and a clean bucket."""

from __future__ import annotations

import boto3
import pika
import psycopg2

from deploy.local.postgres import PostgreSQL
from deploy.local.rabbitmq import RabbitMQ
from shared.storage import S3Location


def test_a_fresh_vhost_accepts_messages(rabbitmq_vhost: str) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(rabbitmq_vhost))
    channel = connection.channel()
    channel.queue_declare("letters")
    channel.basic_publish("", "letters", b"hello")
    assert channel.basic_get("letters")[2] == b"hello"
    connection.close()


def test_a_fresh_vhost_holds_nothing_of_the_last_test(rabbitmq: RabbitMQ, rabbitmq_vhost: str) -> None:
    assert rabbitmq.queues(rabbitmq_vhost.rpartition("/")[2]) == {}


def test_a_fresh_database_holds_no_table(postgres_url: str) -> None:
    assert _ask(postgres_url, "select count(*) from pg_class where relnamespace = 'public'::regnamespace") == 0


def test_a_role_of_a_service_may_log_in_and_no_more(postgres: PostgreSQL, postgres_url: str) -> None:
    postgres.create_role("clerk", "secret")
    address = postgres.url(postgres_url.rpartition("/")[2], user="clerk", password="secret")
    assert (
        _ask(address, "select rolsuper or rolcreatedb or rolcreaterole from pg_roles where rolname = user")
        is False
    )
    postgres.drop_role("clerk")


def test_a_fresh_bucket_is_empty_and_its_owner_may_write(s3_location: S3Location) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=s3_location.endpoint,
        aws_access_key_id=s3_location.access_key.get_secret_value(),
        aws_secret_access_key=s3_location.secret_key.get_secret_value(),
    )
    assert "Contents" not in client.list_objects_v2(Bucket=s3_location.bucket)
    client.put_object(Bucket=s3_location.bucket, Key="letter", Body=b"hello")
    assert client.get_object(Bucket=s3_location.bucket, Key="letter")["Body"].read() == b"hello"


def _ask(address: str, question: str) -> object:
    connection = psycopg2.connect(address.replace("+psycopg2", ""))
    with connection, connection.cursor() as cursor:
        cursor.execute(question)
        answer = cursor.fetchone()
    connection.close()
    return answer[0] if answer else None
