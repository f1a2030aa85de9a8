from datetime import date

import pytest

from shared.bias.backtest.report import report
from shared.domain.errors import NotFound


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


def test_bars_that_are_missed_stay_in_the_table(found):
    assert not found["bars"]["skill above climatology"]["met"]


def test_a_period_before_every_table_is_refused(archive, chosen):
    with pytest.raises(NotFound, match="2015"):
        report(archive, chosen, date(2015, 1, 5), date(2015, 1, 9))
