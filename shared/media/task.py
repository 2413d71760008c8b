"""What one decoder function of the media child gets to work with."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.errors import BadMediaError
from shared.media.formats import MediaFormat
from shared.media.limits import MediaLimits


@dataclass(frozen=True, kw_only=True)
class MediaTask:
    """One open file and what is wanted of it; ``output`` is open for writing where something is to be made."""

    source: io.FileIO
    size_bytes: int
    format: MediaFormat
    limits: MediaLimits
    output: io.FileIO | None
    options: Mapping[str, Any]

    def opened_output(self) -> io.FileIO:
        """The file to write to.

        Raises:
            TypeError: The request named none; a mistake of the caller, not of the file.
        """
        if self.output is None:
            raise TypeError("this operation needs an output file")
        return self.output

    def check_size(self, most: int) -> None:
        """Refuse a file of more than ``most`` bytes.

        Raises:
            BadMediaError: It is larger.
        """
        if self.size_bytes > most:
            raise BadMediaError(
                f"has {self.size_bytes >> 20} MiB, more than the {most >> 20} MiB allowed; make it smaller"
            )
