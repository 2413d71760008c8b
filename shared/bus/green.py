"""Turns the process green: must be called before anything else is imported that waits.

An entry module begins with::

    from shared.bus.green import patch

    patch()
"""

from __future__ import annotations

import warnings

from shared.errors import ConfigurationError


def patch() -> None:
    """Replace the waiting parts of the standard library by eventlet's.

    Eventlet's own advice against new use is known (docs/adr/0002) and not shown to users.
    """
    warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
    import eventlet

    eventlet.monkey_patch()


def require_green() -> None:
    """Check that :func:`patch` was called.

    Raises:
        ConfigurationError: It was not; blocking calls would stop the whole process.
    """
    from eventlet.patcher import is_monkey_patched

    if not is_monkey_patched("socket") or not is_monkey_patched("thread"):
        raise ConfigurationError("call shared.bus.green.patch() in the first lines of the entry module")
