import asyncio
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from shared.bias import backtest
from shared.bias.history import open_archive
from shared.bias.report import report
from shared.domain.bias import Label
from shared.domain.errors import NotFound
from shared.forecast.scorecard import Scored
from shared.forecast.vintages import CLASSES
from shared.market.registry import load_instruments
from tests.markets import DATA

SINCE, UNTIL = date(2020, 1, 2), date(2020, 5, 29)
CHOSEN = {s: load_instruments()[s] for s in ("SPY", "EURUSD", "YM")}


@pytest.fixture(scope="module")
def archive():
    return asyncio.run(open_archive(DATA, CHOSEN.values(), UNTIL))


@pytest.fixture(scope="module")
def test(archive):
    return backtest.run(archive, CHOSEN, SINCE, UNTIL)


@pytest.fixture(scope="module")
def found(archive):
    return report(archive, CHOSEN, SINCE, UNTIL)


def test_every_day_is_forecast_with_a_table_of_before_it(test):
    assert len(test.days) == len(test.forecasts) > 200
    assert {f.vintage for f in test.forecasts} == {"2019-07", "2020-01"}
    old = [d.as_of for d, f in zip(test.days, test.forecasts, strict=True) if f.vintage < "2020"]
    assert max(old).year == 2019


def test_what_has_no_forecast_is_counted_with_its_reason(test):
    (reason,) = test.left_out["YM"]
    assert reason.startswith("no daily bars of YM")
    assert list(test.left_out) == ["YM"]


def test_the_climatology_of_a_day_counts_only_labels_that_had_closed(archive, test):
    chosen = list(CHOSEN.values())
    early = asyncio.run(open_archive(DATA, CHOSEN.values(), date(2020, 3, 2)))
    days = [d for d in test.days if d.after.session <= date(2020, 3, 2)]
    now = backtest.climatology(archive, chosen, days)
    then = backtest.climatology(early, chosen, days)
    np.testing.assert_array_equal(now, then)
    assert now.sum(axis=1) == pytest.approx(np.ones(len(days)))


def test_the_json_has_every_promised_figure(found):
    promised = (
        *("n", "rps_skill", "rps_skill_lo", "rps_skill_hi", "ece"),
        *("confidence_p50", "confidence_p99", "confidence_max"),
        *("hit3", "hit3_always_bullish", "direction_lo", "direction_hit", "direction_hi"),
    )
    assert set(promised) <= set(found["overall"])
    assert set(found["by_instrument"]) == {"SPY", "EURUSD"}
    naive = ["climatology", "always_bullish", "yesterdays_class", "sign_of_20_days"]
    assert list(found["rivals"]) == [*naive, "analog_days"]
    assert found["overall"]["n"] == sum(g["n"] for g in found["by_instrument"].values())


def test_always_bullish_hits_as_often_as_the_market_rose(found):
    rival = found["rivals"]["always_bullish"]
    assert rival["hit3"] == found["overall"]["hit3_always_bullish"]


def clairvoyant(count=800) -> Scored:
    random = np.random.default_rng(1)
    outcomes = random.integers(0, 3, count)
    return Scored(
        days=np.arange(count),
        chances=np.eye(3)[outcomes] * 0.4 + 0.2,
        base=np.full((count, 3), 1 / 3),
        labels=outcomes,
        outcomes=outcomes,
        groups={"instrument": ("SPY",) * count},
    )


def test_even_a_clairvoyant_loses_its_skill_on_shuffled_and_shifted_labels():
    assert {name: leak["lost"] for name, leak in backtest.leaks(clairvoyant()).items()} == {
        "shuffled": True,
        "shifted": True,
    }


def test_one_who_saw_the_day_after_is_caught_by_the_shift():
    seen = clairvoyant()
    late = replace(seen, outcomes=np.roll(seen.outcomes, 1))
    assert not backtest.leaks(late)["shifted"]["lost"]


def test_a_group_of_inputs_that_moves_nothing_is_said_to_be_unused(found):
    moves = found["sensitivity"]
    assert moves["drift"]["used"]
    assert moves["drift"]["inverted"]["points"] > 0
    assert not moves["step leaders"]["used"]


def test_bars_that_are_missed_stay_in_the_table(found):
    assert not found["bars"]["skill above climatology"]["met"]


def test_open_to_close_is_a_target_of_its_own(test, archive):
    base = backtest.climatology(archive, list(CHOSEN.values()), test.days)
    closes, opens = (backtest.scored(test, base, tradable=t).outcomes for t in (False, True))
    assert (closes != opens).any()
    day = next(d for d in test.days if d.after.session == date(2020, 3, 16))
    assert day.outcome is Label.BEARISH
    assert CLASSES[closes[test.days.index(day)]] is Label.BEARISH


def test_a_period_before_every_table_is_refused(archive):
    with pytest.raises(NotFound, match="2015"):
        report(archive, CHOSEN, date(2015, 1, 5), date(2015, 1, 9))


def test_analog_days_know_no_label_that_had_not_closed(archive, test, monkeypatch):
    monkeypatch.setattr(backtest.analogs, "NEEDED", 20)
    base = backtest.climatology(archive, list(CHOSEN.values()), test.days)
    whole = backtest.scored(test, base)
    chances = backtest.analog_chances(test, whole)
    assert (chances != base).any()
    cut = date(2020, 3, 2)
    later = np.array([d.after.session >= cut for d in test.days])
    other = replace(whole, outcomes=np.where(later, 2 - whole.outcomes, whole.outcomes))
    changed = backtest.analog_chances(test, other)
    early = np.array([d.after.session <= cut for d in test.days])
    np.testing.assert_array_equal(changed[early], chances[early])
    assert (changed != chances).any()
