"""Months of scored outcomes that the climatology of a table has not seen yet."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from shared.forecast.vintages import Counts, Vintage

# Outcomes by month ("2020-05") and instrument.
Months = Mapping[str, Mapping[str, Counts]]
CLOSED_AFTER = timedelta(days=7)  # late bars have come by then; a table keeps the same distance


def month_of(day: date) -> str:
    """Name the month of a session."""
    return f"{day:%Y-%m}"


def closed_month(today: date) -> str:
    """Name the newest month whose outcomes all count: a week must have passed since its end."""
    first = (today - CLOSED_AFTER).replace(day=1)
    return month_of(first - timedelta(days=1))


def recalibrated(vintage: Vintage, months: Months, as_of: datetime) -> Vintage:
    """Add to a table's climatology the months that it has not seen and that had closed by then.

    Shape: whole months after that of the table's last label; the logistic stays as it was fitted.
    The id names them: "2020-01+2020-01..2020-05", spans apart by commas where a month is lacking.
    """
    newest = closed_month(as_of.date())
    seen = month_of(vintage.fitted_until)
    added = sorted(month for month in months if seen < month <= newest)
    if not added:
        return vintage
    instruments = dict(vintage.instruments)
    pooled = vintage.pooled
    for month in added:
        for symbol, counts in months[month].items():
            instruments[symbol] = _sum(instruments.get(symbol, (0, 0, 0)), counts)
            pooled = _sum(pooled, counts)
    changes = {"instruments": instruments, "pooled": pooled, "id": f"{vintage.id}+{_spans(added)}"}
    return vintage.model_copy(update=changes)


def _spans(months: Sequence[str]) -> str:
    """Name ascending months by the spans that they fill."""
    spans: list[tuple[str, str]] = []
    for month in months:
        if spans and month == _after(spans[-1][1]):
            spans[-1] = (spans[-1][0], month)
        else:
            spans.append((month, month))
    return ",".join(first if first == last else f"{first}..{last}" for first, last in spans)


def _after(month: str) -> str:
    return month_of(date.fromisoformat(f"{month}-01") + timedelta(days=31))


def _sum(one: Counts, other: Counts) -> Counts:
    return (one[0] + other[0], one[1] + other[1], one[2] + other[2])
