"""The data of a call, closed so that only the other end can read it; what is around it stays readable."""

from __future__ import annotations

import json
from collections.abc import Callable

from shared.contracts.envelope import Envelope
from shared.errors import NotGenuineError
from shared.sealing import SealInvalidError, bound, digest, seal

SEALED = "sealed"
REPLY_KEY = "reply_key"


def sealed_question(envelope: Envelope, service_key: str, reply_key: str) -> Envelope:
    """A question that only the holder of ``service_key`` can read.

    Args:
        reply_key: One-time public key to which the answer shall be sealed.
    """
    box = seal(_clear(envelope), service_key, info=question_info(envelope, reply_key))
    return envelope.model_copy(update={"data": {SEALED: box, REPLY_KEY: reply_key}})


def sealed_answer(envelope: Envelope, reply_key: str, question: bytes) -> Envelope:
    """An answer that only the caller can read, for exactly this question.

    Raises:
        InvalidInputError: ``reply_key`` is no public key.
    """
    box = seal(_clear(envelope), reply_key, info=answer_info(envelope, question))
    return envelope.model_copy(update={"data": {SEALED: box}})


def opened(envelope: Envelope, opening: Callable[[str], bytes]) -> Envelope:
    """The envelope with its data in clear.

    Raises:
        NotGenuineError: The box does not open.
    """
    try:
        data = json.loads(opening(str(envelope.data.get(SEALED, ""))))
    except (SealInvalidError, ValueError):
        raise NotGenuineError(f"{envelope.type} is not sealed to this end, or not for this") from None
    return envelope.model_copy(update={"data": data})


def question_info(envelope: Envelope, reply_key: str) -> bytes:
    """What binds sealed data to its question: a box of another one does not open in its place."""
    return bound("studiomatic/bus/question/1", envelope.type, envelope.id, envelope.source, reply_key)


def answer_info(envelope: Envelope, question: bytes) -> bytes:
    """What binds a sealed answer to the exact bytes of its question."""
    return bound("studiomatic/bus/answer/1", envelope.type, digest(question))


def _clear(envelope: Envelope) -> bytes:
    return json.dumps(envelope.data).encode()
