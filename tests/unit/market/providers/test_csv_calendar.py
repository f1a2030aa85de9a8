from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.errors import ContractBroken
from shared.market.providers.csv_calendar import CsvCalendar
from tests.open_market import DATA

GDP = datetime(2020, 5, 28, 12, 30, tzinfo=UTC)


async def gdp_at(now):
    body = await CsvCalendar(DATA).fetch(now)
    return next(e for e in body.events if e.at == GDP and e.title.startswith("GDP"))


async def test_a_value_is_hidden_until_its_release():
    assert (await gdp_at(GDP - timedelta(seconds=1))).actual is None
    assert (await gdp_at(GDP)).actual == "-5.0%"


async def test_an_unscheduled_decision_is_unknown_until_it_comes():
    came = datetime(2020, 3, 15, 21, 0, tzinfo=UTC)

    async def titles(now):
        return [e.title for e in (await CsvCalendar(DATA).fetch(now)).events if e.at == came]

    assert await titles(came - timedelta(seconds=1)) == []
    assert await titles(came) == ["FOMC statement (unscheduled)"]


async def test_events_come_in_the_order_of_time_and_stay_near_now():
    now = datetime(2020, 5, 29, 12, 15, tzinfo=UTC)
    events = (await CsvCalendar(DATA).fetch(now)).events
    assert [e.at for e in events] == sorted(e.at for e in events)
    assert all(now - timedelta(days=8) <= e.at <= now + timedelta(days=22) for e in events)
    assert len(events) == 29


async def test_a_row_that_is_no_event_breaks_the_contract_and_names_its_line(tmp_path):
    (tmp_path / "calendar").mkdir()
    text = "datetime_utc,currency,impact,title,actual,source\n2020-05-28T12:30:00Z,USD,Huge,x,,y\n"
    (tmp_path / "calendar" / "bad.csv").write_text(text)
    with pytest.raises(ContractBroken, match=r"bad\.csv:2"):
        await CsvCalendar(tmp_path).fetch(GDP)
