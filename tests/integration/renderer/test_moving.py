"""Own video in a render: the right frame at the right time, mixed and placed like any picture, with its sound."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import av
import cv2
import numpy as np
import pytest

from services.renderer.pipeline.compose import SegmentComposer
from services.renderer.pipeline.errors import BadAssetError
from services.renderer.pipeline.moving import ClipFrames
from services.renderer.pipeline.segment import render_segment
from services.renderer.pipeline.sound.mix import Mix
from services.renderer.pipeline.sound.source import opened_sounds
from shared.contracts.references import AssetReference, AudioReference, ImageReference
from shared.contracts.timeline import (
    ClipSound,
    ClipTail,
    Fit,
    FrameSize,
    Motion,
    MovingPicture,
    PictureClip,
    Rate,
    Transition,
    TransitionKind,
    VideoReference,
    View,
)
from shared.media.sandbox import MediaSandbox

RATES = ["24", "25", "30", "60", "30000/1001"]
WIDE = FrameSize(width=256, height=144)
WHOLE = View(zoom_permille=1000, centre_x_permille=500, centre_y_permille=500)


@pytest.fixture(scope="module")
def media_files() -> ModuleType:
    """The generator of test files, shared with tests/corpus."""
    path = Path(__file__).parents[2] / "corpus" / "media_files.py"
    spec = importlib.util.spec_from_file_location("media_files", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Films:
    """Videos as an author hands them in, in normal form, with where their files lie."""

    def __init__(self, folder: Path) -> None:
        self.files: dict[str, Path] = {}
        self._folder = folder
        self._sandbox = MediaSandbox()

    def taken_in(self, data: bytes) -> VideoReference:
        source = self._folder / "source"
        source.write_bytes(data)
        video, audio = self._folder / "video.mp4", self._folder / "audio.wav"
        made = self._sandbox.normalise_video(source, video)
        sound = None
        if made.sound_samples:
            samples = self._sandbox.normalise_audio(video, audio).samples
            sound = AudioReference(asset=self._kept(audio, "audio/wav"), samples=samples)
        return VideoReference(
            asset=self._kept(video, "video/mp4"),
            width=made.width,
            height=made.height,
            rate=Rate(numerator=made.rate.numerator, denominator=made.rate.denominator),
            frames=made.frames,
            poster=self._poster(made.width, made.height),
            audio=sound,
        )

    def _poster(self, width: int, height: int) -> ImageReference:
        """Any picture of that size; only the backdrop of a clip that is seen whole is made of it."""
        path = self._folder / "poster.png"
        cv2.imwrite(str(path), cv2.resize(photo(64, 64), (width, height)))
        return ImageReference(asset=self._kept(path, "image/png"), width=width, height=height)

    def _kept(self, path: Path, media_type: str) -> AssetReference:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        self.files[digest] = path.rename(self._folder / digest)
        return AssetReference(
            key=f"accounts/test/assets/{digest}",
            sha256=digest,
            size_bytes=self.files[digest].stat().st_size,
            media_type=media_type,
        )


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Films:
    return Films(tmp_path_factory.mktemp("films"))


@pytest.fixture(scope="module")
def numbered(films: Films, media_files: ModuleType) -> Callable[[str], VideoReference]:
    """A video of 100 frames that tell their numbers, at one of the rates of cameras."""
    made: dict[str, VideoReference] = {}

    def at(rate: str) -> VideoReference:
        if rate not in made:
            frames = [media_files.numbered_frame(number) for number in range(100)]
            made[rate] = films.taken_in(media_files.film(frames, rate=Fraction(rate)))
        return made[rate]

    return at


def clip_of(video: VideoReference, frames: int, *, first_frame: int = 0, fit: Fit = Fit.COVER) -> PictureClip:
    return PictureClip(
        image=video.poster,
        moving=MovingPicture(video=video, first_frame=first_frame),
        fit=fit,
        frames=frames,
        motion_frames=frames + 8,
        motion=Motion(start=WHOLE, end=WHOLE),
    )


def rate_of(text: str) -> Rate:
    rate = Fraction(text)
    return Rate(numerator=rate.numerator, denominator=rate.denominator)


@pytest.mark.parametrize("shown_at", RATES)
@pytest.mark.parametrize("made_at", RATES)
def test_every_frame_is_the_last_one_that_has_begun(
    studio, composed, films: Films, numbered, media_files: ModuleType, made_at: str, shown_at: str
) -> None:
    video = numbered(made_at)
    spec = studio.spec(clip_of(video, 60, first_frame=7), size=WIDE, rate=rate_of(shown_at))
    frames = composed(SegmentComposer(spec, films.files), WIDE, range(60))
    step = Fraction(made_at) / Fraction(shown_at)
    assert [media_files.number_in(planes[0]) for planes in frames] == [
        min(99, 7 + index * step.numerator // step.denominator) for index in range(60)
    ]


def test_frames_are_the_same_in_whatever_order_they_are_asked_for(
    studio, composed, films: Films, numbered, media_files: ModuleType
) -> None:
    spec = studio.spec(clip_of(numbered("30"), 100), size=WIDE)
    order = [50, 51, 3, 99, 0, 48, 49, 12, 11, 11]
    jumping = composed(SegmentComposer(spec, films.files), WIDE, order)
    in_order = composed(SegmentComposer(spec, films.files), WIDE, range(100))
    assert [media_files.number_in(planes[0]) for planes in jumping] == order
    for number, planes in zip(order, jumping, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(planes, in_order[number], strict=True))


def test_the_last_frame_stands_when_the_video_ends_before_its_slide(
    studio, composed, films: Films, numbered, media_files: ModuleType
) -> None:
    spec = studio.spec(clip_of(numbered("30"), 40, first_frame=90), size=WIDE)
    frames = composed(SegmentComposer(spec, films.files), WIDE, [8, 9, 10, 39])
    assert [media_files.number_in(planes[0]) for planes in frames] == [98, 99, 99, 99]


def test_a_segment_in_the_middle_begins_with_its_own_frame(
    studio, decoded, films: Films, numbered, media_files: ModuleType, tmp_path: Path
) -> None:
    spec = studio.spec(clip_of(numbered("25"), 90), first_frame=37, frames=6, size=WIDE)
    render_segment(spec, films.files, tmp_path / "part.mp4", lambda done, total: None)
    seen = [media_files.number_in(planes[0]) for planes in decoded(tmp_path / "part.mp4")]
    assert seen == [number * 25 // 30 for number in range(37, 43)]
    render_segment(spec, films.files, tmp_path / "again.mp4", lambda done, total: None)
    assert (tmp_path / "again.mp4").read_bytes() == (tmp_path / "part.mp4").read_bytes()


@pytest.mark.parametrize("order", ["still to clip", "clip to still", "clip to clip"])
def test_clips_and_stills_fade_into_each_other(studio, composed, films: Films, numbered, order: str) -> None:
    still = studio.clip(studio.scenery(3), 20).model_copy(update={"motion": Motion(start=WHOLE, end=WHOLE)})
    first, second = clip_of(numbered("30"), 20), clip_of(numbered("25"), 20, first_frame=40)
    before, after = {
        "still to clip": (still, second),
        "clip to still": (first, still),
        "clip to clip": (first, second),
    }[order]
    files = films.files | studio.images
    fading = Transition(kind=TransitionKind.CROSSFADE, frames=4)
    incoming = after.model_copy(update={"transition_in": fading})
    tail = ClipTail.model_validate(before.model_dump(include=set(ClipTail.model_fields)))
    spec = studio.spec(incoming, before, size=WIDE).model_copy(update={"before": tail})
    mixed = composed(SegmentComposer(spec, files), WIDE, range(5))
    # What the clip before shows after its own end is what it shows when it is longer.
    longer = before.model_copy(update={"frames": 40})
    out = composed(SegmentComposer(studio.spec(longer, size=WIDE), files), WIDE, range(20, 25))
    into = composed(SegmentComposer(studio.spec(after, size=WIDE), files), WIDE, range(5))
    for index, planes in enumerate(mixed):
        share = min(1.0, (index + 1) / 5)
        for plane, one, other in zip(planes, out[index], into[index], strict=True):
            expected = one * (1 - share) + other * share
            assert np.abs(plane - expected).max() <= 1


def photo(width: int, height: int) -> np.ndarray:
    """BGR areas of colour with soft edges, as a camera records them."""
    random = np.random.default_rng(5)
    areas = random.integers(20, 235, (6, 8, 3), np.uint8)
    return cv2.resize(areas, (width, height), interpolation=cv2.INTER_CUBIC)


def as_planes(bgr: np.ndarray) -> list[np.ndarray]:
    """Exactly what a 4:2:0 frame of this picture holds (ITU-R BT.709), chroma on the left column of each pair."""
    blue, green, red = (bgr[..., channel].astype(float) / 255 for channel in range(3))
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    chroma = []
    for part, scale in ((blue, 1.8556), (red, 1.5748)):
        full = 128 + 224 * (part - luma) / scale
        across = (np.roll(full, 1, 1) + 2 * full + np.roll(full, -1, 1))[:, ::2] / 4
        chroma.append((across[::2] + across[1::2]) / 2)
    return [16 + 219 * luma, *chroma]


def psnr(found: np.ndarray, expected: np.ndarray) -> float:
    inside = (slice(4, -4), slice(4, -4))
    return float(10 * np.log10(255**2 / np.mean((found[inside] - expected[inside]) ** 2)))


@pytest.mark.parametrize(("size", "least_db"), [((256, 144), 40), ((640, 360), 38)])
def test_colours_and_places_are_those_of_the_video_at_any_size(
    studio, composed, films: Films, media_files: ModuleType, size: tuple[int, int], least_db: float
) -> None:
    picture = photo(*size)
    source = av.VideoFrame.from_ndarray(picture, format="bgr24").reformat(
        format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG"
    )

    def tagged(stream: av.VideoStream) -> None:
        stream.codec_context.colorspace = stream.codec_context.color_range = 1
        stream.options = {"crf": "8"}

    video = films.taken_in(media_files.film([source] * 2, prepare=tagged))
    spec = studio.spec(clip_of(video, 2), size=WIDE)
    [planes] = composed(SegmentComposer(spec, films.files), WIDE, [1])
    reference = as_planes(cv2.resize(picture, (WIDE.width, WIDE.height), interpolation=cv2.INTER_AREA))
    for plane, expected in zip(planes, reference, strict=True):
        assert psnr(plane.astype(float), expected) >= least_db
        assert abs(plane.mean() - expected.mean()) <= 1


def waves(width: int, height: int) -> list[np.ndarray]:
    """Eight waves along each axis, in every plane, drawn where its samples lie (H.264, chroma_loc_type 0)."""
    planes = []
    for half, across, down in ((1, 0.5, 0.5), (2, 0.5, 1.0), (2, 0.5, 1.0)):
        x = (np.arange(width // half) * half + across) / width
        y = (np.arange(height // half) * half + down) / height
        planes.append(128 + 50 * np.sin(16 * np.pi * x) + 50 * np.sin(16 * np.pi * y)[:, None])
    return planes


def shifts(found: np.ndarray, expected: np.ndarray) -> list[float]:
    """By how many samples the eighth harmonic lies off along each axis."""
    result = []
    for axis in (0, 1):
        phases = [np.angle(np.fft.rfft(plane.mean(axis=1 - axis))[8]) for plane in (found, expected)]
        result.append((phases[1] - phases[0]) / (16 * np.pi) * expected.shape[axis])
    return result


@pytest.mark.parametrize(
    ("size", "fit"),
    [
        ((192, 108), Fit.COVER),
        ((256, 144), Fit.COVER),
        ((384, 216), Fit.COVER),
        ((1024, 576), Fit.COVER),
        ((1024, 576), Fit.CONTAIN),
    ],
)
def test_no_plane_is_moved_against_the_others(
    studio, composed, films: Films, media_files: ModuleType, size: tuple[int, int], fit: Fit
) -> None:
    source = av.VideoFrame(*size, "yuv420p")
    for plane, values in zip(source.planes, waves(*size), strict=True):
        rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
        rows[:, : plane.width] = np.rint(values)

    def tagged(stream: av.VideoStream) -> None:
        stream.codec_context.colorspace = stream.codec_context.color_range = 1
        stream.options = {"crf": "4"}

    video = films.taken_in(media_files.film([source] * 2, prepare=tagged))
    [planes] = composed(
        SegmentComposer(studio.spec(clip_of(video, 2, fit=fit), size=WIDE), films.files), WIDE, [1]
    )
    for plane, expected in zip(planes, waves(WIDE.width, WIDE.height), strict=True):
        assert np.abs(shifts(plane, expected)).max() < 0.03


def test_a_clip_of_another_shape_is_cut_or_seen_whole(
    studio, composed, films: Films, media_files: ModuleType
) -> None:
    frames = [media_files.numbered_frame(number, 90, 160) for number in (0x3C, 0x3C, 0x3C)]
    video = films.taken_in(media_files.film(frames))
    size = FrameSize(width=320, height=180)
    [cut] = composed(SegmentComposer(studio.spec(clip_of(video, 3), size=size), films.files), size, [1])
    assert cut[0].shape == (180, 320)
    assert media_files.number_in(cut[0]) == 0x3C
    contained = clip_of(video, 3, fit=Fit.CONTAIN)
    [whole] = composed(SegmentComposer(studio.spec(contained, size=size), films.files), size, [1])
    left, right = (320 - 180 * 90 // 160) // 2 + 1, (320 + 180 * 90 // 160) // 2 - 1
    assert media_files.number_in(whole[0][:, left:right]) == 0x3C
    for outside in (whole[0][:, : left - 8], whole[0][:, right + 8 :]):
        assert np.abs(np.diff(outside.astype(int), axis=0)).max() <= 6  # blurred


def flashing(media_files: ModuleType, count: int, every: int) -> list[av.VideoFrame]:
    dark, light = media_files.numbered_frame(0), media_files.numbered_frame(255)
    return [light if number % every == 0 and number else dark for number in range(count)]


@pytest.mark.parametrize("rate", ["25", "30000/1001"])
def test_flash_and_beep_of_a_clip_stay_together_wherever_it_begins(
    studio, composed, films: Films, media_files: ModuleType, rate: str
) -> None:
    exact, every = Fraction(rate), 20
    beeps = np.zeros((round(100 / exact * 48_000), 2))
    for number in range(every, 100, every):
        start = round(number / exact * 48_000)
        beeps[start : start + 400] = 0.5
    video = films.taken_in(media_files.film(flashing(media_files, 100, every), rate=exact, sound=beeps))
    assert video.audio is not None
    still, clip = studio.clip(studio.scenery(1), 31), clip_of(video, 70, first_frame=13)
    timeline = studio.timeline([still, clip], rate=rate_of(rate))
    sound = ClipSound(
        audio=video.audio,
        start_sample=timeline.rate.samples_at_frame(31),
        from_sample=round(13 / exact * 48_000),
        samples=timeline.samples - timeline.rate.samples_at_frame(31),
    )
    timeline = timeline.model_copy(update={"sounds": (sound,)})
    spec = studio.spec(clip, size=WIDE, rate=timeline.rate)
    lights = [planes[0].mean() for planes in composed(SegmentComposer(spec, films.files), WIDE, range(70))]
    flashes = [(31 + index) / float(exact) for index, light in enumerate(lights) if light > 120]
    heard = samples_of(timeline, films.files)
    onsets = np.flatnonzero(np.diff((heard > 0.05).astype(int)) == 1) / 48_000
    assert len(flashes) == 4
    assert onsets == pytest.approx(flashes, abs=0.001)


def samples_of(timeline, files: dict[str, Path]) -> np.ndarray:
    references = {sound.audio.asset.sha256: sound.audio for sound in timeline.sounds}
    with opened_sounds(references, files) as sources:
        return np.abs(Mix(timeline, sources, lambda: None).read(0, timeline.samples)[0])


def test_clip_sounds_are_trimmed_raised_and_faded_at_both_ends(studio) -> None:
    audio = studio.sound(np.full(96_000, 0.25))
    clips = [studio.clip(studio.scenery(1), 60)]
    placed = ClipSound(audio=audio, start_sample=24_000, from_sample=1_000, samples=48_000, gain_db=-6.0)
    timeline = studio.timeline(clips, sounds=(placed,))
    heard = samples_of(timeline, studio.sounds)
    assert np.count_nonzero(heard[:24_000]) == np.count_nonzero(heard[72_000:]) == 0
    level = heard[48_000]
    assert np.allclose(heard[24_480:71_520], level)
    for edge in (heard[24_000:24_480], heard[72_000 - 480 : 72_000][::-1]):
        assert np.all(np.diff(edge) > 0)
        assert edge[0] < level / 400
    doubled = timeline.model_copy(update={"sounds": (placed.model_copy(update={"gain_db": 0.0}),)})
    assert samples_of(doubled, studio.sounds)[48_000] == pytest.approx(level * 10 ** (6 / 20), rel=1e-4)


def test_two_clips_sound_as_loud_together_as_each_alone(studio) -> None:
    random = np.random.default_rng(1)
    first, second = (studio.sound(random.uniform(-0.2, 0.2, 96_000)) for _ in range(2))
    fading = {"samples": 72_000, "fade_out_samples": 24_000, "fade_in_samples": 24_000}
    sounds = (
        ClipSound(audio=first, start_sample=0, **fading),
        ClipSound(audio=second, start_sample=48_000, **fading),
    )
    heard = samples_of(studio.timeline([studio.clip(studio.scenery(1), 75)], sounds=sounds), studio.sounds)
    power = np.square(heard).reshape(-1, 4_000).mean(axis=1)
    assert power[7:23] == pytest.approx(np.full(16, power[8]), rel=0.1)


def test_music_steps_back_for_a_clip_that_is_heard(studio) -> None:
    music, talk = studio.tone(8, hertz=200), studio.speech(2, seed=4)
    clips = [studio.clip(studio.scenery(1), 240)]
    placed = ClipSound(audio=talk, start_sample=3 * 48_000, samples=2 * 48_000)
    silent = studio.timeline(clips, music=music)
    timeline = silent.model_copy(update={"sounds": (placed.model_copy(update={"gain_db": -20.0}),)})
    references = {music.asset.sha256: music, talk.asset.sha256: talk}
    with opened_sounds(references, studio.sounds) as sources:
        alone = Mix(silent, sources, lambda: None).read(0, silent.samples)[0]
        ducked = Mix(timeline, sources, lambda: None).read(0, timeline.samples)[0]
    before, under = slice(48_000, 96_000), slice(4 * 48_000, 4 * 48_000 + 24_000)
    assert np.abs(ducked[before]).mean() == pytest.approx(np.abs(alone[before]).mean(), rel=0.02)
    assert np.abs(ducked[under]).mean() < 0.8 * np.abs(alone[under]).mean()


@pytest.mark.parametrize(
    "wrong",
    [
        {"width": 320},
        {"frames": 101},
        {"asset": {"sha256": "0" * 64}},
    ],
)
def test_a_video_that_is_not_what_its_reference_says_is_named(
    studio, composed, films: Films, numbered, wrong: dict[str, object]
) -> None:
    video = numbered("30")
    changes = {
        name: value if name != "asset" else video.asset.model_copy(update=value) for name, value in wrong.items()
    }
    clip = clip_of(video.model_copy(update=changes), 120)
    with pytest.raises(BadAssetError, match=str(changes.get("asset", video.asset).sha256)):
        composed(SegmentComposer(studio.spec(clip, size=WIDE), films.files), WIDE, [110])


@pytest.mark.parametrize("content", [b"", b"nothing that moves", bytes(4_000)])
def test_a_file_that_is_no_video_is_named(films: Films, numbered, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.mp4"
    path.write_bytes(content)
    with pytest.raises(BadAssetError, match="bring it in again"):
        ClipFrames(path, numbered("30"))


def test_a_video_that_breaks_off_is_named(films: Films, numbered, tmp_path: Path) -> None:
    video = numbered("30")
    whole = films.files[video.asset.sha256].read_bytes()
    media = whole.index(b"mdat")
    path = tmp_path / "damaged.mp4"
    path.write_bytes(whole[: media + 2_000] + bytes(6_000) + whole[media + 8_000 :])
    frames = ClipFrames(path, video)
    with pytest.raises(BadAssetError, match="bring it in again"):
        list(map(frames.read, range(100)))


def test_reading_in_order_decodes_each_frame_once(films: Films, numbered, monkeypatch: pytest.MonkeyPatch) -> None:
    video = numbered("30")
    frames = ClipFrames(films.files[video.asset.sha256], video)
    jumps: list[int] = []
    monkeypatch.setattr(frames, "_jump", jumps.append)
    for number in sorted([*range(100), *range(0, 100, 3)]):
        frames.read(number)
    assert jumps == []


def test_the_backdrop_of_a_video_follows_the_video(
    studio, composed, films: Films, media_files: ModuleType
) -> None:
    frames = [
        av.VideoFrame.from_ndarray(
            np.full((96, 64), 40 if number < 10 else 200, np.uint8), format="gray"
        ).reformat(format="yuv420p")
        for number in range(20)
    ]
    video = films.taken_in(media_files.film(frames, rate=Fraction(30)))
    size = FrameSize(width=256, height=144)
    spec = studio.spec(clip_of(video, 20, fit=Fit.CONTAIN), size=size)
    dark, bright = (
        planes[0].astype(int) for planes in composed(SegmentComposer(spec, films.files), size, [5, 15])
    )
    corner, picture = (slice(4, 12), slice(4, 12)), (slice(60, 80), slice(120, 136))
    for frame in (dark, bright):
        light = (frame[corner] - 16) / (np.mean(frame[picture]) - 16)
        assert 0.55 < light.mean() < 0.61  # as bright as a still's backdrop, far from the shadow
        assert np.ptp(frame[corner]) <= 1
    assert bright[corner].mean() > dark[corner].mean() + 60
