"""Each test that asks gets a clean vhost and a clean database."""

import pika
import psycopg2


def test_a_fresh_vhost_accepts_messages(rabbitmq_vhost: str) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(rabbitmq_vhost))
    channel = connection.channel()
    channel.queue_declare("letters")
    channel.basic_publish("", "letters", b"hello")
    assert channel.basic_get("letters")[2] == b"hello"
    connection.close()


def test_a_fresh_vhost_holds_nothing_of_the_last_test(rabbitmq, rabbitmq_vhost: str) -> None:
    assert rabbitmq.queues(rabbitmq_vhost.rpartition("/")[2]) == {}


def test_a_fresh_database_holds_no_table(postgres_url: str) -> None:
    with psycopg2.connect(postgres_url.replace("+psycopg2", "")) as connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from information_schema.tables where table_schema = 'public'")
        assert cursor.fetchone() == (0,)
    connection.close()
