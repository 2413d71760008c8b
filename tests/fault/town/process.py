"""One process of the town; takes JSON lines on its input and answers each on its output.

``python process.py SERVICE...`` with TOWN_FOLDER, TOWN_DATABASE and STUDIO_BUS_URL set.
"""

from __future__ import annotations

from shared.bus.green import patch

patch()

import base64  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
import threading  # noqa: E402
import traceback  # noqa: E402
from collections.abc import Iterator  # noqa: E402
from typing import Any  # noqa: E402

import contracts  # noqa: E402
from contracts import TOWN  # noqa: E402

from services import SERVICES  # noqa: E402
from shared.bus.connection import broker_connection  # noqa: E402
from shared.bus.rpc import RpcClient  # noqa: E402
from shared.bus.run import run  # noqa: E402
from shared.config import LogFormat, load_settings  # noqa: E402
from shared.errors import StudiomaticError  # noqa: E402
from shared.ids import AccountId  # noqa: E402
from shared.logging import configure_logging  # noqa: E402

SETTINGS = load_settings()
URL = SETTINGS.bus_url.get_secret_value()
CALLS = RpcClient(URL)


def call(query: str, reply: str, service: str = "foreman", timeout_s: float = 10.0, **fields: Any) -> Any:
    """Make a remote call from inside this process."""
    contract, answer = getattr(contracts, query), getattr(contracts, reply)
    result = CALLS.call(service, contract(**fields), answer, account_id=AccountId("account"), timeout_s=timeout_s)
    return result.model_dump(mode="json")


def publish(exchange: str, routing_key: str, body: str, times: int = 1) -> None:
    """Send raw bytes, as a broken or hostile sender would."""
    with broker_connection(URL) as connection:
        channel = connection.channel()
        for _ in range(times):
            message = channel.prepare_message(
                base64.b64decode(body),
                content_type="application/cloudevents+json",
                content_encoding="utf-8",
                properties={"delivery_mode": 2},
            )
            channel.basic_publish(message, exchange=exchange, routing_key=routing_key)


def depth(queue: str) -> int:
    """How many messages a queue holds ready."""
    with broker_connection(URL) as connection:
        return connection.channel().queue_declare(queue, passive=True).message_count


ACTIONS = {"call": call, "publish": publish, "depth": depth}


def lines() -> Iterator[str]:
    """Lines of standard input, without stopping the other green threads."""
    os.set_blocking(0, False)
    rest = b""
    while chunk := os.read(0, 65536):
        *complete, rest = (rest + chunk).split(b"\n")
        for line in complete:
            yield line.decode()


def answer(request: dict[str, Any]) -> None:
    """Do what a line asks for and write how it ended."""
    number, action = request.pop("number"), request.pop("do")
    try:
        response = {"result": ACTIONS[action](**request)}
    except StudiomaticError as error:
        response = {"error": {"type": type(error).__name__, "code": error.code, "message": error.message}}
    except Exception as error:  # noqa: BLE001  # the test shall see it at once, not wait for an answer
        response = {"error": {"type": type(error).__name__, "code": "", "message": str(error)}}
        traceback.print_exc()
    sys.stdout.write(json.dumps({"number": number, **response}) + "\n")
    sys.stdout.flush()


def obey() -> None:
    """Answer every line, each in a thread of its own."""
    for line in lines():
        threading.Thread(target=answer, args=(json.loads(line),), daemon=True).start()


def main() -> None:
    configure_logging(LogFormat.JSON, "info", service="+".join(sys.argv[1:]))
    threading.Thread(target=obey, daemon=True).start()
    services = [SERVICES[name] for name in sys.argv[1:]]
    run(services, SETTINGS, topology=TOWN, started=lambda _runtime: print(json.dumps({"ready": True}), flush=True))


main()
