"""The client on a real farm: own media, files, strangers, a wrong clock; and where commands take the address from."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from urllib.parse import urlsplit

import av
import pytest
from PIL import Image

from deploy.local.farm import Farm
from deploy.local.servers import Servers
from shared.clock import SystemClock
from shared.contracts.jobs import JobSucceeded
from shared.contracts.projects import MusicDraft, ProjectDraft, SlideDraft
from shared.contracts.revisions import ClipCut, MusicMode, SlideLook
from shared.contracts.timeline import EncodingProfile, FrameSize
from shared.errors import BadMediaError, NotFoundError
from studiomatic import Client
from studiomatic.results import fetch_results

STUDIO = [sys.executable, "-m", "studiomatic"]
STRANGER = "somebody-else"

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def farm(servers: Servers) -> Iterator[Farm]:
    farm = Farm(servers, stop_grace_s=5)
    try:
        farm.start()
        yield farm
    finally:
        farm.close()


@pytest.fixture(scope="module")
def client(farm: Farm) -> Iterator[Client]:
    edge = farm.edge_environment()
    with Client(edge["STUDIO_BUS_URL"], edge["STUDIO_ACCOUNT_ID"], timeout_s=60) as client:
        yield client


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("media") / "picture.png"
    Image.new("RGB", (320, 180), "teal").save(path)
    return path


def draft_with(client: Client, picture: Path, title: str = "Own picture") -> ProjectDraft:
    """As little work as a video can be."""
    return ProjectDraft(
        title=title,
        slides=(SlideDraft(image=client.add_image(picture), seconds=1),),
        silent=True,
        music=MusicDraft(mode=MusicMode.NONE),
        size=FrameSize(width=320, height=180),
        profile=EncodingProfile.DRAFT,
    )


@pytest.fixture(scope="module")
def job_id(client: Client, picture: Path) -> str:
    """A job that has succeeded."""
    project = client.create_project(draft_with(client, picture), idempotency_key="job")
    job_id = client.submit(project.project_id, idempotency_key="job")
    assert isinstance(list(client.watch(job_id))[-1].fact, JobSucceeded)
    return job_id


@pytest.fixture
def studio(farm: Farm, tmp_path: Path) -> Run:
    """Run a command on the farm, with the password where nobody sees it."""
    edge = farm.edge_environment()
    address = urlsplit(edge["STUDIO_BUS_URL"])
    bus = f"amqp://{address.username}@{address.hostname}:{address.port}{address.path}"

    def run(*arguments: str, bus: str | None = bus, **environment: str) -> subprocess.CompletedProcess[str]:
        given = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "COLUMNS": "200",
            "STUDIO_ACCOUNT_ID": edge["STUDIO_ACCOUNT_ID"],
            "STUDIO_BUS_PASSWORD": address.password or "",
        }
        return subprocess.run(
            [*STUDIO, *arguments, *(["--bus", bus] if bus else [])],
            cwd=tmp_path,
            env=given | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
        )

    return run


def test_a_video_of_ones_own_picture_comes_home_with_all_its_files(
    client: Client, job_id: str, tmp_path: Path
) -> None:
    written = fetch_results(client, job_id, tmp_path)
    assert written[0].name == "video.mp4"
    assert {"video.mp4", "project.yaml", "report.json", "poster.jpg"} <= {path.name for path in written}
    assert list((tmp_path / "media").iterdir())


def test_a_video_of_ones_own_goes_up_and_is_shown(client: Client, picture: Path, tmp_path: Path) -> None:
    path = tmp_path / "clip.webm"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libvpx", rate=30, width=160, height=90, pix_fmt="yuv420p")
        for number in range(12):
            frame = av.VideoFrame.from_image(Image.new("RGB", (160, 90), (20 * number, 90, 90)))
            frame.pts, frame.time_base = number, Fraction(1, 30)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    clip = client.add_video(path)
    assert (clip.frames, clip.rate.numerator, clip.audio) == (12, 30, None)
    with pytest.raises(BadMediaError, match=r"picture\.png: it is png"):
        client.add_video(picture)

    shown = SlideDraft(look=SlideLook(clip=ClipCut(video=clip)))
    draft = draft_with(client, picture, "Own video").model_copy(update={"slides": (shown,)})
    project = client.create_project(draft, idempotency_key="clip")
    job_id = client.submit(project.project_id, idempotency_key="clip")
    assert isinstance(list(client.watch(job_id))[-1].fact, JobSucceeded)
    fetch_results(client, job_id, tmp_path / "out")
    with av.open(str(tmp_path / "out" / "video.mp4")) as video:
        assert video.streams.video[0].frames == 12
    assert client.add_video(tmp_path / "out" / "media" / "clip-1.mp4") == clip


def test_the_same_key_gives_the_same_project_and_job(client: Client, picture: Path, job_id: str) -> None:
    project = client.create_project(draft_with(client, picture), idempotency_key="job")
    assert client.submit(project.project_id, idempotency_key="job") == job_id


def test_nothing_of_one_account_exists_for_another(
    client: Client, job_id: str, picture: Path, tmp_path: Path
) -> None:
    stranger = client.as_account(STRANGER)
    job = client.get_job(job_id)
    for ask in (
        lambda: stranger.get_job(job_id),
        lambda: stranger.explain(job_id),
        lambda: stranger.cancel(job_id),
        lambda: stranger.resume(job_id, idempotency_key="x"),
        lambda: next(stranger.watch(job_id)),
        lambda: stranger.get_project(job.project_id),
        lambda: stranger.submit(job.project_id, idempotency_key="x"),
        lambda: stranger.delete_project(job.project_id),
        lambda: stranger.revise_project(job.project_id, draft_with(stranger, picture)),
        lambda: stranger.download(job.files[0].asset, tmp_path / "stolen"),
    ):
        with pytest.raises(NotFoundError):
            ask()
    assert not (tmp_path / "stolen").exists()
    assert stranger.list_jobs().jobs == ()


def test_a_file_that_is_no_picture_is_refused_with_its_name(client: Client, tmp_path: Path) -> None:
    for content in (b"", b"not a picture"):
        file = tmp_path / "holiday.png"
        file.write_bytes(content)
        with pytest.raises(BadMediaError, match=r"holiday\.png"):
            client.add_image(file)


def test_a_deleted_project_is_gone(client: Client, picture: Path) -> None:
    project = client.create_project(draft_with(client, picture, "Gone"))
    client.delete_project(project.project_id)
    for ask in (client.get_project, client.delete_project):
        with pytest.raises(NotFoundError):
            ask(project.project_id)


@pytest.mark.parametrize("hours", [-2, 2])
def test_a_clock_that_is_two_hours_off_changes_nothing(
    farm: Farm, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    now, now_ns, skew = time.time, time.time_ns, hours * 3600
    monkeypatch.setattr(time, "time", lambda: now() + skew)
    monkeypatch.setattr(time, "time_ns", lambda: now_ns() + skew * 1_000_000_000)
    monkeypatch.setattr(SystemClock, "now", lambda _self: datetime.now(UTC) + timedelta(hours=hours))
    edge = farm.edge_environment()
    with Client(edge["STUDIO_BUS_URL"], edge["STUDIO_ACCOUNT_ID"], timeout_s=60) as client:
        project = client.create_project(draft_with(client, picture, f"Skewed {hours}"))
        with client.subscribe("job.succeeded") as facts:
            job_id = client.submit(project.project_id, idempotency_key=project.project_id)
            events = list(client.watch(job_id))
            assert [event.sequence for event in events] == list(range(1, len(events) + 1))
            assert next(facts).fact.job_id == job_id
        assert fetch_results(client, job_id, tmp_path)


def test_the_address_may_come_from_the_environment(studio: Run, farm: Farm, job_id: str) -> None:
    ran = studio("jobs", bus=None, STUDIO_BUS_URL=farm.edge_environment()["STUDIO_BUS_URL"])
    assert job_id in ran.stdout
    assert ran.stderr == ""


def test_a_password_in_the_argument_works_and_is_warned_of(studio: Run, farm: Farm, job_id: str) -> None:
    url = farm.edge_environment()["STUDIO_BUS_URL"]
    ran = studio("jobs", bus=url)
    assert job_id in ran.stdout
    assert "STUDIO_BUS_PASSWORD" in ran.stderr
    assert str(urlsplit(url).password) not in ran.stdout + ran.stderr


def test_without_an_account_the_command_says_what_to_set(studio: Run) -> None:
    ran = studio("jobs", STUDIO_ACCOUNT_ID="")
    assert ran.returncode == 1
    assert "STUDIO_ACCOUNT_ID" in ran.stderr


def test_the_doctor_names_a_wrong_password_and_never_shows_it(studio: Run) -> None:
    ran = studio("doctor", STUDIO_BUS_PASSWORD="wrong-password")
    assert ran.returncode == 1
    assert "check the user and the password" in ran.stdout
    assert "wrong-password" not in ran.stdout + ran.stderr


def test_settings_are_shown_with_their_secrets_masked(studio: Run, farm: Farm) -> None:
    url = farm.edge_environment()["STUDIO_BUS_URL"]
    ran = studio("config", bus=url)
    assert str(urlsplit(url).password) not in ran.stdout
    assert "STUDIO_BUS_URL" in ran.stdout
