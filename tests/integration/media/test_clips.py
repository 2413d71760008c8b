"""Own video in normal form: what comes out of every kind of file that cameras, phones and programs make."""

from __future__ import annotations

import wave
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import av
import numpy as np
import pytest
from PIL import Image

from shared.errors import BadMediaError
from shared.media.limits import MediaLimits
from shared.media.results import ColourTags, NormalisedVideo
from shared.media.sandbox import MediaSandbox

Given = Callable[[str, bytes], Path]
Normalised = Callable[[bytes, str], tuple[NormalisedVideo, Path]]

BT709 = ColourTags(range="limited", matrix="bt709", primaries="bt709", transfer="bt709")


@pytest.fixture
def normalised(sandbox: MediaSandbox, given: Given, tmp_path: Path) -> Normalised:
    """Puts a file in normal form."""

    def run(data: bytes, name: str = "clip.mp4") -> tuple[NormalisedVideo, Path]:
        out = tmp_path / "normal.mp4"
        return sandbox.normalise_video(given(name, data), out), out

    return run


def frames_of(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def luma_of(frame: av.VideoFrame) -> np.ndarray:
    plane = frame.planes[0]
    return np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]


def numbered(media_files: ModuleType, count: int) -> list[av.VideoFrame]:
    return [media_files.numbered_frame(number) for number in range(count)]


def samples_of(sandbox: MediaSandbox, video: Path) -> np.ndarray:
    target = video.with_suffix(".wav")
    sandbox.normalise_audio(video, target)
    with wave.open(str(target)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)


@pytest.mark.parametrize("rate", ["24", "60", "30000/1001"])
def test_every_frame_keeps_its_place_at_the_rates_of_cameras(
    normalised: Normalised, sandbox: MediaSandbox, media_files: ModuleType, rate: str
) -> None:
    made, out = normalised(media_files.film(numbered(media_files, 40), rate=Fraction(rate)), "clip.mp4")
    assert (made.rate, made.frames, made.sound_samples) == (Fraction(rate), 40, 0)
    assert [media_files.number_in(luma_of(frame)) for frame in frames_of(out)] == list(range(40))
    probe = sandbox.probe_video(out)
    assert (probe.video.codec, probe.video.pixel_format, probe.video.colour) == ("h264", "yuv420p", BT709)
    assert (probe.video.rate, probe.video.monotonic, probe.video.start) == (Fraction(rate), True, 0)
    assert probe.video.key_frames == 4  # one in twelve: what a jump costs


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        ("mp4", "libx264"),
        ("mov", "libx265"),
        ("webm", "libvpx"),
        ("webm", "libvpx-vp9"),
        ("mp4", "libsvtav1"),
        ("mp4", "mpeg4"),
    ],
)
def test_what_phones_browsers_and_programs_record_can_be_used(
    normalised: Normalised, media_files: ModuleType, container: str, codec: str
) -> None:
    data = media_files.film(numbered(media_files, 12), container=container, codec=codec)
    made, out = normalised(data, f"clip.{container}")
    assert (made.frames, made.rate, made.width, made.height) == (12, 30, 160, 90)
    assert [media_files.number_in(luma_of(frame)) for frame in frames_of(out)] == list(range(12))


def test_frames_without_a_steady_rate_are_shown_at_their_times(
    normalised: Normalised, media_files: ModuleType
) -> None:
    times = [0, 30, 110, 140, 400, 420, 455, 700, 733, 767, 800, 1000]
    made, out = normalised(media_files.film(numbered(media_files, len(times)), times_ms=times), "phone.mp4")
    shown = [media_files.number_in(luma_of(frame)) for frame in frames_of(out)]
    assert made.frames == len(shown)
    for number, time in enumerate(times):
        if number in shown:  # two frames in one place: the later one is seen
            assert abs(shown.index(number) / made.rate - Fraction(time, 1000)) <= 1 / made.rate / 2
    assert shown == sorted(shown)
    assert len(set(shown)) >= len(times) - 2
    assert 20 <= made.rate <= 60


def test_a_very_fast_video_keeps_every_second_frame(normalised: Normalised, media_files: ModuleType) -> None:
    made, out = normalised(media_files.film(numbered(media_files, 60), rate=Fraction(120)), "slow-motion.mp4")
    assert made.rate == 60
    assert len(frames_of(out)) == made.frames == 30


def test_milliseconds_of_a_webm_do_not_move_its_frames(normalised: Normalised, media_files: ModuleType) -> None:
    data = media_files.film(
        numbered(media_files, 60), container="webm", codec="libvpx", rate=Fraction(30_000, 1_001)
    )
    made, out = normalised(data, "clip.webm")
    assert (made.rate, made.frames) == (Fraction(30_000, 1_001), 60)
    assert [media_files.number_in(luma_of(frame)) for frame in frames_of(out)] == list(range(60))


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_phone_held_upright_is_shown_upright(
    normalised: Normalised, media_files: ModuleType, degrees: int
) -> None:
    picture = media_files.quadrants(96, 64)
    frame = av.VideoFrame.from_image(picture).reformat(format="yuv420p", dst_colorspace="ITU709")
    made, out = normalised(media_files.turned(media_files.film([frame]), degrees), "phone.mp4")
    upright = picture.rotate(-degrees, expand=True)
    assert (made.width, made.height) == upright.size
    found = frames_of(out)[0].reformat(format="rgb24", src_colorspace="ITU709").to_ndarray()
    assert np.abs(found[8:-8, 8:-8].astype(int) - np.asarray(upright)[8:-8, 8:-8]).mean() < 14


def test_moving_things_have_no_combs_when_the_camera_recorded_fields(
    normalised: Normalised, media_files: ModuleType
) -> None:
    frames = []
    for number in range(6):
        rows = np.full((96, 160, 3), 40, np.uint8)
        rows[0::2, 8 * number : 8 * number + 60] = 220  # each field sees the bar at another place
        rows[1::2, 8 * number + 4 : 8 * number + 64] = 220
        frames.append(av.VideoFrame.from_ndarray(rows, format="rgb24").reformat(format="yuv420p"))

    def in_fields(stream: av.VideoStream) -> None:
        stream.options = {"flags": "+ildct+ilme", "x264-params": "tff=1", "crf": "12"}

    _, out = normalised(media_files.film(frames, prepare=in_fields), "camcorder.mp4")
    for frame in frames_of(out):
        assert np.abs(np.diff(luma_of(frame)[8:-8].astype(int), axis=0)).max() < 30


def test_wide_pixels_become_square(normalised: Normalised, media_files: ModuleType) -> None:
    def anamorphic(stream: av.VideoStream) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)

    made, out = normalised(media_files.film(numbered(media_files, 3), prepare=anamorphic), "camera.mp4")
    assert (made.width, made.height) == (212, 90)
    assert [media_files.number_in(luma_of(frame)) for frame in frames_of(out)] == [0, 1, 2]


def test_odd_sizes_become_even(normalised: Normalised, media_files: ModuleType) -> None:
    frame = av.VideoFrame.from_image(media_files.picture(161, 91)).reformat(format="yuv444p")
    made, out = normalised(media_files.film([frame] * 3), "screen.mp4")
    assert (made.width, made.height) == (160, 90)
    assert {(found.width, found.height) for found in frames_of(out)} == {(160, 90)}


def test_a_large_video_is_made_smaller(media_files: ModuleType, given: Given, tmp_path: Path) -> None:
    sandbox = MediaSandbox(MediaLimits(clip_pixels=80 * 45))
    made = sandbox.normalise_video(
        given("4k.mp4", media_files.film(numbered(media_files, 3))), tmp_path / "out.mp4"
    )
    assert (made.width, made.height) == (80, 44)


@pytest.mark.parametrize(
    ("matrix", "full"),
    [("ITU709", False), ("ITU601", False), ("ITU709", True)],
)
def test_colours_are_those_of_the_source_whatever_its_matrix_and_range(
    normalised: Normalised, media_files: ModuleType, matrix: str, full: bool
) -> None:
    patches = [(200, 40, 40), (40, 180, 60), (50, 60, 210), (128, 128, 128)]
    card = np.hstack([np.full((64, 32, 3), patch, np.uint8) for patch in patches])

    def tagged(stream: av.VideoStream) -> None:
        context = stream.codec_context
        context.colorspace = 1 if matrix == "ITU709" else 6
        context.color_range = 2 if full else 1

    source = av.VideoFrame.from_ndarray(card, format="rgb24").reformat(
        format="yuv420p", dst_colorspace=matrix, dst_color_range="JPEG" if full else "MPEG"
    )
    _, out = normalised(media_files.film([source] * 2, prepare=tagged), "colours.mp4")
    found = frames_of(out)[1].reformat(format="rgb24", src_colorspace="ITU709").to_ndarray()
    for number, patch in enumerate(patches):
        seen = found[16:48, 32 * number + 10 : 32 * number + 22].reshape(-1, 3).mean(axis=0)
        assert np.abs(seen - patch).max() <= 5, (patch, seen)


def test_ten_bits_become_eight(normalised: Normalised, media_files: ModuleType) -> None:
    frames = [frame.reformat(format="yuv420p10le") for frame in numbered(media_files, 4)]
    _, out = normalised(media_files.film(frames, codec="libx265"), "ten.mp4")
    assert [media_files.number_in(luma_of(frame)) for frame in frames_of(out)] == [0, 1, 2, 3]


def test_hdr_of_phones_is_shown_with_standard_colours(normalised: Normalised, media_files: ModuleType) -> None:
    def hlg(stream: av.VideoStream) -> None:
        context = stream.codec_context
        context.color_primaries, context.color_trc, context.colorspace, context.color_range = 9, 18, 9, 1

    green = np.full((64, 64, 3), (0, 160, 0), np.uint8)
    frame = av.VideoFrame.from_ndarray(green, format="rgb24").reformat(
        format="yuv420p10le", dst_colorspace="bt2020", dst_color_range="MPEG"
    )
    made, out = normalised(media_files.film([frame] * 2, codec="libx265", prepare=hlg), "phone.mp4")
    assert "HLG" in made.warnings[0]
    red, shown_green, blue = (
        frames_of(out)[0].reformat(format="rgb24", src_colorspace="ITU709").to_ndarray()[32, 32].astype(int)
    )
    # BT.2020 green is greener than BT.709 can show: it stays at least as strong, and keeps its hue.
    assert shown_green >= 155
    assert max(red, blue) < 40


def test_hdr_that_a_standard_video_cannot_show_is_refused_with_the_remedy(
    normalised: Normalised, media_files: ModuleType
) -> None:
    def pq(stream: av.VideoStream) -> None:
        context = stream.codec_context
        context.color_primaries, context.color_trc, context.colorspace = 9, 16, 9

    with pytest.raises(BadMediaError, match=r"hdr\.mp4: has HDR colours \(PQ\).*SDR"):
        normalised(media_files.film(numbered(media_files, 2), prepare=pq), "hdr.mp4")


def beeps(seconds: float, at_s: list[float]) -> np.ndarray:
    """Silence with clicks of full level that begin at these times."""
    samples = np.zeros((round(seconds * 48_000), 2))
    for time in at_s:
        samples[round(time * 48_000) : round(time * 48_000) + 480] = 0.8
    return samples


@pytest.mark.parametrize("begins_at_ms", [0, 40, 300])
def test_sound_keeps_time_with_the_picture(
    normalised: Normalised, sandbox: MediaSandbox, media_files: ModuleType, begins_at_ms: int
) -> None:
    data = media_files.film(numbered(media_files, 60), sound=beeps(1.5, [0.25, 1.25]), sound_at_ms=begins_at_ms)
    made, out = normalised(data, "clip.mp4")
    assert 0 < made.sound_samples <= 2 * 48_000
    heard = np.flatnonzero(np.diff((np.abs(samples_of(sandbox, out)[:, 0]) > 8_000).astype(int)) == 1) + 1
    expected = [(0.25 + begins_at_ms / 1000) * 48_000, (1.25 + begins_at_ms / 1000) * 48_000]
    assert heard == pytest.approx(expected, abs=1)


def test_sound_from_before_the_first_frame_is_left_out(
    normalised: Normalised, sandbox: MediaSandbox, media_files: ModuleType
) -> None:
    times = [300 + 40 * number for number in range(30)]
    data = media_files.film(numbered(media_files, 30), times_ms=times, sound=beeps(1.5, [0.1, 0.5, 1.0]))
    made, out = normalised(data, "late.mp4")
    assert (made.rate, made.frames) == (25, 30)
    heard = np.flatnonzero(np.diff((np.abs(samples_of(sandbox, out)[:, 0]) > 8_000).astype(int)) == 1) + 1
    assert heard == pytest.approx([0.2 * 48_000, 0.7 * 48_000], abs=1)


def test_a_part_that_the_recorder_left_out_stays_silent(
    normalised: Normalised, sandbox: MediaSandbox, media_files: ModuleType
) -> None:
    data = media_files.film(numbered(media_files, 60), sound=beeps(1.2, [0.3, 0.9]), sound_codec="aac", gap_ms=500)
    _, out = normalised(data, "call.mp4")
    heard = np.flatnonzero(np.diff((np.abs(samples_of(sandbox, out)[:, 0]) > 8_000).astype(int)) == 1) + 1
    assert heard == pytest.approx([0.3 * 48_000, 1.4 * 48_000], abs=48)


def test_sound_ends_with_the_picture(
    normalised: Normalised, sandbox: MediaSandbox, media_files: ModuleType
) -> None:
    data = media_files.film(numbered(media_files, 30), sound=media_files.tone(3))
    made, out = normalised(data, "clip.mp4")
    assert made.sound_samples == len(samples_of(sandbox, out)) == 48_000


@pytest.mark.parametrize("with_track", [True, False])
def test_a_silent_video_has_no_sound(normalised: Normalised, media_files: ModuleType, with_track: bool) -> None:
    sound = np.zeros((48_000, 2)) if with_track else None
    made, _ = normalised(media_files.film(numbered(media_files, 30), sound=sound), "silent.mp4")
    assert made.sound_samples == 0


def test_what_was_normalised_may_pass_again(
    normalised: Normalised, sandbox: MediaSandbox, media_files: ModuleType, tmp_path: Path
) -> None:
    _, out = normalised(media_files.film(numbered(media_files, 30), sound=media_files.tone(1)), "clip.mp4")
    again = sandbox.normalise_video(out, tmp_path / "again.mp4")
    assert (again.frames, again.rate, again.sound_samples) == (30, 30, 48_000)
    assert np.array_equal(samples_of(sandbox, out), samples_of(sandbox, tmp_path / "again.mp4"))


def test_equal_files_give_equal_bytes(normalised: Normalised, media_files: ModuleType) -> None:
    data = media_files.film(numbered(media_files, 10), sound=media_files.tone(0.3))
    first = normalised(data, "clip.mp4")[1].read_bytes()
    assert normalised(data, "clip.mp4")[1].read_bytes() == first


def test_the_poster_is_the_first_frame_that_shows_something(
    normalised: Normalised, sandbox: MediaSandbox, media_files: ModuleType, tmp_path: Path
) -> None:
    black = av.VideoFrame.from_image(Image.new("RGB", (160, 90))).reformat(format="yuv420p")
    frames = [black] * 7 + [media_files.numbered_frame(77)] * 3
    _, out = normalised(media_files.film(frames), "fade-in.mp4")
    sandbox.write_poster(out, tmp_path / "poster.png")
    with Image.open(tmp_path / "poster.png") as poster:
        assert (poster.format, poster.mode, poster.size) == ("PNG", "RGB", (160, 90))
        assert media_files.number_in(np.asarray(poster.convert("L"))) == 77


def test_a_video_of_darkness_has_its_first_frame_for_a_poster(
    normalised: Normalised, sandbox: MediaSandbox, media_files: ModuleType, tmp_path: Path
) -> None:
    black = av.VideoFrame.from_image(Image.new("RGB", (160, 90))).reformat(format="yuv420p")
    _, out = normalised(media_files.film([black] * 3), "night.mp4")
    assert sandbox.write_poster(out, tmp_path / "poster.png").width == 160


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(BadMediaError) as caught:
        act()
    return caught.value.message


@pytest.mark.parametrize("container", ["mp4", "webm"])
def test_a_video_that_breaks_off_is_refused(
    normalised: Normalised, media_files: ModuleType, container: str
) -> None:
    codec = "libx264" if container == "mp4" else "libvpx"
    frames = numbered(media_files, 90)
    whole = (
        media_files.video(container, frames=90)
        if container == "mp4"
        else media_files.film(frames, container=container, codec=codec)
    )
    message = refused(lambda: normalised(whole[: len(whole) * 2 // 5], f"part.{container}"))
    assert message.startswith(f"part.{container}: ")
    assert "copy it again" in message or "export it again" in message


def test_a_sound_is_no_video(normalised: Normalised, media_files: ModuleType) -> None:
    sound = media_files.compressed_sound("ipod", "aac")
    assert refused(lambda: normalised(sound, "song.m4a")) == "song.m4a: holds no moving picture; give a video"
    picture = media_files.encoded(media_files.picture(), "PNG")
    assert "it is png (image) where a file of kind video is needed" in refused(
        lambda: normalised(picture, "a.mp4")
    )


def test_a_video_without_frames_is_refused(normalised: Normalised, media_files: ModuleType) -> None:
    whole = bytearray(media_files.film(numbered(media_files, 5)))
    start, end = whole.index(b"mdat") + 4, whole.index(b"moov") - 4
    whole[start:end] = bytes(end - start)
    message = refused(lambda: normalised(bytes(whole), "empty.mp4"))
    assert message.startswith("empty.mp4: ")
    assert "export it again" in message


def test_limits_are_named_with_their_remedy(media_files: ModuleType, given: Given, tmp_path: Path) -> None:
    path = given("clip.mp4", media_files.film(numbered(media_files, 75)))

    def message(**limits: int) -> str:
        sandbox = MediaSandbox(MediaLimits(**limits))
        return refused(lambda: sandbox.normalise_video(path, tmp_path / "out.mp4"))

    assert "longer than the 2 s allowed; cut it" in message(video_seconds=2)
    assert "160x90 pixels is larger than allowed" in message(video_pixels=10_000)
    assert "160x90 pixels is larger than allowed" in message(video_side=120)
    assert "0 MiB allowed" in message(video_bytes=1_000)
    assert not (tmp_path / "out.mp4").exists()


def test_a_frame_that_claims_to_be_shown_for_ever_costs_no_more_than_allowed(
    given: Given, media_files: ModuleType, tmp_path: Path
) -> None:
    data = media_files.film(numbered(media_files, 2), times_ms=[0, 3_600_000])
    sandbox = MediaSandbox(MediaLimits(video_seconds=5))
    message = refused(lambda: sandbox.normalise_video(given("odd.mp4", data), tmp_path / "out.mp4"))
    assert message == "odd.mp4: is longer than the 5 s allowed; cut it to the part that you want to show"
