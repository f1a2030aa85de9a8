import pytest

from infra.fit.sample import fingerprint
from shared.forecast.vintages import load_vintages


@pytest.fixture(scope="module")
def today():
    return fingerprint()


@pytest.mark.parametrize("table", load_vintages(), ids=lambda v: v.id)
def test_a_committed_table_was_fitted_on_what_the_forecast_reads_today(table, today):
    assert table.inputs == today, (
        "what the forecast reads has changed since its tables were fitted: refit "
        "(python -m infra.fit.vintages), rerun daybias backtest, update docs/reference/forecast.md"
    )


def test_another_length_of_the_year_leaves_another_fingerprint(today, monkeypatch):
    monkeypatch.setattr("shared.domain.market.instrument.Instrument.sessions_a_year", 252)
    assert fingerprint() != today
