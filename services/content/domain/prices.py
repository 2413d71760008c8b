"""What providers charge: list prices with the day they were read, and what some units of work cost by them.

List prices are what a stranger pays; plans, vouchers and special terms of an account are not in them, so a cost is
always "about".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fnmatch import fnmatchcase


class Unit(StrEnum):
    """What is counted."""

    INPUT = "input_token"
    """Tokens of a prompt."""
    CACHED_INPUT = "cached_input_token"
    """Tokens of a prompt that the provider still had from an earlier call."""
    OUTPUT = "output_token"
    """Tokens of an answer; thinking included, where a model thinks."""
    PICTURE = "picture"
    CHARACTER = "character"
    """As the provider counts them: MiniMax counts a Chinese character twice."""
    SONG = "song"
    """A piece of music of whatever length the model gives it."""
    MUSIC_SECOND = "music_second"


@dataclass(frozen=True, kw_only=True)
class Money:
    """An amount in a currency of ISO 4217."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, kw_only=True)
class Price:
    """What one kind of unit costs.

    Args:
        model: Pattern of model names, such as ``speech-*-hd``; capitals count.
        region: ``international`` or ``china``, where a provider has two sites with two lists.
        amount: Price of ``per`` units.
        input_at_most: Holds only for calls with at most so many tokens of input; ``None`` = any.
        is_rough: The provider publishes no exact figure.
    """

    provider: str
    region: str = "international"
    model: str
    unit: Unit
    amount: Decimal
    per: int
    currency: str
    input_at_most: int | None = None
    is_rough: bool = False

    def of(self, units: int) -> Money:
        """What so many units cost, not rounded."""
        return Money(amount=self.amount * units / self.per, currency=self.currency)


@dataclass(frozen=True, kw_only=True)
class PriceList:
    """All known prices as of a day."""

    as_of: date
    prices: tuple[Price, ...]

    def find(
        self, provider: str, model: str, unit: Unit, *, region: str = "international", input_tokens: int = 0
    ) -> Price | None:
        """The price of a unit, or ``None`` when it is not known; not known is not free.

        Args:
            input_tokens: Size of the call's input; some models cost more for long ones.
        """
        fitting = [
            price
            for price in self.prices
            if (price.provider, price.region, price.unit) == (provider, region, unit)
            and fnmatchcase(model, price.model)
            and (price.input_at_most is None or input_tokens <= price.input_at_most)
        ]
        return _tightest(fitting)


def _tightest(prices: Sequence[Price]) -> Price | None:
    """Of several prices the one for the most particular model, then for the shortest input."""

    def particularity(price: Price) -> tuple[int, bool, float]:
        limit = price.input_at_most
        return -len(price.model), "*" in price.model, limit if limit is not None else float("inf")

    return min(prices, key=particularity, default=None)
