from datetime import date

from shared.bias.backtest.labels import climatology
from shared.bias.backtest.walked import scored
from shared.domain.bias import Label
from shared.forecast.vintages import CLASSES


def test_every_day_is_forecast_with_a_table_of_before_it(test):
    assert len(test.days) == len(test.forecasts) > 200
    assert {f.table for f in test.forecasts} == {"2019-07", "2020-01"}
    old = [d.as_of for d, f in zip(test.days, test.forecasts, strict=True) if f.vintage < "2020"]
    assert max(old).year == 2019


def test_what_has_no_forecast_is_counted_with_its_reason(test):
    (reason,) = test.left_out["YM"]
    assert reason.startswith("no daily bars of YM")
    assert list(test.left_out) == ["YM"]


def test_open_to_close_is_a_target_of_its_own(test, archive, chosen):
    base = climatology(archive, list(chosen.values()), test.days)
    closes, opens = (scored(test, base, tradable=t).outcomes for t in (False, True))
    assert (closes != opens).any()
    day = next(d for d in test.days if d.after.session == date(2020, 3, 16))
    assert day.outcome is Label.BEARISH
    assert CLASSES[closes[test.days.index(day)]] is Label.BEARISH


def test_a_forecast_names_the_months_that_were_added_to_its_table(test):
    late = [f for d, f in zip(test.days, test.forecasts, strict=True) if d.as_of.month == 5]
    assert late[-1].vintage == "2020-01+2020-01..2020-04"
    assert late[0].vintage == "2020-01+2020-01..2020-03"
