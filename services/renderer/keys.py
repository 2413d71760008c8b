"""Names of what the renderer makes: digests of everything that decides it, so that nothing is made twice."""

from __future__ import annotations

import hashlib
import json

from pydantic.main import IncEx

from services.renderer.domain import SOUND
from shared.contracts.timeline import Timeline

# A sound is named by its bytes: where it is stored and for which slide it speaks changes nothing.
_AUDIO_FIELDS: IncEx = {"asset": {"sha256"}}
_VOICE_FIELDS: IncEx = {"__all__": {"audio": _AUDIO_FIELDS, "start_sample": True}}
_CLIP_FIELDS: IncEx = {
    "__all__": {
        "audio": _AUDIO_FIELDS,
        "start_sample": True,
        "from_sample": True,
        "samples": True,
        "fade_in_samples": True,
        "fade_out_samples": True,
        "gain_db": True,
    }
}
_MUSIC_FIELDS: IncEx = {"audio": _AUDIO_FIELDS, "gain_db": True, "duck_db": True}


def segment_key(engine: str, spec: bytes) -> str:
    """Key of a segment: SHA-256 in hex over the engine's identity and the canonical JSON of its spec.

    Args:
        engine: From :meth:`ChildPool.engine`.
    """
    return _digest("segment", engine, spec)


def audio_key(engine: str, timeline: Timeline, name: str = SOUND) -> str:
    """Key of a sound file of a timeline: like :func:`segment_key`, over what of the timeline can be heard.

    A changed picture, caption or title keeps the key; a changed length does not.

    Args:
        name: What the file is called; it decides its form and which part of the mix it holds.
    """
    heard = timeline.model_dump(
        mode="json", include={"voices": _VOICE_FIELDS, "sounds": _CLIP_FIELDS, "music": _MUSIC_FIELDS}
    )
    heard["samples"] = timeline.samples
    heard["loudness_lufs"] = timeline.loudness_lufs
    return _digest(f"audio/{name}", engine, json.dumps(heard, sort_keys=True, separators=(",", ":")).encode())


def _digest(kind: str, engine: str, body: bytes) -> str:
    return hashlib.sha256(b"\n".join((kind.encode(), engine.encode(), body))).hexdigest()
