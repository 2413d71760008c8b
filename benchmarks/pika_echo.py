"""The same echo with pika alone: ``python -m benchmarks.pika_echo`` with STUDIO_BUS_URL set."""

from __future__ import annotations

import os

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.spec import Basic

connection = pika.BlockingConnection(pika.URLParameters(os.environ["STUDIO_BUS_URL"]))
channel = connection.channel()
channel.queue_declare("pika.rpc", durable=True)
channel.basic_qos(prefetch_count=16)


def reply(channel: BlockingChannel, method: Basic.Deliver, properties: pika.BasicProperties, body: bytes) -> None:
    """Send the body back."""
    options = pika.BasicProperties(correlation_id=properties.correlation_id)
    channel.basic_publish("", str(properties.reply_to), body, options)
    channel.basic_ack(method.delivery_tag)


channel.basic_consume("pika.rpc", reply)
print("ready", flush=True)
channel.start_consuming()
