"""How the caller copes with every way a child can end; the children here are small programs of their own."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import psutil
import pytest

from shared.errors import BadMediaError, InfrastructureError
from shared.media.limits import MediaLimits
from shared.media.sandbox import MediaSandbox

_READY = "import sys, os, json; request = json.loads(sys.stdin.readline()); print('{}', flush=True)\n"


@pytest.fixture
def fine(tmp_path: Path, media_files: ModuleType) -> Path:
    path = tmp_path / "fine.png"
    path.write_bytes(media_files.SMALL_FILES["rgb.png"]())
    return path


@pytest.fixture
def child_is(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Replaces the child's program."""

    def replace(program: str) -> None:
        monkeypatch.setattr("shared.media.sandbox.child_command", lambda: [sys.executable, "-c", program])

    return replace


@pytest.mark.parametrize(
    ("death", "error", "message"),
    [
        ("os.kill(os.getpid(), 11)", BadMediaError, "fine.png: is so damaged that its decoder failed"),
        ("os.abort()", BadMediaError, "fine.png: is so damaged that its decoder failed"),
        ("os._exit(0)", BadMediaError, "fine.png: is so damaged that its decoder failed"),
        ("os.kill(os.getpid(), 9)", BadMediaError, "fine.png: needs more memory than there is"),
        ("os.kill(os.getpid(), 24)", BadMediaError, "fine.png: needs more than the 60 s of CPU allowed"),
        ("os.kill(os.getpid(), 15)", InfrastructureError, "fine.png: the media process was ended from outside"),
        ("print('not json', flush=True)", BadMediaError, "fine.png: made its decoder answer nonsense"),
        ("print('{\"result\": 5}', flush=True)", BadMediaError, "fine.png: made its decoder answer nonsense"),
        ('print(\'{"trouble": "disk full"}\', flush=True)', InfrastructureError, "fine.png: disk full"),
        ('print(\'{"refused": "ugly"}\', flush=True)', BadMediaError, "fine.png: ugly"),
    ],
)
def test_every_end_of_a_child_has_a_clear_error(
    sandbox: MediaSandbox,
    fine: Path,
    child_is: Callable[[str], None],
    death: str,
    error: type[Exception],
    message: str,
) -> None:
    child_is(_READY + death)
    with pytest.raises(error) as caught:
        sandbox.probe(fine)
    assert message in str(caught.value)
    assert type(caught.value) is error


def test_a_child_that_fails_to_start_is_our_trouble_and_shows_why(
    sandbox: MediaSandbox, fine: Path, child_is: Callable[[str], None]
) -> None:
    child_is("raise SystemExit('no module named av')")
    with pytest.raises(InfrastructureError, match=r"did not start \(exit 1\): no module named av"):
        sandbox.probe(fine)


def test_a_process_that_cannot_be_spawned_is_our_trouble(
    sandbox: MediaSandbox, fine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.media.sandbox.child_command", lambda: ["/nonexistent/python"])
    with pytest.raises(InfrastructureError, match="cannot be started"):
        sandbox.probe(fine)


def test_a_hanging_child_is_killed_with_everything_it_started(
    fine: Path, child_is: Callable[[str], None], tmp_path: Path
) -> None:
    child_is(
        _READY + "import subprocess, time\n"
        "grandchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(tmp_path / 'pids')!r}, 'w').write(f'{{os.getpid()}} {{grandchild.pid}}')\n"
        "time.sleep(60)"
    )
    start = time.monotonic()
    with pytest.raises(BadMediaError, match="needs more than the 2 s allowed"):
        MediaSandbox(MediaLimits(wall_seconds=2.0)).probe(fine)
    assert time.monotonic() - start < 5
    for pid in (tmp_path / "pids").read_text().split():
        assert gone(int(pid))


def test_an_orphan_of_an_ended_child_is_killed_too(
    sandbox: MediaSandbox, fine: Path, child_is: Callable[[str], None], tmp_path: Path
) -> None:
    child_is(
        _READY + "import subprocess\n"
        "grandchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], stdout=subprocess.DEVNULL,"
        " stderr=subprocess.DEVNULL)\n"
        f"open({str(tmp_path / 'pids')!r}, 'w').write(str(grandchild.pid))\n"
        'print(\'{"refused": "ugly"}\', flush=True)'
    )
    with pytest.raises(BadMediaError, match="ugly"):
        sandbox.probe(fine)
    assert gone(int((tmp_path / "pids").read_text()))


def gone(pid: int) -> bool:
    try:
        process = psutil.Process(pid)
        if process.status() != psutil.STATUS_ZOMBIE:  # an orphan is reaped by init, if there is one
            process.wait(5)
    except psutil.NoSuchProcess:
        return True
    return process.status() == psutil.STATUS_ZOMBIE if process.is_running() else True


@pytest.mark.parametrize("stream", [1, 2])
def test_a_child_that_floods_its_output_is_stopped(
    fine: Path, child_is: Callable[[str], None], stream: int
) -> None:
    child_is(_READY + f"while True: os.write({stream}, b'x' * 65536)")
    before = psutil.Process().memory_info().rss
    with pytest.raises(BadMediaError):
        MediaSandbox(MediaLimits(wall_seconds=2.0)).probe(fine)
    assert psutil.Process().memory_info().rss - before < 32 << 20


def test_the_child_gets_no_secret_no_proxy_and_only_its_own_descriptors(
    sandbox: MediaSandbox, fine: Path, child_is: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_SECRET", "planted")
    monkeypatch.setenv("https_proxy", "http://proxy.example")
    monkeypatch.setenv("LD_PRELOAD", "")
    report = "' '.join(sorted(os.environ)), os.getcwd(), [n for n in os.listdir('/proc/self/fd') if os.path.exists('/proc/self/fd/' + n)], request['source']"
    child_is(_READY + f"print(json.dumps({{'refused': repr(({report}))}}), flush=True)")
    with pytest.raises(BadMediaError) as caught:
        sandbox.probe(fine)
    names, folder, descriptors, source = eval(caught.value.message.split(": ", 1)[1])  # noqa: S307
    assert set(names.split()) <= {
        "PATH", "HOME", "TMPDIR", "LC_ALL", "TZ", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "LC_CTYPE"
    }  # fmt: skip
    assert "studiomatic-media-" in folder
    assert not Path(folder).exists()
    assert {int(number) for number in descriptors} <= {0, 1, 2, source}


def test_no_descriptor_and_no_file_is_left_after_many_calls(
    sandbox: MediaSandbox, fine: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"\x89PNG\r\n\x1a\n")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        sandbox.normalise_image(fine, tmp_path / "out.png")
        with pytest.raises(BadMediaError):
            sandbox.normalise_image(bad, tmp_path / "out.png")
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.png", "fine.png", "out.png"]


def test_an_output_folder_that_is_missing_is_our_trouble(
    sandbox: MediaSandbox, fine: Path, tmp_path: Path
) -> None:
    with pytest.raises(InfrastructureError, match=r"out\.png: cannot be written .*check the folder"):
        sandbox.normalise_image(fine, tmp_path / "nowhere" / "out.png")
