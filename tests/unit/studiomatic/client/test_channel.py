"""Every message learns its own fate, however the broker groups its confirms."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pika
from pika.spec import Basic

from studiomatic.client.channel import Fate, LiveChannel


class Amqp:
    """Takes messages, and lets the test be the broker."""

    def __init__(self) -> None:
        self.on_return: Callable[..., None]
        self.on_confirm: Callable[..., None]

    def add_on_return_callback(self, callback: Callable[..., None]) -> None:
        self.on_return = callback

    def confirm_delivery(self, callback_for_confirms: Callable[..., None], callback: Callable[..., None]) -> None:
        self.on_confirm = callback_for_confirms
        callback(None)

    def basic_publish(self, *_: Any, **__: Any) -> None:
        pass

    def confirm(self, method: Any) -> None:
        self.on_confirm(SimpleNamespace(method=method))


def published(count: int) -> tuple[Amqp, dict[str, Fate]]:
    amqp, fates = Amqp(), {}
    channel = LiveChannel(amqp)
    channel.confirm(lambda: None)
    for number in range(1, count + 1):
        name = f"m{number}"
        properties = pika.BasicProperties(message_id=name)
        channel.publish("x", "k", b"", properties, lambda fate, name=name: fates.__setitem__(name, fate))
    return amqp, fates


def test_one_confirm_for_many_messages_settles_all_of_them() -> None:
    amqp, fates = published(4)
    amqp.confirm(Basic.Ack(3, multiple=True))
    assert fates == {"m1": Fate.TAKEN, "m2": Fate.TAKEN, "m3": Fate.TAKEN}
    amqp.confirm(Basic.Ack(4))
    assert fates["m4"] is Fate.TAKEN


def test_confirms_out_of_order_settle_the_right_message() -> None:
    amqp, fates = published(3)
    amqp.confirm(Basic.Ack(2))
    amqp.confirm(Basic.Nack(1))
    assert fates == {"m2": Fate.TAKEN, "m1": Fate.REFUSED}
    amqp.confirm(Basic.Ack(3, multiple=True))
    assert fates["m3"] is Fate.TAKEN


def test_a_returned_message_is_unroutable_and_its_neighbours_are_taken() -> None:
    amqp, fates = published(3)
    amqp.on_return(None, None, pika.BasicProperties(message_id="m2"), b"")
    amqp.confirm(Basic.Ack(3, multiple=True))
    assert fates == {"m1": Fate.TAKEN, "m2": Fate.UNROUTABLE, "m3": Fate.TAKEN}
