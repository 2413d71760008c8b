"""Wires content: which store, which objects, which providers."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from services.content.handlers.accounts import Accounts
from services.content.handlers.cancellations import Cancellations
from services.content.handlers.ledger import Ledger
from services.content.handlers.own_media import OwnMedia
from services.content.handlers.produce import Produce, Providers
from services.content.handlers.projects import Projects
from services.content.handlers.remote_media import RemoteMedia
from services.content.objects import MediaIntake, StoredObjects
from services.content.providers.offline.image import OfflineImage
from services.content.providers.offline.music import OfflineMusic
from services.content.providers.offline.script import OfflineScript
from services.content.providers.offline.voice import OfflineVoice
from services.content.store import ContentStore
from services.content.tables import INBOX, OUTBOX
from services.content.transfers import StoreTransfers
from shared.bus.inbox import Inbox
from shared.bus.outbox import DURABLE, Outbox
from shared.bus.relay import Relay
from shared.bus.reports import OutboxReports, Publish
from shared.clock import SystemClock
from shared.config import Settings
from shared.contracts.references import AudioReference, FontReference, ImageReference
from shared.contracts.timeline import VideoReference
from shared.db import Database, open_service_database
from shared.media.limits import MediaLimits
from shared.media.sandbox import MediaSandbox
from shared.migrate import migrate
from shared.storage import ObjectStore
from shared.storage.configured import open_configured_store

SERVICE = "content"


class ProjectDesk:
    """The use cases that a client needs, in any process that can reach the database and the objects."""

    def __init__(self, database: Database, objects: ObjectStore, limits: MediaLimits) -> None:
        store = ContentStore(database, SystemClock())
        stored = StoredObjects(objects)
        self.projects = Projects(store, stored)
        self._own_media = OwnMedia(store, MediaIntake(MediaSandbox(limits), stored))

    def add_image(self, account_id: str, path: Path) -> ImageReference:
        """Take in a picture of the author's own; raises ``BadMediaError`` naming it."""
        return self._own_media.add_image(account_id, path)

    def add_audio(self, account_id: str, path: Path) -> AudioReference:
        """Take in a sound of the author's own; raises ``BadMediaError`` naming it."""
        return self._own_media.add_audio(account_id, path)

    def add_logo(self, account_id: str, path: Path) -> ImageReference:
        """Take in a picture that keeps its transparency; raises ``BadMediaError`` naming it."""
        return self._own_media.add_logo(account_id, path)

    def add_font(self, account_id: str, path: Path) -> FontReference:
        """Take in a font of the author's own; raises ``BadMediaError`` naming it."""
        return self._own_media.add_font(account_id, path)

    def add_video(self, account_id: str, path: Path) -> VideoReference:
        """Take in a video of the author's own; raises ``BadMediaError`` naming it."""
        return self._own_media.add_video(account_id, path)


class Content:
    """The service's use cases."""

    def __init__(self, settings: Settings, *, publisher: Publish, epoch: str) -> None:
        clock = SystemClock()
        self._database = open_service_database(settings, SERVICE)
        migrate(self._database, SERVICE)
        store = ContentStore(self._database, clock)
        objects = open_configured_store(settings)
        stored = StoredObjects(objects)
        intake = MediaIntake(MediaSandbox(settings.media), stored)
        self.projects = Projects(store, stored)
        self.remote_media = RemoteMedia(OwnMedia(store, intake), StoreTransfers(objects))
        self.cancellations = Cancellations(store)
        self.accounts = Accounts(store)
        self._epoch = epoch
        self._ledger = Ledger(store, stored, clock, lease=timedelta(seconds=settings.lease_s))
        self.produce = Produce(
            builtin_providers(),
            self.projects,
            self._ledger,
            intake,
            stored,
        )
        outbox, inbox = Outbox(OUTBOX), Inbox(INBOX)
        self.relay = Relay(self._database, outbox, publisher.publish, epoch, inbox)
        self.reports = OutboxReports(self._database, outbox, inbox, publisher, SERVICE)

    def start(self) -> None:
        """Send what is waiting in the outbox; with a broker of its own, this process is also the only maker."""
        if self._epoch != DURABLE:
            self._ledger.release_all()
        self.relay.start()

    def stop(self) -> None:
        """Send what is left, and end."""
        self.relay.stop()
        self._database.close()


def builtin_providers() -> Providers:
    """Providers that need no key and no network."""
    return Providers(script=OfflineScript(), image=OfflineImage(), voice=OfflineVoice(), music=OfflineMusic())
