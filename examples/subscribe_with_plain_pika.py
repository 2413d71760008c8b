"""Hear of every video that is ready or has failed, with nothing of Studiomatic installed: `pip install pika`.

    export STUDIO_BUS_URL=amqp://USER:PASSWORD@HOST/VHOST STUDIO_ACCOUNT_ID=...    # `make farm` says how
    python examples/subscribe_with_plain_pika.py [NAME]

The queue NAME keeps facts while this program is away. What messages hold: docs/contracts.
"""

import json
import os
import sys
import time

import pika
from pika.exceptions import AMQPConnectionError, ProbableAccessDeniedError, ProbableAuthenticationError

FACTS = ("job.succeeded", "job.failed")
KEPT = {"x-queue-type": "quorum", "x-delivery-limit": 1000}  # RabbitMQ 4 drops after 20 lost connections


def handle(fact: dict, seen: set[str]) -> None:
    """Your part. A fact may come twice: keep the ids beside the effect, in the same transaction."""
    if fact["id"] not in seen and fact["accountid"] == os.environ["STUDIO_ACCOUNT_ID"]:
        if fact["type"] == "job.succeeded.v1":
            print(fact["jobid"], "ready:", *(file["name"] for file in fact["data"]["files"]), flush=True)
        elif fact["type"] == "job.failed.v1":
            print(fact["jobid"], "failed:", fact["data"]["error"]["message"], flush=True)
        seen.add(fact["id"])


def listen(address: pika.URLParameters, name: str, seen: set[str]) -> None:
    """Handle facts until the connection is lost."""
    with pika.BlockingConnection(address) as connection:
        channel = connection.channel()
        queue = f"subscriptions.{address.credentials.username}.{name}"
        channel.queue_declare(queue, durable=True, arguments=KEPT)
        for fact in FACTS:
            channel.queue_bind(queue, "orchestrator.events", routing_key=fact)
        channel.basic_qos(prefetch_count=20)
        print("listening to", queue, flush=True)
        for method, _, body in channel.consume(queue):
            handle(json.loads(body), seen)
            channel.basic_ack(method.delivery_tag)  # only now: what is not acknowledged comes again


def main(name: str) -> None:
    address, seen = pika.URLParameters(os.environ["STUDIO_BUS_URL"]), set()
    while True:
        try:
            listen(address, name, seen)
        except (ProbableAuthenticationError, ProbableAccessDeniedError) as error:
            sys.exit(f"refused: {error!r}")
        except AMQPConnectionError as error:
            print(f"connecting again ({error!r})", flush=True)
            time.sleep(1)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "example")
