from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.errors import NotFound
from shared.forecast import vintages
from shared.forecast.vintages import SeriesCounts, Vintage, load_vintages, vintage_for


def vintage(dated, **changes):
    fields = {
        "id": dated[:7],
        "dated": dated,
        "fitted_until": "2019-12-24",
        "data": {},
        "climatology_weight": 100,
        "state_weight": 100,
        "regime_cuts": (-0.5, 0.5),
        "momentum_cuts": (-1.0, 1.0),
        "pooled": (30, 30, 40),
        "series": {"SPY": SeriesCounts(days=(20, 30, 50), states={"2.0": (50, 0, 50)})},
    }
    return Vintage.model_validate(fields | changes)


def test_a_forecast_uses_the_newest_table_dated_by_its_as_of(monkeypatch):
    tables = (vintage("2020-01-01"), vintage("2020-07-01"))
    monkeypatch.setattr(vintages, "load_vintages", lambda: tables)
    assert vintage_for(datetime(2020, 6, 30, 23, tzinfo=UTC)).id == "2020-01"
    assert vintage_for(datetime(2020, 7, 1, tzinfo=UTC)).id == "2020-07"
    assert vintage_for(datetime(2026, 1, 1, tzinfo=UTC)).id == "2020-07"


def test_a_day_before_every_table_has_none():
    with pytest.raises(NotFound, match="2020-01-01"):
        vintage_for(datetime(2019, 12, 31, 23, tzinfo=UTC))


@pytest.mark.parametrize("table", load_vintages(), ids=lambda v: v.id)
def test_no_committed_table_saw_a_label_of_the_week_before_its_date(table):
    assert table.fitted_until <= table.dated - timedelta(days=7)


def test_base_rates_are_shrunk_to_the_pooled_ones_by_their_weight():
    rates = vintage("2020-01-01").base_rates("SPY")  # 100 days against a weight of 100: half way
    assert (rates.bear, rates.neutral, rates.bull) == (0.25, 0.3, 0.45)


def test_a_state_is_shrunk_to_the_base_rates_by_its_weight():
    chances = vintage("2020-01-01").in_state("SPY", "2.0")
    assert (chances.bear, chances.neutral, chances.bull) == (0.375, 0.15, 0.475)


def test_a_state_never_seen_gives_the_base_rates():
    table = vintage("2020-01-01")
    assert table.in_state("SPY", "0.0") == table.base_rates("SPY")


@pytest.mark.parametrize(
    ("regime", "momentum", "state"),
    [(-0.6, -1.1, "0.0"), (-0.5, -1.0, "0.0"), (0.0, 0.0, "1.1"), (0.6, 1.1, "2.2")],
)
def test_a_state_is_named_by_two_terciles(regime, momentum, state):
    assert vintage("2020-01-01").state(regime, momentum) == state
