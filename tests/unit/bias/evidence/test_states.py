from dataclasses import replace
from itertools import pairwise

import pytest

from shared.bias.evidence.states import DayState, day_states, in_words
from shared.domain.bias import Step
from shared.domain.market.bars import Timeframe
from shared.market.registry import VIX, load_instruments
from shared.retrieval.documents import passages_of
from tests.markets import THURSDAY_EVENING, feature, open_market


async def days(symbol: str, *, without_last: int = 0) -> list[DayState]:
    market = await open_market()
    instrument = load_instruments()[symbol]
    source, prices = await market.store.price_series(instrument, Timeframe.DAY, THURSDAY_EVENING)
    vix = await market.store.series(VIX, Timeframe.DAY, THURSDAY_EVENING)
    cut = [replace(s, bars=s.bars[: len(s.bars) - without_last]) for s in (prices, vix)]
    return day_states(instrument, source, *cut)


async def test_a_day_is_told_in_words_with_what_followed():
    document = (await days("ES"))[-1].document()
    assert document.title == "ES after the session of Wednesday 2020-05-27"
    assert "an ordinary session (1.00 ATR)" in document.text
    assert "above the 200-day mean" in document.text
    assert "What followed: the next session closed -0.08 ATR away, Neutral." in document.text
    assert document.text.endswith("Prices: SPY for ES.")
    assert document.instruments == ("ES",)


async def test_a_day_is_one_passage():
    found = [passages_of(day.document()) for day in (await days("ES"))[-40:]]
    assert {len(passages) for passages in found} == {1}


async def test_a_day_is_known_when_the_next_one_has_closed_and_no_earlier():
    last = (await days("ES"))[-1]
    assert last.closed_at.isoformat() == "2020-05-27T21:00:00+00:00"
    assert last.known_at.isoformat() == "2020-05-28T21:00:00+00:00"
    assert last.document().known_at == last.known_at


@pytest.mark.parametrize("symbol", ["SPY", "6J"])
async def test_what_is_told_of_a_day_does_not_change_with_what_comes_later(symbol):
    later, earlier = await days(symbol), await days(symbol, without_last=5)
    assert earlier[-1].document() == later[-6].document()


async def test_an_inverted_price_is_told_as_the_instrument_moves():
    yen, future = (await days("USDJPY"))[-1].document(), (await days("6J"))[-1].document()
    assert ("a day up" in yen.text) is ("a day down" in future.text)
    assert "Prices: USDJPY (inverted) for 6J." in future.text


async def test_days_without_a_usual_range_are_left_out():
    first = (await days("SPY"))[0]
    flat = replace(first.prices.bars[0], high=1.0, low=1.0, open=1.0, close=1.0)
    bars = tuple(
        replace(flat, opened_at=b.opened_at, closed_at=b.closed_at, session=b.session)
        for b in first.prices.bars
    )
    assert replace(first, prices=replace(first.prices, bars=bars)).document() is None


def test_only_what_is_known_is_told():
    told = in_words(
        [
            feature("rsi14", 71.0, "index", Step.TECHNICAL),
            feature("vix", None, "index", Step.SECURITY),
            feature("day_change", 0.0, "pct", Step.SECURITY),
        ]
    )
    assert told == {"rsi14": "overbought"}


async def test_there_is_no_day_without_one_after_it():
    found = await days("SPY")
    assert found[-1].known_at <= THURSDAY_EVENING
    assert all(earlier.known_at < later.known_at for earlier, later in pairwise(found))
