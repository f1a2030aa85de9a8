from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from shared.domain.market.bars import Bar, Series, Timeframe
from shared.features import lead_lag
from shared.features.definitions import Missing
from tests.open_market import daily_series, inputs_of

START = datetime(2025, 6, 2, 13, 30, tzinfo=UTC)
MOVES = np.random.default_rng(5).normal(0, 0.001, 200)


def five_minutes(returns):
    closes = 100 * np.exp(np.cumsum(returns))
    bars = []
    for i, close in enumerate(closes.tolist()):
        at = START + timedelta(minutes=5 * i)
        bars.append(Bar(at, at + timedelta(minutes=5), at.date(), close, close, close, close, 1.0))
    return Series("SPY", Timeframe.HOUR, "invented", "none", tuple(bars))


def inputs(own, leaders):
    base = inputs_of(daily_series([100.0] * 20))
    as_of = START + timedelta(days=1)
    return replace(base, as_of=as_of, five_minute=own, leaders_5min={"AAPL": leaders})


def test_leaders_that_move_two_bars_earlier_lead_by_two_bars():
    later = np.concatenate(([0.0, 0.0], MOVES[:-2]))
    values = lead_lag.compute(inputs(five_minutes(later), five_minutes(MOVES)))
    assert values["lead_lag_bars"] == 2
    assert values["lead_lag_correlation"] == pytest.approx(1.0)
    assert values["lead_lag_link"] == "leaders lead"


def test_leaders_that_move_a_bar_later_follow():
    later = np.concatenate(([0.0], MOVES[:-1]))
    values = lead_lag.compute(inputs(five_minutes(MOVES), five_minutes(later)))
    assert (values["lead_lag_bars"], values["lead_lag_link"]) == (-1, "leaders follow")


def test_unrelated_bars_are_no_link():
    other = np.random.default_rng(6).normal(0, 0.001, 200)
    values = lead_lag.compute(inputs(five_minutes(MOVES), five_minutes(other)))
    assert values["lead_lag_link"] == "no link"


def test_a_missing_bar_is_not_taken_for_a_delay():
    own, leaders = five_minutes(MOVES), five_minutes(np.concatenate(([0.0], MOVES[:-1])))
    holed = replace(own, bars=tuple(b for i, b in enumerate(own.bars) if i % 9))
    assert lead_lag.compute(inputs(holed, leaders))["lead_lag_bars"] == -1


def test_without_five_minute_bars_every_number_says_why():
    values = lead_lag.compute(inputs(None, None))
    assert set(values.values()) == {Missing("no five-minute bars of both were known")}


def test_a_night_in_one_market_is_no_five_minutes_of_another():
    """The leaders' first bar of a day holds what the future did while they slept."""
    own = five_minutes(MOVES)
    nights = {i for i in range(200) if i % 20 == 0}
    daily = tuple(b for i, b in enumerate(own.bars) if i % 20 < 12)
    gapped = replace(own, bars=daily)
    values = lead_lag.compute(inputs(gapped, gapped))
    first = {own.bars[i].opened_at for i in nights}
    found = lead_lag._returns(gapped, inputs(gapped, gapped))
    assert found is not None
    assert first.isdisjoint(datetime.fromtimestamp(at, UTC) for at in found[0].tolist())
    assert values["lead_lag_series"] == "SPY"
