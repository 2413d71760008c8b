"""Errors of the client itself.

StudiomaticError
├── NothingServesError        the job is stored, but nothing works on the data folder
├── ClientClosedError         used after ``close()``
└── ConfigurationError
    └── BrokerRefusedError    the broker is there, but does not let us in as we asked
"""

from __future__ import annotations

from shared.errors import ConfigurationError, StudiomaticError


class NothingServesError(StudiomaticError):
    """The job is stored, but nothing is running that works on it; run `studio serve`."""

    code = "client.nothing_serves"
    retryable = True


class ClientClosedError(StudiomaticError):
    """This client is closed; make a new one."""

    code = "client.closed"


class BrokerRefusedError(ConfigurationError):
    """The broker does not let us in; check user, password, virtual host and TLS of its address."""

    code = "client.broker_refused"
