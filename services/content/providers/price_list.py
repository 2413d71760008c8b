"""Reads the price list that is shipped with the program."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import Any

from services.content.domain.prices import Price, PriceList, Unit


def shipped_price_list() -> PriceList:
    """The list prices of all providers, from ``prices.json`` beside this file."""
    return price_list(files(__package__).joinpath("prices.json").read_text(encoding="utf-8"))


def price_list(text: str) -> PriceList:
    """Read a price list; amounts are strings, so that no binary fraction comes between.

    Raises:
        ValueError, KeyError, TypeError: It is not a price list.
    """
    told: dict[str, Any] = json.loads(text)
    return PriceList(as_of=date.fromisoformat(told["as_of"]), prices=tuple(_price(row) for row in told["prices"]))


def _price(row: dict[str, Any]) -> Price:
    return Price(**{**row, "unit": Unit(row["unit"]), "amount": Decimal(row["amount"])})
