"""A running simulator, and a client without manners: requests exactly as the tests write them."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.simulator.simulator import Simulator

#: A request each provider takes, by endpoint: method, path, body.
GOOD: dict[str, dict[str, tuple[str, str, dict[str, Any] | None]]] = {
    "minimax": {
        "models": ("GET", "/v1/models", None),
        "balance": ("GET", "/account/query_balance", None),
        "plan": ("GET", "/v1/token_plan/remains", None),
        "voices": ("POST", "/v1/get_voice", {"voice_type": "system"}),
        "chat": (
            "POST",
            "/v1/chat/completions",
            {
                "model": "MiniMax-M3",
                "messages": [
                    {"role": "system", "content": "Write."},
                    {"role": "user", "content": "Rain, 4 slides."},
                ],
                "thinking": {"type": "disabled"},
                "max_completion_tokens": 8192,
                "temperature": 1,
                "stream": False,
            },
        ),
        "image": (
            "POST",
            "/v1/image_generation",
            {"model": "image-01", "prompt": "Rain", "aspect_ratio": "16:9", "n": 1, "response_format": "url"},
        ),
        "h3_image": ("POST", "/v1/images/generations", {"model": "MiniMax-H3-Image", "prompt": "Rain"}),
        "voice": (
            "POST",
            "/v1/t2a_v2",
            {
                "model": "speech-2.8-hd",
                "text": "Rain falls. Nobody is astonished.",
                "stream": False,
                "output_format": "hex",
                "language_boost": "auto",
                "voice_setting": {"voice_id": "English_expressive_narrator", "speed": 1, "vol": 1, "pitch": 0},
                "audio_setting": {"sample_rate": 44100, "bitrate": 128000, "format": "mp3", "channel": 1},
                "subtitle_enable": True,
                "subtitle_type": "word",
            },
        ),
        "voice_task": (
            "POST",
            "/v1/t2a_async_v2",
            {
                "model": "speech-2.8-hd",
                "text": "Rain falls.",
                "voice_setting": {"voice_id": "English_expressive_narrator"},
                "audio_setting": {"audio_sample_rate": 44100, "format": "mp3"},
            },
        ),
        "music": (
            "POST",
            "/v1/music_generation",
            {"model": "music-2.6", "prompt": "calm", "is_instrumental": True, "output_format": "hex"},
        ),
    },
    "zai": {
        "models": ("GET", "/api/paas/v4/models", None),
        "chat": (
            "POST",
            "/api/paas/v4/chat/completions",
            {
                "model": "glm-5.3",
                "messages": [{"role": "user", "content": "Rain."}],
                "thinking": {"type": "disabled"},
                "response_format": {"type": "json_object"},
                "temperature": 0.8,
                "max_tokens": 8192,
                "stream": False,
            },
        ),
        "image": (
            "POST",
            "/api/paas/v4/images/generations",
            {"model": "glm-image", "prompt": "Rain", "size": "1728x960", "quality": "hd"},
        ),
        "image_task": ("POST", "/api/paas/v4/async/images/generations", {"model": "glm-image", "prompt": "Rain"}),
        "voice": (
            "POST",
            "/api/paas/v4/audio/speech",
            {"model": "glm-tts", "input": "Rain.", "voice": "tongtong", "response_format": "wav"},
        ),
    },
    "elevenlabs": {
        "subscription": ("GET", "/v1/user/subscription", None),
        "models": ("GET", "/v1/models", None),
        "voices": ("GET", "/v2/voices?page_size=100", None),
        **{
            name: (
                "POST",
                f"/v1/text-to-speech/JBFqnCBsd6RMkjVDRZzb{tail}?output_format=mp3_44100_128",
                {
                    "text": "Rain falls.",
                    "model_id": "eleven_multilingual_v2",
                    "voice_settings": {"stability": 0.5},
                },
            )
            for name, tail in (
                ("voice", ""),
                ("voice_stream", "/stream"),
                ("voice_timed", "/with-timestamps"),
                ("voice_timed_stream", "/stream/with-timestamps"),
            )
        },
        "music": (
            "POST",
            "/v1/music?output_format=mp3_44100_128",
            {"prompt": "calm", "music_length_ms": 60000, "model_id": "music_v2", "force_instrumental": True},
        ),
    },
    **{
        name: {
            "models": ("GET", "/v1/models", None),
            "chat": (
                "POST",
                "/v1/chat/completions",
                {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "Rain."}], most: 100},
            ),
            "image": ("POST", "/v1/images/generations", {"model": "gpt-image-2", "prompt": "Rain", "n": 1}),
            "voice": ("POST", "/v1/audio/speech", {"model": "tts-1", "input": "Rain.", "voice": "alloy"}),
        }
        for name, most in (("openai", "max_completion_tokens"), ("compatible", "max_tokens"))
    },
}


@dataclass(frozen=True)
class Reply:
    """What came back over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Sends what it is told; keys and bodies as given."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def send(
        self,
        host: str,
        method: str,
        target: str,
        body: object = None,
        headers: dict[str, str] | None = None,
        *,
        timeout_s: float = 10.0,
        trust: bytes | None = None,
    ) -> Reply:
        """One request on a connection of its own; a body that is not bytes is sent as JSON."""
        connection = self._connection(host, timeout_s, trust)
        sent = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, target, body, sent)
            response = connection.getresponse()
            given = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, given, response.read())
        finally:
            connection.close()

    def ask(
        self, provider: str, endpoint: str, case: str = "ok", user: str | None = None, **changes: Any
    ) -> Reply:
        """A good request, with some fields of its body changed; ``None`` takes a field out."""
        method, target, body = GOOD[provider][endpoint]
        if body is not None:
            body = {name: value for name, value in {**body, **changes}.items() if value is not None}
        key = self._simulator.key(provider, case, user)
        return self.send(provider, method, target, body, auth(provider, key))

    def fetch(self, address: str, **headers: str) -> Reply:
        """Get a result file."""
        parts = urlsplit(address)
        return self.send("downloads", "GET", f"{parts.path}?{parts.query}", None, headers)

    def _connection(self, host: str, timeout_s: float, trust: bytes | None) -> http.client.HTTPConnection:
        parts = urlsplit(self._simulator.url(host))
        assert parts.hostname is not None
        if parts.scheme == "https":
            context = ssl.create_default_context(cadata=trust.decode() if trust else None)
            return http.client.HTTPSConnection(parts.hostname, parts.port, timeout=timeout_s, context=context)
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout_s)


def auth(provider: str, key: str) -> dict[str, str]:
    return {"xi-api-key": key} if provider == "elevenlabs" else {"Authorization": f"Bearer {key}"}


@pytest.fixture(scope="session")
def running() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(running: Simulator) -> Simulator:
    """The simulator of the session, with nothing remembered."""
    running.reset()
    return running


@pytest.fixture
def client(simulator: Simulator) -> Client:
    return Client(simulator)


@pytest.fixture(scope="session")
def good() -> dict[str, dict[str, tuple[str, str, dict[str, Any] | None]]]:
    return GOOD


@pytest.fixture(scope="session")
def headers_of() -> Callable[[str, str], dict[str, str]]:
    """How each provider wants its key."""
    return auth
