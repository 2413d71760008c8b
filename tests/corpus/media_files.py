"""Makes small media files, sound and broken ones, for tests; every file is made from code, none is stored.

Each function returns the bytes of one file and gives the same bytes each time.
"""

from __future__ import annotations

import io
import struct
import tempfile
import zlib
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageCms

RATE = 48_000
FONTS = Path(__file__).parents[2] / "services" / "renderer" / "fonts"


def picture(width: int = 64, height: int = 48, mode: str = "RGB") -> Image.Image:
    """A picture with smooth ramps and some grain, so that every codec has work to do."""
    y, x = np.mgrid[0:height, 0:width]
    grain = np.random.default_rng(7).integers(0, 24, (height, width))
    planes = [x * 200 // width + grain, y * 200 // height + grain, (x + y) * 100 // (width + height) + grain]
    image = Image.fromarray(np.stack(planes, axis=-1).astype(np.uint8))
    return image.convert(mode)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def quadrants(width: int = 64, height: int = 48) -> Image.Image:
    """Red, green / blue, white: tells every way to turn a picture."""
    image = Image.new("RGB", (width, height), "white")
    image.paste((255, 0, 0), (0, 0, width // 2, height // 2))
    image.paste((0, 255, 0), (width // 2, 0, width, height // 2))
    image.paste((0, 0, 255), (0, height // 2, width // 2, height))
    return image


def rotated_jpeg(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(quadrants(), "JPEG", exif=exif, quality=95, subsampling=0)


def animated(kind: str) -> bytes:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "green", "blue")]
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_claiming(width: int, height: int, *, depth: int = 1, colour: int = 0, rows: int = 0) -> bytes:
    """A tiny PNG whose header claims any size; ``rows`` of them are really there, all zero."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    channels = {0: 1, 2: 3, 6: 4}[colour]
    row = 1 + -(-width * depth * channels // 8)
    data = zlib.compress(bytes(row) * rows, 9)
    signature = b"\x89PNG\r\n\x1a\n"
    return signature + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", data) + png_chunk(b"IEND", b"")


def png_with_text_bomb() -> bytes:
    """A fine PNG with a compressed comment of 256 MiB."""
    squeezer = zlib.compressobj(9)
    bomb = b"".join(squeezer.compress(bytes(1 << 20)) for _ in range(256)) + squeezer.flush()
    fine = encoded(picture(), "PNG")
    after_header = 8 + 25
    return fine[:after_header] + png_chunk(b"zTXt", b"Comment\0\0" + bomb) + fine[after_header:]


def gif_claiming(width: int, height: int) -> bytes:
    fine = bytearray(encoded(picture(mode="P"), "GIF"))
    fine[6:10] = struct.pack("<HH", width, height)
    return bytes(fine)


def wide_gamut_profile() -> bytes:
    """An RGB profile that is not sRGB: sRGB's with red and blue swapped, so that its effect is unmistakable."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = profile.replace(b"rXYZ", b"tXYZ").replace(b"bXYZ", b"rXYZ").replace(b"tXYZ", b"bXYZ")
    return swapped.replace("sRGB".encode("utf-16-be"), "Swap".encode("utf-16-be")).replace(b"sRGB", b"Swap", 1)


def tone(seconds: Fraction | float = 0.5, rate: int = RATE, channels: int = 2, level: float = 0.5) -> np.ndarray:
    """A 440 Hz sine, the same in every channel; float, (samples, channels)."""
    samples = np.sin(np.arange(round(rate * Fraction(seconds))) * 2 * np.pi * 440 / rate) * level
    return np.repeat(samples[:, None], channels, axis=1)


def wav(samples: np.ndarray, rate: int = RATE) -> bytes:
    """16-bit WAV with a plain header."""
    data = (samples * 32767).round().astype("<i2").tobytes()
    return wav_header(len(data), rate=rate, channels=samples.shape[1]) + data


def wav_header(data_bytes: int, *, rate: int = RATE, channels: int = 2) -> bytes:
    fields = (16, 1, channels, rate, rate * channels * 2, channels * 2, 16)
    riff = struct.pack("<I", (36 + data_bytes) & 0xFFFFFFFF)
    head = b"RIFF" + riff + b"WAVEfmt " + struct.pack("<IHHIIHH", *fields)
    return head + b"data" + struct.pack("<I", data_bytes & 0xFFFFFFFF)


def compressed_sound(
    container: str, codec: str, *, seconds: Fraction | float = 0.5, rate: int = RATE, layout: str = "stereo"
) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container, options={"fflags": "+bitexact"}) as output:
        stream = output.add_stream(codec, rate=rate, layout=layout)
        stream.codec_context.thread_count = 1
        _encode_tone(output, stream, seconds)
    return buffer.getvalue()


def video(
    container: str = "mp4",
    *,
    frames: int = 30,
    rate: Fraction = Fraction(30),
    faststart: bool = True,
    sound: bool = True,
    chapters: int = 0,
    skip: int | None = None,
) -> bytes:
    """A small video as our renderer would tag it (BT.709, limited range), without frame number ``skip``."""
    options = {"fflags": "+bitexact"} | ({"movflags": "+faststart"} if faststart and container == "mp4" else {})
    # Faststart opens its output a second time, so this cannot be made in memory.
    with tempfile.NamedTemporaryFile(suffix=f".{container}") as file:
        with av.open(file.name, "w", options=options) as output:
            picture_codec, sound_codec = ("libx264", "aac") if container == "mp4" else ("libvpx-vp9", "libopus")
            stream = output.add_stream(picture_codec, rate=rate, width=128, height=96, pix_fmt="yuv420p")
            context = stream.codec_context
            context.thread_count = 1
            context.color_primaries = context.color_trc = context.colorspace = context.color_range = 1
            speech = output.add_stream(sound_codec, rate=RATE, layout="stereo") if sound else None
            output.set_chapters(_chapter_marks(chapters, frames / rate))
            _encode_pictures(output, stream, [number for number in range(frames) if number != skip], rate)
            if speech:
                _encode_tone(output, speech, frames / rate)
        return Path(file.name).read_bytes()


def numbered_frame(number: int, width: int = 160, height: int = 90) -> av.VideoFrame:
    """A frame that tells its number from 0 to 255: eight columns, light where the bit is set, over mid grey."""
    luma = np.full((height, width), 90, np.uint8)
    for bit in range(8):
        luma[height // 4 : height * 3 // 4, _column(bit, width)] = 220 if number >> bit & 1 else 30
    frame = av.VideoFrame(width, height, "yuv420p")
    for plane, fill in zip(frame.planes, (luma, None, None), strict=True):
        rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
        rows[:, : plane.width] = 128 if fill is None else fill
    return frame


def number_in(luma: np.ndarray) -> int:
    """The number that a frame of :func:`numbered_frame` tells, at whatever size it is shown."""
    height, width = luma.shape
    middle = luma[height * 2 // 5 : height * 3 // 5]
    return sum(1 << bit for bit in range(8) if middle[:, _column(bit, width)].mean() > 125)


def _column(bit: int, width: int) -> slice:
    return slice(round((bit + 0.6) * width / 9), round((bit + 1.3) * width / 9))


def film(
    frames: Sequence[av.VideoFrame],
    *,
    container: str = "mp4",
    codec: str = "libx264",
    rate: Fraction = Fraction(30),
    times_ms: Sequence[int] | None = None,
    sound: np.ndarray | None = None,
    sound_codec: str = "flac",
    sound_at_ms: int = 0,
    gap_ms: int = 0,
    prepare: Callable[[av.VideoStream], None] = lambda _: None,
) -> bytes:
    """A video of these frames, each shown at its own time if ``times_ms`` are given.

    Args:
        sound: Samples at 48 kHz, (samples, 2), which begin ``sound_at_ms`` after the first frame and stop for
            ``gap_ms`` in their middle.
        prepare: Sets what the encoder or the header shall say, before anything is encoded.
    """
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container, options={"fflags": "+bitexact"}) as output:
        stream = output.add_stream(codec, rate=rate)
        context = stream.codec_context
        context.width, context.height, context.pix_fmt = frames[0].width, frames[0].height, frames[0].format.name
        context.time_base = Fraction(1, 1000) if times_ms else 1 / rate
        context.thread_count = 1
        prepare(stream)
        track = output.add_stream(sound_codec, rate=RATE, layout="stereo") if sound is not None else None
        for number, frame in enumerate(frames):
            frame.pts, frame.time_base = (times_ms or range(len(frames)))[number], context.time_base
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
        if track is not None and sound is not None:
            _encode_samples(output, track, sound, at=sound_at_ms * RATE // 1000, gap=gap_ms * RATE // 1000)
    return buffer.getvalue()


def _encode_samples(
    output: av.container.OutputContainer, stream: av.AudioStream, samples: np.ndarray, *, at: int, gap: int
) -> None:
    resampler = av.AudioResampler(format=stream.codec_context.format, layout="stereo", rate=RATE)
    data = (samples * 32767).round().astype("<i2")
    step = stream.codec_context.frame_size or 960
    for start in range(0, len(data), step):
        part = np.ascontiguousarray(data[start : start + step]).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(part, format="s16", layout="stereo")
        frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
        frame.pts = start + at + (gap if start >= len(data) // 2 else 0)
        for resampled in resampler.resample(frame):
            output.mux(stream.encode(resampled))
    output.mux(stream.encode(None))


def turned(data: bytes, degrees: int) -> bytes:
    """An MP4 file whose picture must be turned clockwise by this to be upright (ISO/IEC 14496-12, 8.3.2)."""
    one, upright = 0x10000, (1, 0, 0, 1)
    matrix = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}[degrees]
    track = data.index(b"tkhd")
    old, new = (
        struct.pack(">9i", a * one, b * one, 0, c * one, d * one, 0, 0, 0, 0x40000000)
        for a, b, c, d in (upright, matrix)
    )
    place = data.index(old, track)
    return data[:place] + new + data[place + len(old) :]


def _chapter_marks(count: int, seconds: Fraction) -> list[dict[str, object]]:
    marks = [int(1000 * seconds * number / max(1, count)) for number in range(count + 1)]
    return [
        {
            "id": number,
            "start": marks[number],
            "end": marks[number + 1],
            "time_base": Fraction(1, 1000),
            "metadata": {"title": f"Slide {number + 1}"},
        }
        for number in range(count)
    ]


def _encode_pictures(
    output: av.container.OutputContainer, stream: av.VideoStream, numbers: list[int], rate: Fraction
) -> None:
    frame = av.VideoFrame.from_image(picture(128, 96)).reformat(format="yuv420p")
    for number in numbers:
        frame.pts, frame.time_base = number, 1 / rate
        output.mux(stream.encode(frame))
    output.mux(stream.encode())


def _encode_tone(output: av.container.OutputContainer, stream: av.AudioStream, seconds: Fraction | float) -> None:
    context = stream.codec_context
    layout, rate = context.layout.name, context.sample_rate
    resampler = av.AudioResampler(
        format=context.format, layout=layout, rate=rate, frame_size=context.frame_size or 1024
    )
    samples = tone(seconds, rate, context.layout.nb_channels).astype(np.float32)
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="flt", layout=layout)
    frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), 0
    for piece in [*resampler.resample(frame), *resampler.resample(None), None]:
        output.mux(stream.encode(piece))


SMALL_FILES: dict[str, Callable[[], bytes]] = {
    "rgb.png": lambda: encoded(picture(), "PNG"),
    "palette.png": lambda: encoded(picture(mode="P"), "PNG", transparency=0),
    "baseline.jpg": lambda: encoded(picture(), "JPEG"),
    "progressive.jpg": lambda: encoded(picture(), "JPEG", progressive=True),
    "turned.jpg": lambda: rotated_jpeg(6),
    "cmyk.jpg": lambda: encoded(picture(mode="CMYK"), "JPEG"),
    "still.gif": lambda: encoded(picture(mode="P"), "GIF"),
    "lossy.webp": lambda: encoded(picture(), "WEBP"),
    "lossless.webp": lambda: encoded(picture(mode="RGBA"), "WEBP", lossless=True),
    "plain.bmp": lambda: encoded(picture(), "BMP"),
    "lzw.tiff": lambda: encoded(picture(), "TIFF", compression="tiff_lzw"),
    "jpeg.tiff": lambda: encoded(picture(), "TIFF", compression="jpeg"),
    "plain.wav": lambda: wav(tone(0.2)),
    "sound.flac": lambda: compressed_sound("flac", "flac", seconds=0.2),
    "sound.mp3": lambda: compressed_sound("mp3", "libmp3lame", seconds=0.2),
    "sound.m4a": lambda: compressed_sound("ipod", "aac", seconds=0.2),
    "sound.aac": lambda: compressed_sound("adts", "aac", seconds=0.2),
    "sound.opus": lambda: compressed_sound("ogg", "libopus", seconds=0.2),
    "video.mp4": lambda: video(frames=5, chapters=2),
    "video.webm": lambda: video("webm", frames=5),
    "symbols.ttf": (FONTS / "NotoSansSymbols-Bold-subset.ttf").read_bytes,
    "hebrew.ttf": (FONTS / "NotoSansHebrew-Bold.ttf").read_bytes,
}
"""Valid files of every format we accept, a few kilobytes each."""
