"""A measured figure and what was promised of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured figure and the most, or the least, that it may be."""

    name: str
    value: float
    unit: str = ""
    most: float | None = None
    least: float | None = None

    @property
    def kept(self) -> bool:
        return (self.most is None or self.value <= self.most) and (self.least is None or self.value >= self.least)

    def __str__(self) -> str:
        promise = f"<= {self.most}" if self.most is not None else f">= {self.least}"
        return f"{self.name}: {self.value:.3f}{self.unit} ({promise}) {'ok' if self.kept else 'MISSED'}"
