from datetime import UTC, datetime, timedelta

import pytest

from shared.bias.evidence.releases import release_documents
from shared.domain.market.events import CalendarEvent, Impact
from shared.market.providers import CalendarBody

AT = datetime(2020, 5, 12, 12, 30, tzinfo=UTC)
BEFORE, AFTER = AT - timedelta(hours=1), AT + timedelta(hours=1)


def event(**changes) -> CalendarEvent:
    fields = {
        "at": AT,
        "currency": "USD",
        "impact": Impact.HIGH,
        "title": "CPI m/m",
        "forecast": "-0.7%",
        "source": "a calendar",
    }
    return CalendarEvent.model_validate(fields | changes)


def body(at: datetime, *events: CalendarEvent) -> CalendarBody:
    return CalendarBody("official", at, events)


def documents(now: CalendarBody, before: CalendarBody | None = None):
    return list(release_documents(now, before))


def test_a_release_is_told_with_the_values_that_were_known():
    (found,) = documents(body(AFTER, event(actual="-0.8%")))
    assert found.title == "USD CPI m/m"
    assert found.text == (
        "High-impact release at 2020-05-12 12:30 UTC, actual -0.8%, forecast -0.7%."
    )
    assert (found.known_at, found.happened_at) == (AFTER, AT)


def test_a_value_that_nobody_gave_is_not_told():
    (found,) = documents(body(AFTER, event(forecast=None)))
    assert found.text == "High-impact release at 2020-05-12 12:30 UTC, no value is given."


def test_a_body_that_tells_nothing_new_gives_no_document():
    assert documents(body(AFTER, event()), body(BEFORE, event())) == []


def test_a_value_that_came_is_another_version_of_the_same_release():
    (first,) = documents(body(BEFORE, event()))
    (second,) = documents(body(AFTER, event(actual="-0.8%")), body(BEFORE, event()))
    assert (first.name, first.known_at) == (second.name, BEFORE)
    assert second.known_at == AFTER


@pytest.mark.parametrize(
    ("currency", "concerned", "spared"),
    [("USD", "ES", None), ("JPY", "USDJPY", "ES"), ("All", "BTCUSD", None), ("NOK", None, "ES")],
)
def test_a_release_concerns_who_reads_the_calendar_of_its_currency(currency, concerned, spared):
    (found,) = documents(body(AFTER, event(currency=currency)))
    assert concerned is None or concerned in found.instruments
    assert spared is None or spared not in found.instruments


def test_a_holiday_is_no_release():
    (found,) = documents(body(AFTER, event(impact=Impact.HOLIDAY)))
    assert found.text.startswith("Public holiday at")
