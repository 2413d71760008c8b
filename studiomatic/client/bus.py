"""The client of a farm: everything over its broker, in ordinary threads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from pydantic import SecretStr

from shared.contracts.jobs import (
    CancelJob,
    ExplainJob,
    FactList,
    GetJob,
    JobExplanation,
    JobList,
    JobState,
    JobView,
    ListFacts,
    ListJobs,
    PreviewRequest,
    ResumeJob,
    SubmitJob,
)
from shared.contracts.media import MediaKind
from shared.contracts.message import Query, Reply
from shared.contracts.projects import (
    CreateProject,
    DeleteProject,
    GetProject,
    ListProjects,
    ProjectDeleted,
    ProjectDraft,
    ProjectList,
    ProjectView,
    ReviseProject,
)
from shared.contracts.references import AssetReference, AudioReference, FontReference, ImageReference
from shared.contracts.timeline import VideoReference
from shared.errors import InvalidInputError, NotFoundError
from shared.ids import new_id
from shared.service_keys import ServiceKeys
from studiomatic.client.address import BrokerAddress, parse_address
from studiomatic.client.calls import Calls
from studiomatic.client.errors import ClientClosedError
from studiomatic.client.link import Link, Told
from studiomatic.client.media import bring_home, hand_in
from studiomatic.client.nudges import Nudges
from studiomatic.client.port import JobEvent
from studiomatic.client.refusing import refuses_in_words
from studiomatic.client.subscribing import Subscription
from studiomatic.client.watching import Watch

R = TypeVar("R", bound=Reply)

TIMEOUT_S = 30.0
"""For one call; long enough for a broker that is restarted."""

_LONGEST_TIMEOUT_S = 3600.0
_ACCOUNT = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")


class Wire:
    """The connection that the clients of all accounts share."""

    def __init__(self, address: BrokerAddress, timeout_s: float, told: Told | None, keys: ServiceKeys) -> None:
        self.address = address
        self.timeout_s = timeout_s
        self.told = told
        self.link = Link(address, told)
        self.calls = Calls(self.link, keys)
        self.nudges = Nudges(self.link)
        self.link.start()


class AccountClient:
    """Everything of one account over a shared connection; see `Client`."""

    def __init__(self, wire: Wire, account_id: str | None) -> None:
        if account_id is not None and not _ACCOUNT.match(account_id):
            raise InvalidInputError(
                "an account id has letters, digits, '.', '_' and '-', and starts with the former two"
            )
        self._wire = wire
        self._account_id = account_id

    @property
    def account_id(self) -> str | None:
        """Whose projects and jobs these are."""
        return self._account_id

    def as_account(self, account_id: str) -> AccountClient:
        """The same connection for another account: a gateway has one connection and many accounts."""
        return AccountClient(self._wire, account_id)

    def close(self) -> None:
        """End the connection, for the clients of all accounts that share it; their calls under way fail."""
        self._wire.link.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Projects

    @refuses_in_words
    def create_project(self, draft: ProjectDraft, *, idempotency_key: str | None = None) -> ProjectView:
        query = CreateProject(draft=draft, idempotency_key=idempotency_key or new_id())
        return self._ask(query, ProjectView)

    @refuses_in_words
    def revise_project(self, project_id: str, draft: ProjectDraft) -> ProjectView:
        return self._ask(ReviseProject(project_id=project_id, draft=draft), ProjectView)

    @refuses_in_words
    def get_project(self, project_id: str, revision_id: str | None = None) -> ProjectView:
        return self._ask(GetProject(project_id=project_id, revision_id=revision_id), ProjectView)

    def list_projects(self) -> ProjectList:
        return self._ask(ListProjects(), ProjectList)

    @refuses_in_words
    def delete_project(self, project_id: str) -> None:
        self.get_project(project_id)  # says that there is none, which a deletion that is repeated must not
        try:
            self._ask(DeleteProject(project_id=project_id), ProjectDeleted)
        except NotFoundError:
            return

    # Media

    @refuses_in_words
    def add_image(self, path: Path) -> ImageReference:
        image = hand_in(self._ask, path, MediaKind.IMAGE).image
        assert image is not None  # noqa: S101  # content answers what it was asked for
        return image

    @refuses_in_words
    def add_audio(self, path: Path) -> AudioReference:
        audio = hand_in(self._ask, path, MediaKind.AUDIO).audio
        assert audio is not None  # noqa: S101  # content answers what it was asked for
        return audio

    @refuses_in_words
    def add_logo(self, path: Path) -> ImageReference:
        logo = hand_in(self._ask, path, MediaKind.LOGO).image
        assert logo is not None  # noqa: S101  # content answers what it was asked for
        return logo

    @refuses_in_words
    def add_font(self, path: Path) -> FontReference:
        font = hand_in(self._ask, path, MediaKind.FONT).font
        assert font is not None  # noqa: S101  # content answers what it was asked for
        return font

    @refuses_in_words
    def add_video(self, path: Path) -> VideoReference:
        video = hand_in(self._ask, path, MediaKind.VIDEO).video
        assert video is not None  # noqa: S101  # content answers what it was asked for
        return video

    @refuses_in_words
    def download(self, asset: AssetReference, target: Path) -> None:
        bring_home(self._ask, asset, target)

    # Jobs

    @refuses_in_words
    def submit(
        self,
        project_id: str,
        *,
        idempotency_key: str,
        revision_id: str | None = None,
        priority: int = 0,
        preview: PreviewRequest | None = None,
    ) -> str:
        query = SubmitJob(
            project_id=project_id,
            revision_id=revision_id,
            idempotency_key=idempotency_key,
            priority=priority,
            preview=preview,
        )
        return self._ask(query, JobView).job_id

    @refuses_in_words
    def resume(self, job_id: str, *, idempotency_key: str) -> str:
        return self._ask(ResumeJob(job_id=job_id, idempotency_key=idempotency_key), JobView).job_id

    @refuses_in_words
    def cancel(self, job_id: str) -> JobState:
        return self._ask(CancelJob(job_id=job_id), JobView).state

    @refuses_in_words
    def get_job(self, job_id: str) -> JobView:
        return self._ask(GetJob(job_id=job_id), JobView)

    @refuses_in_words
    def list_jobs(self, project_id: str | None = None, limit: int = 50) -> JobList:
        return self._ask(ListJobs(project_id=project_id, limit=limit), JobList)

    @refuses_in_words
    def explain(self, job_id: str) -> JobExplanation:
        return self._ask(ExplainJob(job_id=job_id), JobExplanation)

    # Facts

    def watch(self, job_id: str, *, after_sequence: int = 0) -> Iterator[JobEvent]:
        """Outlives a broker or an orchestrator that is away, for ten minutes at a time."""
        if after_sequence < 0:
            raise InvalidInputError("after_sequence counts from 0, the beginning of the job")
        watch = Watch(
            facts=lambda after: self._facts(job_id, after),
            job=lambda: self.get_job(job_id),
            after_sequence=after_sequence,
        )
        return watch.events(self._wire.nudges, job_id)

    def subscribe(self, *types: str, name: str | None = None) -> Subscription:
        """Listen to facts as they happen, of this account, or without one of all; see `Subscription`."""
        if self._wire.link.closed:
            raise ClientClosedError
        return Subscription(
            self._wire.address, types, name=name, account_id=self._account_id, told=self._wire.told
        )

    # Accounts, sessions, second factors, keys

    @refuses_in_words
    def ask(self, query: Query, reply: type[R]) -> R:
        """Also without an account, when the question needs none."""
        return self._ask(query, reply)

    @refuses_in_words
    def _facts(self, job_id: str, after_sequence: int) -> FactList:
        return self._ask(ListFacts(job_id=job_id, after_sequence=after_sequence), FactList)

    def _ask(self, query: Query, reply: type[R], *, timeout_s: float | None = None) -> R:
        if self._account_id is None and not query.anonymous:
            raise InvalidInputError("this client has no account; give it an account_id, or use as_account()")
        timeout_s = timeout_s or self._wire.timeout_s
        return self._wire.calls.ask(query, reply, account_id=self._account_id, timeout_s=timeout_s)


class Client(AccountClient):
    """A client of a farm; connects when it is made, and again whenever the connection is lost.

    All threads of a program may share one. Every call has a deadline; until then it is repeated over new
    connections, which is safe: no call does its work twice.

    Args:
        url: ``amqp[s]://USER:PASSWORD@HOST[:PORT]/VHOST`` of a broker user with the rights of an edge.
        account_id: Whose projects and jobs; None: only ``subscribe`` and ``as_account`` work.
        password: Used when the address names none, so that it need not be in the address.
        timeout_s: For one call.
        told: Hears when the broker is away, and when it is back; see `LinkState`.
        keys: With the key of the broker user, for calls of accounts and of the vault, which are protected.
    Raises:
        ConfigurationError: The address cannot be one.
        BrokerUnavailableError: Nobody answers there.
        BrokerRefusedError: Wrong user, password, virtual host, or no TLS.
        UnroutableError: The broker lacks Studiomatic's exchanges.
    """

    def __init__(
        self,
        url: str,
        account_id: str | None = None,
        *,
        password: SecretStr | None = None,
        timeout_s: float = TIMEOUT_S,
        told: Told | None = None,
        keys: ServiceKeys | None = None,
    ) -> None:
        address = parse_address(url, password)
        if not 0 < timeout_s <= _LONGEST_TIMEOUT_S:
            raise InvalidInputError(f"timeout_s must be over 0 and at most {_LONGEST_TIMEOUT_S:.0f} seconds")
        super().__init__(Wire(address, timeout_s, told, keys or ServiceKeys()), account_id)
