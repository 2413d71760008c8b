"""Every form of a video, as an independent decoder sees it: whole, in time, in the right colours, in sync."""

from __future__ import annotations

import json
import re
import subprocess
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageChops

from deploy.local.programs import find_program
from services.renderer.domain import OPUS, media_type_of, sound_files
from services.renderer.pipeline.assemble import assemble_video
from services.renderer.pipeline.audio import mix_audio
from services.renderer.pipeline.errors import BadAssemblyError
from services.renderer.pipeline.join import SegmentFile
from services.renderer.pipeline.outputs import MAKERS, write_outputs
from services.renderer.pipeline.outputs.animations import excerpts
from services.renderer.pipeline.outputs.material import Material
from services.renderer.pipeline.segment import render_segment
from services.renderer.work import RenderSegmentWork
from shared.contracts.timeline import (
    Chapter,
    EncodingProfile,
    FrameSize,
    Output,
    PictureClip,
    Rate,
    Timeline,
    VideoCodec,
)

SIZE = FrameSize(width=320, height=180)
CLIPS = (40, 1, 3, 2, 190)
FRAMES = sum(CLIPS)
SAMPLES = FRAMES * 1_600
BEEP = 60_000
VIDEOS = {
    "video.mp4": ("h264", "avc1"),
    "video_hevc.mp4": ("hevc", "hvc1"),
    "video.webm": ("vp9", None),
    "hls.m3u8": ("h264", "avc1"),
}
# Red, green, blue of each patch: primaries, skin, greys.
PATCHES = [
    (235, 30, 30), (30, 200, 40), (30, 50, 220), (128, 128, 128),
    (152, 71, 72), (240, 220, 60), (20, 20, 20), (245, 245, 245),
]  # fmt: skip


def silent(done: int, total: int) -> None:
    """Nobody watches."""


def patches() -> np.ndarray:
    """Four by two colour patches in a picture of the frame's size, as OpenCV has it: blue first."""
    rgb = np.array(PATCHES, np.uint8).reshape(2, 4, 3)
    return rgb.repeat(90, 0).repeat(80, 1)[:, :, ::-1].copy()


def bt709(rgb: tuple[int, int, int]) -> np.ndarray:
    """Y, Cb and Cr in limited range (ITU-R BT.709, items 3.2 to 3.4 and 4.6)."""
    red, green, blue = (value / 255 for value in rgb)
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return np.array([16 + 219 * luma, 128 + 224 * (blue - luma) / 1.8556, 128 + 224 * (red - luma) / 1.5748])


def run(program: str, *arguments: object) -> subprocess.CompletedProcess[bytes]:
    """FFmpeg as the distribution built it; fails on any warning (a prober's: it cannot decode chapter titles)."""
    level = "error" if program == "ffprobe" else "warning"
    command = [str(find_program(program)), "-v", level, *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True)
    assert done.stderr == b""
    return done


def still(studio, image, frames: int) -> PictureClip:
    held = studio.move(1000, 1000)
    return PictureClip(image=image, frames=frames, motion_frames=frames, motion=held)


@pytest.fixture(scope="module")
def timeline_and_folder(studio_in, tmp_path_factory) -> tuple[Timeline, Path]:
    """Colour patches, very short slides, and one longer than a piece of HLS; a beep; every output."""
    studio = studio_in(tmp_path_factory.mktemp("studio"))
    studio.size = SIZE
    shown = studio.picture(patches())
    clips = [still(studio, shown, frames) for frames in CLIPS]
    chapters = (Chapter(slide_id="s1", title="Patches & <more>", start_frame=0),)
    timeline = studio.timeline(clips, [(studio.tone(2), BEEP)], outputs=tuple(Output), chapters=chapters)
    out = studio.folder / "out"
    out.mkdir()
    segments = {codec: _segments(studio, clips, codec) for codec in VideoCodec}
    mix_audio(timeline, studio.sounds, out / "sound.m4a", silent)
    assemble_video(timeline, segments.pop(VideoCodec.H264), out / "sound.m4a", out / "video.mp4", silent)
    material = Material(
        timeline=timeline,
        video=out / "video.mp4",
        audio=out / "sound.m4a",
        opus=out / OPUS,
        segments=segments,
    )
    names = write_outputs(material, out, lambda: None)
    assert all((out / name).stat().st_size and media_type_of(name) for name in names)
    return timeline, out


@pytest.fixture
def timeline(timeline_and_folder) -> Timeline:
    return timeline_and_folder[0]


@pytest.fixture
def folder(timeline_and_folder) -> Path:
    return timeline_and_folder[1]


def _segments(studio, clips, codec: VideoCodec) -> list[SegmentFile]:
    files: dict[int, SegmentFile] = {}
    for clip in clips:
        if clip.frames not in files:
            path = studio.folder / f"{codec}{clip.frames}.mp4"
            spec = studio.spec(clip, size=SIZE).model_copy(update={"codec": codec})
            render_segment(spec, studio.images, path, silent)
            files[clip.frames] = SegmentFile(path=path, frames=clip.frames)
    return [files[clip.frames] for clip in clips]


@pytest.mark.parametrize("name", VIDEOS)
def test_an_independent_decoder_shows_every_frame_in_the_right_colours(folder, name):
    raw = run("ffmpeg", "-xerror", "-i", folder / name, "-map", "0:v:0", "-f", "rawvideo", "-pix_fmt", "yuv420p",
              "-fps_mode", "passthrough", "-").stdout  # fmt: skip
    frames = np.frombuffer(raw, np.uint8).reshape(-1, 180 * 320 * 3 // 2)
    assert len(frames) == FRAMES
    luma = frames[:, : 180 * 320].reshape(-1, 2, 90, 4, 80)
    chroma = frames[:, 180 * 320 :].reshape(-1, 2, 2, 45, 4, 40)
    for number, rgb in enumerate(PATCHES):
        row, column = divmod(number, 4)
        y = luma[:, row, 20:70, column, 20:60].astype(float)
        cb, cr = (chroma[:, plane, row, 10:35, column, 10:30].astype(float) for plane in (0, 1))
        expected = bt709(rgb)
        for plane, value in zip((y, cb, cr), expected, strict=True):
            assert np.abs(plane.mean((1, 2)) - value).max() <= 2, (name, rgb)


@pytest.mark.parametrize("name", VIDEOS)
def test_an_independent_prober_reads_the_same_facts(folder, name):
    answer = run("ffprobe", "-show_streams", "-show_format", "-of", "json", folder / name)
    probe = json.loads(answer.stdout)
    picture = next(stream for stream in probe["streams"] if stream["codec_type"] == "video")
    sound = next(stream for stream in probe["streams"] if stream["codec_type"] == "audio")
    codec, tag = VIDEOS[name]
    assert (picture["codec_name"], picture["pix_fmt"]) == (codec, "yuv420p")
    assert tag is None or picture["codec_tag_string"] == tag
    assert (picture["width"], picture["height"]) == (320, 180)
    colour = ("color_range", "color_space", "color_primaries", "color_transfer")
    assert [picture[key] for key in colour] == ["tv", "bt709", "bt709", "bt709"]
    assert picture["avg_frame_rate"] == "30/1"
    assert sound["codec_name"] == ("opus" if name == "video.webm" else "aac")
    assert abs(float(probe["format"]["duration"]) - FRAMES / 30) < 0.01


@pytest.mark.parametrize("name", VIDEOS)
def test_every_frame_has_its_time_and_the_first_is_at_zero(folder, name):
    answer = run(
        "ffprobe", "-select_streams", "v:0", "-show_entries", "packet=pts_time", "-of", "csv=p=0", folder / name
    )
    times = sorted({float(line.strip(",")) for line in answer.stdout.decode().split() if line})
    assert np.abs(np.array(times) - np.arange(FRAMES) / 30).max() < 0.001


@pytest.mark.parametrize("name", VIDEOS)
def test_the_sound_is_whole_and_in_sync_with_the_picture(folder, name):
    """What lies before the picture is an encoder's lead-in, which older players sound."""
    cut = "atrim=start=0,asetpts=N"
    raw = run("ffmpeg", "-copyts", "-i", folder / name, "-map", "0:a:0", "-af", cut, "-f", "s16le", "-").stdout
    heard = np.abs(np.frombuffer(raw, "<i2").reshape(-1, 2)[:, 0].astype(int))
    assert abs(len(heard) - SAMPLES) < 1_024
    first = int(np.argmax(heard > heard.max() // 8))
    assert abs(first - BEEP) < 48, "more than a millisecond"


def test_hls_shows_the_very_frames_of_the_video(folder):
    digests = [
        run("ffmpeg", "-i", folder / name, "-map", "0:v:0", "-fps_mode", "passthrough", "-f", "rawvideo", "-c:v", "rawvideo",
            "-f", "md5", "-").stdout
        for name in ("video.mp4", "hls.m3u8")
    ]  # fmt: skip
    assert digests[0] == digests[1]


def test_every_piece_of_hls_plays_by_itself_for_the_time_it_claims(folder):
    """RFC 8216: byte ranges of whole fragments, durations within the target, independent segments."""
    lines = (folder / "hls.m3u8").read_text().splitlines()
    media = (folder / "hls.mp4").read_bytes()
    assert lines[0] == "#EXTM3U"
    assert lines[-1] == "#EXT-X-ENDLIST"
    assert {"#EXT-X-VERSION:7", "#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-INDEPENDENT-SEGMENTS"} < set(lines)
    header = int(re.search(r'#EXT-X-MAP:URI="hls.mp4",BYTERANGE="(\d+)@0"', "\n".join(lines))[1])
    target = int(next(line for line in lines if line.startswith("#EXT-X-TARGETDURATION:")).split(":")[1])
    pieces = re.findall(r"#EXTINF:([\d.]+),\n#EXT-X-BYTERANGE:(\d+)@(\d+)\nhls.mp4", "\n".join(lines))
    seconds = [float(length) for length, _, _ in pieces]
    ranges = [(int(start), int(start) + int(size)) for _, size, start in pieces]
    assert ranges[0][0] == header
    assert ranges[-1][1] == len(media)
    assert all(one[1] == two[0] for one, two in pairwise(ranges))
    assert max(seconds) <= target <= 6
    assert sum(seconds) == pytest.approx(FRAMES / 30, abs=1e-5)
    assert len(pieces) > 1
    for length, (start, end) in zip(seconds, ranges, strict=True):
        alone = folder / "piece.mp4"
        alone.write_bytes(media[:header] + media[start:end])
        with av.open(str(alone)) as container:
            shown = list(container.decode(video=0))
        assert shown[0].key_frame
        assert len(shown) == round(length * 30)


def test_the_index_of_a_webm_comes_before_its_media(folder):
    """So that a player can jump before it has everything: Cues, then the first Cluster (RFC 9559)."""
    kinds = _elements((folder / "video.webm").read_bytes())
    assert kinds.index(0x1C53BB6B) < kinds.index(0x1F43B675)


def _elements(data: bytes) -> list[int]:
    """Kinds of the elements below the Segment of a Matroska file (RFC 8794, sections 4 and 5)."""

    def number(at: int, *, keeps_marker: bool) -> tuple[int, int]:
        length = 9 - data[at].bit_length()
        value = int.from_bytes(data[at : at + length], "big")
        return (value if keeps_marker else value & ((1 << 7 * length) - 1)), at + length

    at, kinds = 0, []
    while at < len(data):
        kind, at = number(at, keeps_marker=True)
        size, at = number(at, keeps_marker=False)
        kinds.append(kind)
        at += 0 if kind == 0x18538067 else size  # into the Segment, past anything else
    return kinds


def test_title_and_chapters_are_in_every_file_that_can_hold_them(folder):
    for name in ("video_hevc.mp4", "video.webm"):
        with av.open(str(folder / name)) as container:
            assert [chapter["metadata"]["title"] for chapter in container.chapters()] == ["Patches & <more>"]


@pytest.mark.parametrize("name", ["preview.gif", "preview.webp"])
def test_a_preview_is_short_small_and_endless(folder, timeline, name):
    wanted = [frame for excerpt in excerpts(timeline) for frame in excerpt]
    with Image.open(folder / name) as shown:
        assert shown.size == (320, 180)
        assert shown.info["loop"] == 0
        frames, length, colours = shown.n_frames, 0, []
        for number in range(frames):
            shown.seek(number)
            picture = shown.convert("RGB")
            length += shown.info["duration"]
            colours.append([picture.getpixel((80 * (n % 4) + 40, 90 * (n // 4) + 45)) for n in range(8)])
    # An encoder may show equal pictures once for a longer time.
    assert frames <= len(wanted) <= 60
    assert length == 100 * len(wanted)
    assert (folder / name).stat().st_size < 5_000_000
    assert np.abs(np.array(colours) - np.array(PATCHES)).max() <= 6


def test_a_gif_looks_the_same_to_an_independent_decoder(folder, timeline):
    raw = run("ffmpeg", "-i", folder / "preview.gif", "-f", "rawvideo", "-pix_fmt", "rgb24", "-r", 10, "-").stdout
    frames = np.frombuffer(raw, np.uint8).reshape(-1, 2, 90, 4, 80, 3)
    assert len(frames) == sum(len(excerpt) for excerpt in excerpts(timeline))
    means = frames[:, :, 20:70, :, 20:60].mean((2, 4)).reshape(-1, 8, 3)
    assert np.abs(means - np.array(PATCHES)).max() <= 6


def test_thumbnails_lie_where_their_index_says(studio_in, tmp_path):
    """One second of each colour: a tile shows the colour of the middle of its time."""
    studio = studio_in(tmp_path)
    studio.size = FrameSize(width=320, height=180)
    colours = [tuple(25 * number for _ in "bgr") for number in range(1, 9)]
    clips = [still(studio, studio.picture(np.full((180, 320, 3), colour, np.uint8)), 30) for colour in colours]
    timeline = studio.timeline(clips, outputs=(Output.SPRITE,))
    files = _segments_apart(studio, clips)
    assemble_video(timeline, files, None, tmp_path / "video.mp4", silent)
    names = write_outputs(Material(timeline=timeline, video=tmp_path / "video.mp4"), tmp_path, lambda: None)
    assert names == ("sprite.jpg", "sprite.vtt")
    blocks = (tmp_path / "sprite.vtt").read_text().strip().split("\n\n")
    assert blocks[0] == "WEBVTT"
    assert blocks[2] == "00:00:02.000 --> 00:00:04.000\nsprite.jpg#xywh=160,0,160,90"
    with Image.open(tmp_path / "sprite.jpg") as sheet:
        for number, block in enumerate(blocks[1:]):
            x, y, width, height = map(int, block.rsplit("=")[1].split(","))
            tile = sheet.crop((x, y, x + width, y + height))
            shown = 25 * (2 * number + 2)
            assert ImageChops.difference(tile, Image.new("RGB", tile.size, (shown,) * 3)).getextrema()[0][1] <= 3
    assert len(blocks) == 5


def _segments_apart(studio, clips) -> list[SegmentFile]:
    files = []
    for number, clip in enumerate(clips):
        files.append(SegmentFile(path=studio.folder / f"{number}.mp4", frames=clip.frames))
        render_segment(studio.spec(clip, size=SIZE), studio.images, files[-1].path, silent)
    return files


@pytest.mark.parametrize("codec", [VideoCodec.HEVC, VideoCodec.VP9])
@pytest.mark.parametrize("profile", EncodingProfile)
def test_a_segment_of_another_codec_is_the_same_in_every_process(studio, pool, never, tmp_path, codec, profile):
    for frames in (1, 20):
        clip = studio.clip(studio.scenery(2), frames)
        spec = studio.spec(clip, profile=profile).model_copy(update={"codec": codec})
        (tmp_path / "spec.json").write_text(spec.model_dump_json())
        work = RenderSegmentWork(spec=tmp_path / "spec.json", images=studio.images, out=tmp_path / "there.mp4")
        pool.run("account", work, on_progress=silent, deadline_s=60, cancelled=never)
        render_segment(spec, studio.images, tmp_path / "here.mp4", silent)
        assert (tmp_path / "here.mp4").read_bytes() == (tmp_path / "there.mp4").read_bytes()


@pytest.mark.parametrize("fraction", ["24000/1001", "50"])
@pytest.mark.parametrize("codec", [VideoCodec.HEVC, VideoCodec.VP9])
def test_other_codecs_keep_time_at_every_rate_and_in_odd_shapes(studio, tmp_path, fraction, codec):
    """In the high profile, which reorders frames and, in VP9, has pictures that are never shown."""
    exact = Fraction(fraction)
    rate = Rate(numerator=exact.numerator, denominator=exact.denominator)
    size = FrameSize(width=134, height=130)
    studio.size = size
    clips = [studio.clip(studio.scenery(1), frames) for frames in (4, 31)]
    timeline = studio.timeline(clips, rate=rate, profile=EncodingProfile.HIGH)
    files = []
    for number, clip in enumerate(clips):
        files.append(SegmentFile(path=tmp_path / f"{number}.mp4", frames=clip.frames))
        spec = studio.spec(clip, rate=rate, size=size, profile=EncodingProfile.HIGH)
        spec = spec.model_copy(update={"codec": codec})
        render_segment(spec, studio.images, files[-1].path, silent)
    assemble_video(timeline, files, None, tmp_path / "video", silent, codec)
    with av.open(str(tmp_path / "video")) as container:
        stream = container.streams.video[0]
        times = [float(frame.pts * frame.time_base) for frame in container.decode(video=0)]
        assert (stream.width, stream.height) == (134, 130)
    assert np.abs(np.array(times) - np.arange(35) / float(exact)).max() <= (
        0.001 if codec is VideoCodec.VP9 else 1e-9
    )


def test_a_video_without_sound_has_none_in_any_form(studio, tmp_path):
    clips = [still(studio, studio.scenery(1), 5)]
    timeline = studio.timeline(clips, outputs=(Output.HEVC, Output.WEBM, Output.HLS))
    segments = {codec: _silent_segment(studio, clips[0], codec) for codec in VideoCodec}
    assemble_video(timeline, segments.pop(VideoCodec.H264), None, tmp_path / "video.mp4", silent)
    material = Material(timeline=timeline, video=tmp_path / "video.mp4", segments=segments)
    for name in write_outputs(material, tmp_path, lambda: None):
        if name != "hls.m3u8":
            with av.open(str(tmp_path / name)) as container:
                assert not container.streams.audio
                assert sum(1 for _ in container.decode(video=0)) == 5


def _silent_segment(studio, clip, codec: VideoCodec) -> list[SegmentFile]:
    path = studio.folder / f"{codec}.mp4"
    render_segment(studio.spec(clip).model_copy(update={"codec": codec}), studio.images, path, silent)
    return [SegmentFile(path=path, frames=clip.frames)]


def test_an_output_without_its_segments_is_refused(studio, tmp_path):
    timeline = studio.timeline([still(studio, studio.scenery(1), 5)], outputs=(Output.HEVC,))
    with pytest.raises(BadAssemblyError, match="hold 0 frames, the timeline 5"):
        write_outputs(Material(timeline=timeline, video=tmp_path / "video.mp4"), tmp_path, lambda: None)


@pytest.mark.parametrize("frames", [[1], [900], [3, 5], [90] * 40, [10_000, 1]])
@pytest.mark.parametrize("rate", [1, 24, 120])
def test_excerpts_lie_within_their_slides_and_last_six_seconds_at_most(studio, frames, rate):
    image = studio.scenery(1)
    clips = [studio.clip(image, count, fade=min(2, count // 2) if n else 0) for n, count in enumerate(frames)]
    shown = excerpts(studio.timeline(clips, rate=Rate(numerator=rate)))
    flat = [frame for excerpt in shown for frame in excerpt]
    assert flat == sorted(flat)
    assert 0 < len(flat) <= 60
    assert flat[0] >= 0
    assert flat[-1] < sum(frames)
    assert len(shown) == min(6, len(frames))


def test_every_output_has_a_maker():
    beside = {Output.M4A, Output.STEMS} | {o for o in Output if sound_files(_asking_for(o)) and o not in MAKERS}
    assert set(MAKERS) | beside == set(Output)


def _asking_for(output: Output) -> Timeline:
    return Timeline.model_construct(outputs=(output,), voices=(), sounds=(), music=None)
