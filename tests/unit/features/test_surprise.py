from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.market.events import CalendarEvent, Impact
from shared.features.definitions import Missing
from shared.features.surprise import compute, value_of

NOW = datetime(2022, 8, 10, 13, 0, tzinfo=UTC)


def release(days_ago, actual, forecast="0.2%", title="CPI m/m"):
    return CalendarEvent(
        at=NOW - timedelta(days=days_ago),
        currency="USD",
        impact=Impact.HIGH,
        title=title,
        actual=actual,
        forecast=forecast,
        source="test",
    )


PAST = [release(30 * n, "0.3%" if n % 2 else "0.1%") for n in range(1, 9)]  # surprises of ±0.1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.6%", (0.6, "%")),
        ("-11.2K", (-11200.0, "")),
        ("50.6", (50.6, "")),
        ("2.50T", (2.5e12, "")),
        ("<1.00%", (1.0, "%")),
        ("5.04|3.1", None),
        ("2-0-7", None),
        ("1.00-1.25%", None),
        ("", None),
        (None, None),
    ],
)
def test_a_releases_text_is_read_as_value_and_unit_or_not_at_all(text, value):
    assert value_of(text) == (pytest.approx(value) if value is None else value)


def test_a_surprise_is_measured_by_the_past_ones_of_its_series():
    values = compute([*PAST, release(0.25, "0.5%")], NOW)
    assert values["surprise"] == pytest.approx(0.3 / (8 * 0.01 / 7) ** 0.5)
    assert values["surprise_of"] == "USD CPI m/m"
    assert values["surprise_hours"] == 6.0


def test_other_series_do_not_count_as_its_past():
    others = [release(30 * n, "0.3%", title="PPI m/m") for n in range(1, 9)]
    values = compute([*others, release(0.25, "0.5%")], NOW)
    assert values["surprise"] == Missing(
        "no release has 8 earlier surprises in the calendar as known"
    )


def test_what_was_not_released_yet_is_no_surprise():
    values = compute([*PAST, release(-1, "9.9%")], NOW)
    assert values["surprise"] == Missing(
        "no release has 8 earlier surprises in the calendar as known"
    )


def test_a_calendar_without_values_says_so():
    values = compute([release(1, None)], NOW)
    assert values["surprise_of"] == Missing(
        "no released value with its forecast is in the calendar as known"
    )


def test_a_percentage_is_not_compared_with_a_count():
    assert isinstance(compute([*PAST, release(0.25, "5")], NOW)["surprise"], Missing)


def test_a_release_without_a_past_gives_way_to_the_newest_that_has_one():
    first_of_its_kind = release(0.1, "0.9%", title="PPI m/m")
    values = compute([*PAST, release(0.25, "0.5%"), first_of_its_kind], NOW)
    assert (values["surprise_of"], values["surprise_hours"]) == ("USD CPI m/m", 6.0)


def test_of_two_releases_of_one_instant_the_farther_one_from_its_forecast_counts():
    other = [event.model_copy(update={"title": "Core CPI m/m"}) for event in PAST]
    together = [release(0.25, "0.1%"), release(0.25, "-0.5%", title="Core CPI m/m")]
    values = compute([*PAST, *other, *together], NOW)
    assert values["surprise_of"] == "USD Core CPI m/m"
    assert values["surprise"] == pytest.approx(-0.7 / (8 * 0.01 / 7) ** 0.5)
