"""The child process of the built-in providers: JSON request on standard input, JSON answer on standard output.

``python -m services.content.providers.offline.child image|voice|music``
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

from shared.errors import TaskFailedError

_CRAFTS = {
    "image": "services.content.providers.offline.painting.paint",
    "voice": "services.content.providers.offline.speaking.speak",
    "music": "services.content.providers.offline.composing.compose",
}
"""Each module has ``work(request) -> answer``; only the one that is needed is imported."""


def main(arguments: list[str]) -> int:
    """Do the craft named by the first argument; 0 = done, 1 = refused with an error in the answer."""
    request = json.load(sys.stdin)
    try:
        answer = importlib.import_module(_CRAFTS[arguments[0]]).work(request)
    except TaskFailedError as error:
        return _refuse(error.code, error.message, retryable=error.retryable)
    except OSError as error:
        return _refuse(
            "content.file_not_written", f"cannot write {request['target']}: {error.strerror}", retryable=True
        )
    _write(answer)
    return 0


def _refuse(code: str, message: str, *, retryable: bool) -> int:
    _write({"error": {"code": code, "message": message, "retryable": retryable}})
    return 1


def _write(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
