"""Step 2: which scheduled events lie ahead, without a guess at which side they favour."""

import re
from collections.abc import Sequence
from datetime import datetime

from shared.domain.market.events import CalendarEvent, Impact
from shared.features import surprise
from shared.features.definitions import Definition, Missing, Value, missing_all
from shared.features.inputs import FeatureInputs

_TODAY = "between the previous close and this session's close"
DEFINITIONS = (
    Definition("hours_to_high", "hours", 1, "Hours to the next High event of its currencies."),
    Definition("next_high", "text", 0, "Currency and title of that event."),
    Definition("high_today", "count", 0, f"High events {_TODAY}."),
    Definition("medium_today", "count", 0, f"Medium events {_TODAY}."),
    Definition("high_tomorrow", "count", 0, "High events from this session's close to the next."),
    Definition("medium_tomorrow", "count", 0, "Medium events from this close to the next."),
    Definition("cpi_today", "flag", 0, f"1 if consumer prices are released {_TODAY}."),
    Definition("payrolls_today", "flag", 0, f"1 if US payrolls are released {_TODAY}."),
    Definition("central_bank_today", "flag", 0, f"1 if FOMC, ECB, BoE or BoJ decide {_TODAY}."),
    Definition("fomc_today", "flag", 0, f"1 if the Federal Reserve decides {_TODAY}."),
    Definition("ecb_today", "flag", 0, f"1 if the European Central Bank decides {_TODAY}."),
    Definition("boe_today", "flag", 0, f"1 if the Bank of England decides {_TODAY}."),
    Definition("boj_today", "flag", 0, f"1 if the Bank of Japan decides {_TODAY}."),
    Definition("holiday_today", "flag", 0, "1 if a country of its currencies has a holiday."),
    *surprise.DEFINITIONS,
)

_CPI = re.compile(r"\b(CPI|consumer price)", re.IGNORECASE)
# the official count; the estimates of a payroll firm (ADP) of two days before are another release
_PAYROLLS = re.compile(r"^(?!.*\bADP\b).*non-?farm (payrolls|employment)", re.IGNORECASE)
# which currency's events, and which titles, are a bank's decision
_BANKS = {
    "fomc": ("USD", r"FOMC statement|federal funds rate"),
    "ecb": ("EUR", r"monetary policy (decision|statement)|main refinancing rate"),
    "boe": ("GBP", r"bank rate|monetary policy (decision|summary)"),
    "boj": ("JPY", r"BOJ policy rate|Bank of Japan policy|monetary policy (decision|statement)"),
}
_DECISIONS = {bank: (c, re.compile(p, re.IGNORECASE)) for bank, (c, p) in _BANKS.items()}


def compute(inputs: FeatureInputs) -> dict[str, Value]:
    """Count and name the events of the instrument's currencies."""
    if inputs.events is None:
        return missing_all(DEFINITIONS, "no economic calendar was known at the as-of")
    wanted = {*inputs.instrument.calendar_currencies, "All"}
    events = sorted((e for e in inputs.events if e.currency in wanted), key=_order)
    before, close, after = inputs.edges
    today, tomorrow = _between(events, before, close), _between(events, close, after)
    holidays = [e for e in events if e.impact is Impact.HOLIDAY and e.at.date() == inputs.session]
    banks: dict[str, Value] = {
        f"{bank}_today": _titled([e for e in today if e.currency == currency], pattern)
        for bank, (currency, pattern) in _DECISIONS.items()
    }
    return (
        _next_high(events, inputs.as_of)
        | surprise.compute(events, inputs.as_of)
        | banks
        | {
            "high_today": _count(today, Impact.HIGH),
            "medium_today": _count(today, Impact.MEDIUM),
            "high_tomorrow": _count(tomorrow, Impact.HIGH),
            "medium_tomorrow": _count(tomorrow, Impact.MEDIUM),
            "cpi_today": _titled(today, _CPI),
            "payrolls_today": _titled([e for e in today if e.currency == "USD"], _PAYROLLS),
            "central_bank_today": int(any(banks.values())),
            "holiday_today": int(bool(holidays)),
        }
    )


def _order(event: CalendarEvent) -> tuple[datetime, str, str]:
    return (event.at, event.currency, event.title)


def _between(
    events: Sequence[CalendarEvent], after: datetime, until: datetime
) -> list[CalendarEvent]:
    return [e for e in events if after < e.at <= until]


def _count(events: Sequence[CalendarEvent], impact: Impact) -> int:
    return sum(e.impact is impact for e in events)


def _titled(events: Sequence[CalendarEvent], pattern: re.Pattern[str]) -> int:
    return int(any(pattern.search(e.title) for e in events))


def _next_high(events: Sequence[CalendarEvent], as_of: datetime) -> dict[str, Value]:
    ahead = next((e for e in events if e.at > as_of and e.impact is Impact.HIGH), None)
    if ahead is None:
        nothing = Missing("the calendar as known holds no later High event")
        return {"hours_to_high": nothing, "next_high": nothing}
    hours = (ahead.at - as_of).total_seconds() / 3600
    return {"hours_to_high": hours, "next_high": f"{ahead.currency} {ahead.title}"}
