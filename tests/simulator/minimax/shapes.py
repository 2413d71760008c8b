"""What the body of a request to MiniMax must look like."""

from __future__ import annotations

from tests.simulator.minimax.account import CHAT_MODELS
from tests.simulator.minimax.images import ASPECTS
from tests.simulator.rules import Anything, Flag, ListOf, Real, Rule, Shape, Text, Whole, one_of

MESSAGE = Shape({"role": one_of("system", "user", "assistant"), "content": Text(least=1)}, {"name": Text()})
CHAT = Shape(
    {"model": one_of(*CHAT_MODELS), "messages": ListOf(MESSAGE, least=1)},
    {
        "thinking": Shape({"type": one_of("adaptive", "disabled")}),
        "reasoning_split": Flag(),
        "max_completion_tokens": Whole(1),
        "max_tokens": Whole(1),
        "temperature": Real(0, 2),
        "top_p": Real(0, 1, above=0),
        "stream": Flag(),
        "stream_options": Shape({}, {"include_usage": Flag()}),
        "service_tier": one_of("standard", "priority"),
    },
)
IMAGE = Shape(
    {"model": one_of("image-01"), "prompt": Text(least=1, most=1500)},
    {
        "aspect_ratio": one_of(*ASPECTS),
        "width": Whole(512, 2048, step=8),
        "height": Whole(512, 2048, step=8),
        "n": Whole(1, 9),
        "seed": Whole(),
        "response_format": one_of("url", "base64"),
        "prompt_optimizer": Flag(),
        "subject_reference": ListOf(Shape({"type": one_of("character"), "image_file": Text(least=1)})),
        "aigc_watermark": Flag(),
    },
)
#: The names of the optional fields are not settled; these are the ones a client may try.
H3_IMAGE = Shape(
    {"model": one_of("MiniMax-H3-Image", "MiniMax-H3-Image-Highspeed"), "prompt": Text(least=1)},
    {
        "n": Whole(1, 10),
        "size": Text(pattern=r"auto|\d{2,4}x\d{2,4}"),
        "area": one_of("1K", "2K", "4K"),
        "aspect_ratio": Text(pattern=r"auto|\d{1,4}:\d{1,4}"),
        "prompt_optimizer": Flag(),
        "output_format": one_of("jpeg", "png", "webp"),
        "response_format": one_of("url", "b64_json"),
        "stream": Flag(),
    },
)
_VOICE_SETTING: dict[str, Rule] = {
    "speed": Real(0.5, 2),
    "vol": Real(0, 10, above=0),
    "pitch": Whole(-12, 12),
    "emotion": one_of("happy", "sad", "angry", "fearful", "disgusted", "surprised", "calm", "fluent", "whisper"),
    "text_normalization": Flag(),
}
_BITRATES = one_of(32_000, 64_000, 128_000, 256_000)
_RATES = one_of(8_000, 16_000, 22_050, 24_000, 32_000, 44_100)
_FORMATS = one_of("mp3", "pcm", "flac", "wav", "pcmu_raw", "pcmu_wav", "opus")
_CHANNELS = one_of(1, 2)
_SPEECH_MODELS = one_of(
    *(f"speech-{version}-{kind}" for version in ("2.8", "2.6", "02", "01") for kind in ("hd", "turbo"))
)
_SPEECH: dict[str, Rule] = {
    "language_boost": Text(least=1),
    "pronunciation_dict": Shape({"tone": ListOf(Text(pattern=r".+/.+"))}),
    "timbre_weights": ListOf(Anything()),
    "voice_modify": Anything(),
    "text_normalization": Flag(),
}
VOICE = Shape(
    {
        "model": _SPEECH_MODELS,
        "text": Text(least=1, most=9_999),
        "voice_setting": Shape({"voice_id": Text(least=1)}, _VOICE_SETTING),
    },
    {
        **_SPEECH,
        "stream": Flag(),
        "stream_options": Shape({}, {"exclude_aggregated_audio": Flag()}),
        "output_format": one_of("hex", "url"),
        "audio_setting": Shape(
            {}, {"sample_rate": _RATES, "bitrate": _BITRATES, "format": _FORMATS, "channel": _CHANNELS}
        ),
        "subtitle_enable": Flag(),
        "subtitle_type": one_of("sentence", "word", "word_streaming"),
    },
)
VOICE_TASK = Shape(
    {"model": _SPEECH_MODELS, "voice_setting": Shape({"voice_id": Text(least=1)}, _VOICE_SETTING)},
    {
        **_SPEECH,
        "text": Text(least=1, most=50_000),
        "text_file_id": Whole(1),
        "audio_setting": Shape(
            {},
            {
                "audio_sample_rate": _RATES,
                "bitrate": _BITRATES,
                "format": one_of("mp3", "pcm", "flac", "wav"),
                "channel": _CHANNELS,
            },
        ),
    },
)
MUSIC = Shape(
    {
        "model": one_of(
            "music-3.0", "music-2.6", "music-cover", "music-2.5+", "music-2.5", "music-2.0", "music-1.5"
        )
    },
    {
        "prompt": Text(most=2_000),
        "lyrics": Text(least=1, most=3_500),
        "is_instrumental": Flag(),
        "lyrics_optimizer": Flag(),
        "stream": Flag(),
        "output_format": one_of("hex", "url"),
        "audio_setting": Shape(
            {},
            {
                "sample_rate": one_of(16_000, 24_000, 32_000, 44_100),
                "bitrate": _BITRATES,
                "format": one_of("mp3", "wav", "pcm"),
            },
        ),
    },
)
GET_VOICE = Shape({"voice_type": one_of("system", "voice_cloning", "voice_generation", "all")})
