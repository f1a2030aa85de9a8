import pytest

from shared.analyst.facts import Fact, facts_of
from shared.domain.bias import Label
from tests.markets import small_forecast, small_snapshot


@pytest.mark.parametrize(
    ("fact", "text"),
    [
        (Fact("day_change", 0.5, "pct", 2), "+0.50 %"),
        (Fact("day_change", -0.5, "pct", 2), "-0.50 %"),
        (Fact("atr_pct", 1.25, "pct", 2), "1.25 %"),
        (Fact("atr14", 0.0000512, "price", 7), "0.0000512"),
        (Fact("range_atr", 1.2, "atr", 2), "1.20 ATR"),
        (Fact("breadth50", 2 / 3, "share", 2), "67 %"),
        (Fact("hours_to_high", 2.75, "hours", 1), "2.8 hours"),
        (Fact("high_today", 3, "count"), "3"),
        (Fact("cpi_today", 1, "flag"), "yes"),
        (Fact("cpi_today", 0, "flag"), "no"),
        (Fact("lift", 4.0, "points", 1), "+4.0 points"),
        (Fact("leader_link", "no link", "text"), "no link"),
    ],
    ids=lambda value: value.name if isinstance(value, Fact) else value,
)
def test_a_value_is_written_one_way_with_its_unit(fact, text):
    assert fact.text == text


def test_a_missing_value_cannot_be_written():
    fact = Fact("vix", None, "index", reason="no VIX")
    with pytest.raises(ValueError, match="no VIX"):
        _ = fact.text


def test_only_the_synthesis_may_name_the_forecast():
    snapshot = small_snapshot()
    assert "p_bear" not in facts_of(snapshot, None)
    facts = facts_of(snapshot, small_forecast(Label.BEARISH))
    assert facts["p_bear"].text == "34.0 %"
    assert facts["base_bear"].text == "30.0 %"
    assert facts["lift"].text == "+4.0 points"


def test_levels_and_events_have_names_too():
    facts = facts_of(small_snapshot(), None)
    assert facts["prior_high"].text == "306.83"
    assert facts["event1"].text == "USD Chair speaks at 15:00 UTC"
