"""Outcomes by month in the document store, for the climatology that forecasts are made around."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from shared.domain.bias import Label
from shared.domain.errors import AlreadyExists
from shared.domain.time import to_micros
from shared.forecast.recalibration import Months
from shared.forecast.vintages import CLASSES, Counts
from shared.ports import Clock, Create, Documents, Key, Query

_MOST = 120  # months: ten years after the newest table


class OutcomeMonths:
    """What each month's sessions turned out to be; a month is written once, when it has closed."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents = documents
        self._clock = clock

    async def read(self, after: date) -> Months:
        """Return the months after that of a table's last label.

        Raises: StoreUnavailable.
        """
        query = Query(
            "outcome_months",
            parent=(),
            order_by="month",
            at_least=f"{after:%Y-%m}",
            limit=_MOST,
        )
        page = await self._documents.scan(query)
        return {d.body["month"]: _counts(d.body["counts"]) for d in page.documents}

    async def has(self, month: str) -> bool:
        """Tell whether a month is written."""
        (found,) = await self._documents.get_many([Key("outcome_months", (month,))])
        return found is not None

    async def write(self, month: str, scores: Iterable[Mapping[str, Any]]) -> None:
        """Count a closed month's scores by instrument.

        Idempotent: a month that is there stays.
        """
        found = Counter((s["instrument"], Label(s["outcome"])) for s in scores)
        symbols = sorted({symbol for symbol, _ in found})
        body = {
            "month": month,
            "counts": {s: [found[s, label] for label in CLASSES] for s in symbols},
            "written_us": to_micros(self._clock.now()),
        }
        try:
            await self._documents.commit([Create(Key("outcome_months", (month,)), body)])
        except AlreadyExists:
            return  # another worker counted the same scores


def _counts(raw: Mapping[str, list[int]]) -> dict[str, Counts]:
    return {symbol: (bear, neutral, bull) for symbol, (bear, neutral, bull) in raw.items()}
