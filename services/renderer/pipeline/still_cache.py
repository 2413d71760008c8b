"""Pictures of the last segments, ready to be sampled: a crossfade shows the picture of the slide before again.

What is kept here was read from one account's files. A render child, which serves one account only, owns one cache;
nothing else may share it.
"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from services.renderer.pipeline.stills import Still, load_still, sampled_size
from shared.contracts.references import ImageReference
from shared.contracts.timeline import Fit, FrameSize, Motion

_Key = tuple[str, tuple[int, int], tuple[int, int], tuple[int, int] | None]
"""SHA-256 of the file, the size it must have, the size in which it is sampled, and that of its backdrop."""


class StillCache:
    """Keeps the stills used last, as many as fit.

    Args:
        most_bytes: What the kept stills may take together; one that is larger is not kept. The default holds two
            of 3072x2048, the most that pictures of a usual size are enlarged to, and some more.
    """

    def __init__(self, most_bytes: int = 24 << 20) -> None:
        self._most_bytes = most_bytes
        self._stills: OrderedDict[_Key, Still] = OrderedDict()

    @property
    def kept_bytes(self) -> int:
        """What the kept stills take."""
        return sum(still.size_bytes for still in self._stills.values())

    def load(
        self, path: Path, reference: ImageReference, motion: Motion, frame: FrameSize, fit: Fit = Fit.COVER
    ) -> Still:
        """The kept still, or a new one; see :func:`load_still`.

        Raises:
            BadAssetError: The file is not a picture of the size that ``reference`` states.
        """
        original = (reference.width, reference.height)
        backdrop = (frame.width, frame.height) if fit is Fit.CONTAIN else None
        key = (reference.asset.sha256, original, sampled_size(original, motion, frame, fit), backdrop)
        still = self._stills.pop(key, None) or load_still(path, reference, motion, frame, fit)
        self._stills[key] = still
        while self.kept_bytes > self._most_bytes:
            self._stills.popitem(last=False)
        return still
