"""The render child and its parent: what is killed, what is kept, and how trouble is named."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from services.renderer.child import RenderChild
from services.renderer.pool import ChildPool
from services.renderer.template import ChildLimits, ChildLostError, ChildTemplate
from services.renderer.work import AssembleWork, MixAudioWork, RenderSegmentWork, SegmentFile
from shared.contracts.timeline import FrameSize
from shared.errors import TaskCancelledError, TaskFailedError

NEVER = threading.Event()


def silent(done: int, total: int) -> None:
    """Nobody watches."""


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def render_children(ancestor: int) -> list[int]:
    """Process ids of the living children of the templates below a process, oldest first."""
    below = psutil.Process(ancestor).children(recursive=True)
    born = [(p.create_time(), p.pid) for p in below if not is_gone(p.pid) and p.name() == "render-child"]
    return [pid for _, pid in sorted(born)]


@pytest.fixture(scope="module")
def template() -> Iterator[ChildTemplate]:
    """What the children of these tests are forked from."""
    template = ChildTemplate()
    yield template
    template.close()


@pytest.fixture
def started() -> Callable[[], list[int]]:
    """Process ids of the children that this test has started and that still run, oldest first."""
    before = set(render_children(os.getpid()))
    return lambda: [pid for pid in render_children(os.getpid()) if pid not in before]


@pytest.fixture
def short_work(studio, tmp_path) -> RenderSegmentWork:
    """A segment of a few frames."""
    return segment_work(studio, tmp_path, frames=5)


@pytest.fixture
def endless_work(studio, tmp_path) -> RenderSegmentWork:
    """More than anybody waits for."""
    return segment_work(studio, tmp_path, frames=1_000_000, size=FrameSize(width=640, height=360))


def segment_work(studio, tmp_path: Path, frames: int, size: FrameSize | None = None) -> RenderSegmentWork:
    spec = studio.spec(studio.clip(studio.scenery(1), frames), size=size)
    (tmp_path / "spec.json").write_text(spec.model_dump_json())
    return RenderSegmentWork(spec=tmp_path / "spec.json", images=studio.images, out=tmp_path / "segment.mp4")


class CancelsWhenWorkBegan(threading.Event):
    """Set by the first progress, so that the child is in mid-work."""

    def on_progress(self, done: int, total: int) -> None:
        self.set()


def test_a_whole_video_is_made_by_one_warm_child(studio, tmp_path, pool, decoded):
    clips = [studio.clip(studio.scenery(1), 20), studio.clip(studio.scenery(2), 20, fade=5)]
    timeline = studio.timeline(clips, [(studio.tone(1), 4_000)], title="Bees")
    (tmp_path / "timeline.json").write_text(timeline.model_dump_json())
    segments = []
    for number, clip in enumerate(clips):
        spec_path, out = tmp_path / f"{number}.json", tmp_path / f"{number}.mp4"
        spec_path.write_text(studio.spec(clip, clips[0]).model_dump_json())
        work = RenderSegmentWork(spec=spec_path, images=studio.images, out=out)
        made = pool.run("account", work, on_progress=silent, deadline_s=60, cancelled=NEVER)
        segments.append(SegmentFile(path=out, frames=made.frames))
    sound = MixAudioWork(timeline=tmp_path / "timeline.json", sounds=studio.sounds, out=tmp_path / "sound.m4a")
    mixed = pool.run("account", sound, on_progress=silent, deadline_s=60, cancelled=NEVER)
    (tmp_path / "render").mkdir()
    work = AssembleWork(
        timeline=tmp_path / "timeline.json",
        segments=tuple(segments),
        audio=tmp_path / "sound.m4a",
        images=studio.images,
        out_folder=tmp_path / "render",
    )
    made = pool.run("account", work, on_progress=silent, deadline_s=60, cancelled=NEVER)
    assert mixed.loudness_lufs == pytest.approx(-14, abs=0.5)
    assert (made.frames, made.samples) == (40, 64_000)
    assert set(made.files) == {path.name for path in (tmp_path / "render").iterdir()}
    assert len(decoded(tmp_path / "render" / "video.mp4")) == 40


def test_what_a_child_rendered_before_changes_no_byte(studio, tmp_path, spoken_cue):
    """Slides that have moved are rendered in another order, by another child, beside other pictures."""
    clips = [studio.clip(studio.scenery(n), 12, fade=4, cues=[spoken_cue(f"Bee {n} 🐝", 0, 4)]) for n in range(3)]
    specs = [studio.spec(clip, clips[n - 1]) for n, clip in enumerate(clips)]

    def rendered(order: list[int], name: str) -> dict[int, bytes]:
        made, pool = {}, ChildPool(1)
        for number in order:
            spec, out = tmp_path / f"{number}.json", tmp_path / f"{name}-{number}.mp4"
            spec.write_text(specs[number].model_dump_json())
            work = RenderSegmentWork(spec=spec, images=studio.images, out=out)
            pool.run("account", work, on_progress=silent, deadline_s=60, cancelled=NEVER)
            made[number] = out.read_bytes()
        pool.close()
        return made

    assert rendered([0, 1, 2], "first") == rendered([2, 0, 2, 1], "moved")


def test_a_child_is_kept_for_its_account_and_never_given_to_another(short_work, started):
    pool = ChildPool(1)

    def pid_for(account: str) -> int:
        pool.run(account, short_work, on_progress=silent, deadline_s=60, cancelled=NEVER)
        return started()[-1]

    first = pid_for("one")
    assert pid_for("one") == first
    second = pid_for("two")
    assert second != first
    assert is_gone(first)
    pool.close()


def test_pictures_are_kept_for_one_account_and_unknown_to_all_others(short_work):
    """A file damaged after its first use tells who reads it anew."""
    pool = ChildPool(2)
    pool.run("one", short_work, on_progress=silent, deadline_s=60, cancelled=NEVER)
    next(iter(short_work.images.values())).write_bytes(b"damaged")

    pool.run("one", short_work, on_progress=silent, deadline_s=60, cancelled=NEVER)
    with pytest.raises(TaskFailedError, match="cannot be decoded"):
        pool.run("two", short_work, on_progress=silent, deadline_s=60, cancelled=NEVER)
    pool.close()


def test_cancelling_kills_the_child_in_mid_work(template, endless_work):
    child, cancelled = RenderChild(template), CancelsWhenWorkBegan()
    with pytest.raises(TaskCancelledError):
        child.run(endless_work, on_progress=cancelled.on_progress, deadline_s=60, cancelled=cancelled)
    assert is_gone(child.pid)


def test_the_deadline_kills_the_child_in_mid_work(template, endless_work):
    child = RenderChild(template)
    with pytest.raises(TaskFailedError, match="took longer") as caught:
        child.run(endless_work, on_progress=silent, deadline_s=1, cancelled=NEVER)
    assert (caught.value.code, caught.value.retryable) == ("renderer.deadline_exceeded", True)
    assert is_gone(child.pid)


def test_an_error_of_the_listener_kills_the_child(template, endless_work):
    child = RenderChild(template)

    def fail(done: int, total: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        child.run(endless_work, on_progress=fail, deadline_s=60, cancelled=NEVER)
    assert is_gone(child.pid)


def test_a_killed_child_is_a_retryable_crash(template, endless_work):
    child = RenderChild(template)

    def kill(done: int, total: int) -> None:
        os.kill(child.pid, signal.SIGKILL)

    with pytest.raises(TaskFailedError, match="SIGKILL") as caught:
        child.run(endless_work, on_progress=kill, deadline_s=60, cancelled=NEVER)
    assert (caught.value.code, caught.value.retryable) == ("renderer.crashed", True)


def test_a_full_disk_is_retryable_and_says_what_to_do(template, endless_work):
    child = RenderChild(template, ChildLimits(file_bytes=10_000))
    with pytest.raises(TaskFailedError, match="free some space") as caught:
        child.run(endless_work, on_progress=silent, deadline_s=60, cancelled=NEVER)
    assert (caught.value.code, caught.value.retryable) == ("renderer.disk_full", True)


def test_a_disk_without_any_space_stops_every_kind_of_work(template, studio, tmp_path, short_work):
    timeline = studio.timeline([studio.clip(studio.scenery(1), 30)])
    (tmp_path / "timeline.json").write_text(timeline.model_dump_json())
    full = Path("/dev/full")
    full_sound = tmp_path / "sound.m4a"
    full_sound.symlink_to(full)
    sound = MixAudioWork(timeline=tmp_path / "timeline.json", sounds={}, out=full_sound)
    for work in (short_work.model_copy(update={"out": full}), sound):
        with pytest.raises(TaskFailedError) as caught:
            RenderChild(template).run(work, on_progress=silent, deadline_s=60, cancelled=NEVER)
        assert caught.value.code == "renderer.disk_full"


def test_a_folder_that_is_missing_is_named_as_a_file_problem(template, short_work, tmp_path):
    child = RenderChild(template)
    work = short_work.model_copy(update={"out": tmp_path / "missing" / "out.mp4"})
    with pytest.raises(TaskFailedError, match="No such file") as caught:
        child.run(work, on_progress=silent, deadline_s=60, cancelled=NEVER)
    assert caught.value.code == "renderer.file_failed"


def test_a_bad_picture_keeps_its_code_across_the_pipe(template, short_work):
    child = RenderChild(template)
    next(iter(short_work.images.values())).write_bytes(b"damaged")
    with pytest.raises(TaskFailedError, match="cannot be decoded") as caught:
        child.run(short_work, on_progress=silent, deadline_s=60, cancelled=NEVER)
    assert (caught.value.code, caught.value.retryable) == ("renderer.bad_asset", False)


def test_memory_beyond_the_limit_is_named(template, studio, tmp_path):
    """Libraries alone take over half a gigabyte of addresses; a large frame does not fit on top."""
    work = segment_work(studio, tmp_path, 40, FrameSize(width=3840, height=2160))
    child = RenderChild(template, ChildLimits(memory_bytes=700 << 20))
    with pytest.raises(TaskFailedError) as caught:
        child.run(work, on_progress=silent, deadline_s=60, cancelled=NEVER)
    assert (caught.value.code, caught.value.retryable) == ("renderer.out_of_memory", True)


def test_nothing_stays_behind_after_a_kill(template, endless_work, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    child = RenderChild(template)
    assert list((tmp_path / "temporary").iterdir())
    child.kill()
    child.kill()
    assert not list((tmp_path / "temporary").iterdir())


def test_an_idle_child_ends_by_itself_and_its_successor_takes_the_work(short_work, started):
    pool = ChildPool(1, ChildLimits(idle_seconds=0.2))
    pool.run("account", short_work, on_progress=silent, deadline_s=60, cancelled=NEVER)
    [idle] = started()
    wait_until(lambda: is_gone(idle))
    assert pool.run("account", short_work, on_progress=silent, deadline_s=60, cancelled=NEVER).frames == 5
    pool.close()


def test_a_child_that_cannot_start_says_why():
    with pytest.raises(ChildLostError, match="No such file"):
        ChildTemplate(command=["/nowhere/python"]).engine()
    with pytest.raises(ChildLostError, match="no such module"):
        ChildTemplate(command=[sys.executable, "-c", "raise SystemExit('no such module')"]).engine()


def test_closing_the_pool_ends_its_idle_children(short_work, started):
    pool = ChildPool(1)
    pool.run("account", short_work, on_progress=silent, deadline_s=60, cancelled=NEVER)
    [idle] = started()
    pool.close()
    assert is_gone(idle)


def test_waiting_for_a_slot_can_be_cancelled(endless_work, started):
    pool, cancelled = ChildPool(1), CancelsWhenWorkBegan()
    kwargs = {"deadline_s": 60, "cancelled": cancelled}
    errors: list[BaseException] = []

    def run_first() -> None:
        try:
            pool.run("one", endless_work, on_progress=silent, deadline_s=60, cancelled=stop_first)
        except TaskCancelledError as error:
            errors.append(error)

    stop_first = threading.Event()
    first = threading.Thread(target=run_first)
    first.start()
    wait_until(lambda: bool(started()))
    cancelled.set()
    with pytest.raises(TaskCancelledError):
        pool.run("two", endless_work, on_progress=silent, **kwargs)
    stop_first.set()
    first.join()
    assert len(errors) == 1


def open_fds(pid: int) -> list[Path]:
    """Links to what a process has open, named by number."""
    return list(Path(f"/proc/{pid}/fd").iterdir())


def open_files(pid: int) -> dict[str, str]:
    """What a process has open, by number."""
    return {fd.name: str(fd.readlink()) for fd in open_fds(pid)}


def test_a_child_has_no_file_of_its_siblings_and_none_of_the_template(template):
    children = [RenderChild(template) for _ in range(3)]
    for child in children:
        # The last thing it closes is what it told its birth on.
        wait_until(lambda child=child: len(open_fds(child.pid)) == 4)
    opened = [open_files(child.pid) for child in children]
    for child in children:
        child.kill()
    assert all(sorted(files) == ["0", "1", "2", "3"] for files in opened)
    assert all({files["1"], files["2"]} == {os.devnull} for files in opened)
    assert len({files[number] for files in opened for number in ("0", "3")}) == 6, "each has its own two pipes"


def test_the_template_has_one_thread_and_only_its_orders_open():
    """What is forked while another thread works may be broken; what it opened, every child would have."""
    template = ChildTemplate()
    template.engine()
    threads, opened = list(Path(f"/proc/{template.pid}/task").iterdir()), open_files(template.pid)
    template.close()
    assert len(threads) == 1
    assert all(what.startswith(("socket:", "pipe:")) for what in opened.values()), opened


def test_a_child_is_at_home_in_its_own_folder_and_knows_no_other(template):
    first, second = RenderChild(template), RenderChild(template)
    places = [Path(f"/proc/{pid}/cwd") for pid in (template.pid, first.pid, second.pid)]
    wait_until(lambda: len({place.readlink() for place in places}) == 3)
    homes = [place.readlink() for place in places[1:]]
    first.kill()
    second.kill()
    assert not any(home.exists() for home in homes)


def test_a_killed_template_takes_its_children_along_and_is_replaced(template, short_work):
    child = RenderChild(template)
    os.kill(template.pid, signal.SIGKILL)
    wait_until(lambda: is_gone(child.pid))
    with pytest.raises(ChildLostError):
        child.run(short_work, on_progress=silent, deadline_s=60, cancelled=NEVER)
    successor = RenderChild(template)
    assert successor.run(short_work, on_progress=silent, deadline_s=60, cancelled=NEVER).frames == 5
    successor.kill()


def test_many_accounts_are_served_by_one_template_and_leave_nothing_behind(short_work, started):
    pool = ChildPool(1)
    for number in range(6):
        pool.run(f"account {number}", short_work, on_progress=silent, deadline_s=60, cancelled=NEVER)
    [last] = started()
    below = [p for p in psutil.Process(os.getpid()).children(recursive=True) if p.pid == last]
    template = below[0].parent()
    assert template.children() == below, "ended children are reaped"
    pool.close()
    wait_until(lambda: is_gone(template.pid))


PARENT = """
    import sys, threading
    from pathlib import Path
    from services.renderer.child import RenderChild
    from services.renderer.template import ChildTemplate
    from services.renderer.work import RenderSegmentWork
    work = RenderSegmentWork.model_validate_json(Path(sys.argv[1]).read_bytes())
    def run():
        template = ChildTemplate()
        child = RenderChild(template)
        report = lambda done, total: print(child.pid, template.pid, flush=True)
        child.run(work, on_progress=report, deadline_s=600, cancelled=threading.Event())
    if sys.argv[2] == "thread":
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    run()
"""


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("where", ["main", "thread"])
def test_a_child_in_mid_work_and_the_template_die_with_their_killed_service(endless_work, tmp_path, where, frozen):
    (tmp_path / "work.json").write_text(endless_work.model_dump_json())
    command = [sys.executable, "-c", textwrap.dedent(PARENT), str(tmp_path / "work.json"), where]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        child, template = map(int, parent.stdout.readline().split())
        assert not is_gone(child)
        assert not is_gone(template)
        if frozen:
            os.kill(child, signal.SIGSTOP)
        parent.kill()
    wait_until(lambda: is_gone(child))
    wait_until(lambda: is_gone(template))


GREEN = """
    from shared.bus.green import patch
    patch()
    import sys, threading, time
    import eventlet
    from pathlib import Path
    from services.renderer.pool import ChildPool
    from services.renderer.work import RenderSegmentWork
    from shared.errors import TaskCancelledError
    work = RenderSegmentWork.model_validate_json(Path(sys.argv[1]).read_bytes())
    pool, cancelled, ticks, began = ChildPool(1), threading.Event(), [0], []
    pool.engine()
    def tick():
        while True:
            ticks[0] += 1
            eventlet.sleep(0.01)
    def report(done, total):
        began.append(ticks[0])
        if len(began) == 3:
            cancelled.set()
    eventlet.spawn(tick)
    try:
        pool.run("account", work, on_progress=report, deadline_s=600, cancelled=cancelled)
    except TaskCancelledError:
        print("cancelled", began[2] - began[0])
"""


def test_under_eventlet_the_hub_goes_on_while_a_child_works(endless_work, tmp_path):
    (tmp_path / "work.json").write_text(endless_work.model_dump_json())
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(GREEN), str(tmp_path / "work.json")]
    output = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=60, check=True).stdout
    word, ticks = output.split()
    assert word == "cancelled"
    assert int(ticks) > 20


GREEN_IDLE = """
    from shared.bus.green import patch
    patch()
    import sys, threading, time
    from pathlib import Path
    from services.renderer.pool import ChildPool
    from services.renderer.template import ChildLimits
    from services.renderer.work import RenderSegmentWork
    from shared.errors import TaskCancelledError
    work = RenderSegmentWork.model_validate_json(Path(sys.argv[1]).read_bytes())
    pool, cancelled = ChildPool(1, ChildLimits(idle_seconds=0.2)), threading.Event()
    short = RenderSegmentWork.model_validate_json(Path(sys.argv[2]).read_bytes())
    pool.run("account", short, on_progress=lambda *_: None, deadline_s=60, cancelled=cancelled)
    template = pool._template.pid
    while Path(f"/proc/{template}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.02)
    try:
        pool.run("account", work, on_progress=lambda *_: cancelled.set(), deadline_s=60, cancelled=cancelled)
    except TaskCancelledError:
        print("worked")
"""


def test_under_eventlet_a_child_and_a_template_that_ended_of_idleness_are_replaced(studio, endless_work, tmp_path):
    (tmp_path / "work.json").write_text(endless_work.model_dump_json())
    (tmp_path / "short").mkdir()
    (tmp_path / "short.json").write_text(segment_work(studio, tmp_path / "short", frames=5).model_dump_json())
    files = [str(tmp_path / "work.json"), str(tmp_path / "short.json")]
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(GREEN_IDLE), *files]
    output = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=60, check=True).stdout
    assert output == "worked\n"


def test_the_parents_side_imports_no_pixel_library():
    code = "import sys, services.renderer.pool, services.renderer.keys; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"av", "cv2", "PIL", "numpy", "eventlet"} & set(modules)
