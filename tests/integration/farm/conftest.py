"""A farm on the servers of the run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy.local.farm import Farm
from deploy.local.servers import Servers


@pytest.fixture(scope="module")
def farm(servers: Servers) -> Iterator[Farm]:
    """A running farm that the tests of one file share."""
    farm = Farm(servers, stop_grace_s=5)
    try:
        farm.start()
        yield farm
    finally:
        farm.close()


@pytest.fixture(scope="module")
def idle_farm(servers: Servers) -> Iterator[Farm]:
    """A farm that is provided for, with an empty database and no process."""
    farm = Farm(servers, stop_grace_s=5)
    yield farm
    farm.close()
