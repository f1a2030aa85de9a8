from datetime import date

import pytest

from infra.fit import first_table
from shared.domain.bias import Label
from shared.forecast.scoring import rps
from shared.forecast.vintages import Vintage


@pytest.fixture(scope="module")
def built():
    return first_table.build()


def test_the_committed_table_is_what_the_script_fits(built):
    assert first_table.render(built[0]) == first_table.OUTPUT.read_text(encoding="utf-8")


def test_no_label_closed_after_the_fit_entered_the_table(built):
    vintage, days = built
    known = [d for d in days if d.labelled <= first_table.FITTED_UNTIL]
    assert sum(vintage.pooled) == len(known) < len(days)


def test_later_prices_change_nothing_in_the_table(built):
    vintage, days = built
    until = [d for d in days if d.session <= date(2019, 12, 24)]
    again = first_table.fit(until, first_table.FITTED_UNTIL, first_table.STATE_WEIGHT, vintage.data)
    assert again == vintage


def test_every_day_of_a_series_is_in_exactly_one_state(built):
    for counts in built[0].series.values():
        by_class = zip(*counts.states.values(), strict=True)
        assert tuple(sum(column) for column in by_class) == counts.days


def test_a_day_is_labelled_by_the_next_close_in_the_atr_known_before_it(built):
    day = next(d for d in built[1] if (d.series, d.session) == ("SPY", date(2020, 3, 13)))
    assert (day.labelled, day.outcome) == (date(2020, 3, 16), Label.BEARISH)


def test_skill_is_measured_against_the_series_own_base_rates(built):
    vintage, days = built
    spy = [d for d in days if d.series == "SPY" and d.session.year == 2019][:50]
    result = first_table.evaluate(vintage, spy)
    base = vintage.base_rates("SPY")
    assert result.base.tolist() == [rps(base, d.outcome) for d in spy]


def test_the_file_reads_back_as_a_vintage():
    text = first_table.OUTPUT.read_bytes()
    assert Vintage.model_validate_json(text).id == "2020-01"
