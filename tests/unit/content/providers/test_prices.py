"""The shipped price list, and what work costs by it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.content.domain.prices import Unit
from services.content.providers.price_list import price_list, shipped_price_list


def _cost(provider: str, model: str, units: dict[Unit, int], **where: object) -> Decimal:
    found = [(shipped_price_list().find(provider, model, unit, **where), count) for unit, count in units.items()]
    return sum((price.of(count).amount for price, count in found), Decimal(0))


@pytest.mark.parametrize(
    ("provider", "model", "units", "cost"),
    [
        ("minimax", "MiniMax-M3", {Unit.INPUT: 3_000, Unit.OUTPUT: 4_000}, "0.0057"),
        ("zai", "glm-5.3", {Unit.INPUT: 3_000, Unit.OUTPUT: 4_000}, "0.0218"),
        ("minimax", "image-01", {Unit.PICTURE: 40}, "0.14"),
        ("zai", "glm-image", {Unit.PICTURE: 40}, "0.60"),
        ("zai", "cogview-4-250304", {Unit.PICTURE: 40}, "0.40"),
        ("minimax", "speech-2.8-hd", {Unit.CHARACTER: 4_500}, "0.45"),
        ("minimax", "speech-2.8-turbo", {Unit.CHARACTER: 4_500}, "0.27"),
        ("elevenlabs", "eleven_multilingual_v2", {Unit.CHARACTER: 4_500}, "0.36"),
        ("elevenlabs", "eleven_flash_v2_5", {Unit.CHARACTER: 4_500}, "0.18"),
        ("minimax", "music-2.6", {Unit.SONG: 1}, "0.15"),
        ("elevenlabs", "music_v2", {Unit.MUSIC_SECOND: 300}, "0.75"),
    ],
)
def test_a_narration_of_five_minutes_costs_what_the_providers_say(provider, model, units, cost):
    assert _cost(provider, model, units) == Decimal(cost)


def test_a_long_input_costs_double():
    prices = shipped_price_list()
    short = prices.find("minimax", "MiniMax-M3", Unit.INPUT, input_tokens=512_000)
    long = prices.find("minimax", "MiniMax-M3", Unit.INPUT, input_tokens=512_001)
    assert long.amount == 2 * short.amount


def test_a_particular_model_has_its_own_price():
    prices = shipped_price_list()
    fast = prices.find("minimax", "MiniMax-M2.7-highspeed", Unit.OUTPUT)
    plain = prices.find("minimax", "MiniMax-M2.7", Unit.OUTPUT)
    assert (fast.amount, fast.is_rough, plain.amount, plain.is_rough) == (
        Decimal("2.40"),
        True,
        Decimal("1.20"),
        False,
    )
    assert prices.find("minimax", "music-2.0", Unit.SONG, region="china").amount == Decimal("0.25")


def test_a_region_has_its_own_list_in_its_own_money():
    price = shipped_price_list().find("minimax", "speech-2.8-hd", Unit.CHARACTER, region="china")
    assert (price.of(10_000).amount, price.currency) == (Decimal("3.5"), "CNY")


def test_a_price_that_is_not_known_is_not_free():
    prices = shipped_price_list()
    assert prices.find("openai", "gpt-image-2", Unit.PICTURE) is None
    assert prices.find("minimax", "MiniMax-M3", Unit.PICTURE) is None
    assert prices.find("zai", "glm-4.7-flash", Unit.INPUT).of(1_000_000).amount == 0


def test_no_two_rows_say_a_price_of_the_same():
    rows = [(p.provider, p.region, p.model, p.unit, p.input_at_most) for p in shipped_price_list().prices]
    assert len(rows) == len(set(rows))
    assert all(p.amount >= 0 and p.per > 0 for p in shipped_price_list().prices)


def test_a_list_with_an_unknown_field_is_refused():
    with pytest.raises(TypeError):
        price_list('{"as_of": "2026-11-23", "prices": [{"unit": "song", "amount": "1", "discount": 3}]}')
