"""The client: one port, reached through a data folder of this machine."""

from studiomatic.client.errors import NothingServesError
from studiomatic.client.folder import FolderClient
from studiomatic.client.port import Client, JobEvent

__all__ = ["Client", "FolderClient", "JobEvent", "NothingServesError"]
