"""Scored months in the document store: outcomes for the base rates, leans for a model's weight."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from shared.domain.bias import Label
from shared.domain.errors import AlreadyExists
from shared.domain.time import to_micros
from shared.forecast.model_weight import LeanDay
from shared.forecast.recalibration import Months
from shared.forecast.vintages import CLASSES, Counts
from shared.ports import Body, Clock, Create, Documents, Key, Query
from shared.scanning import every


class OutcomeMonths:
    """What each month's sessions turned out to be; a month is written once, when it has closed."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents = documents
        self._clock = clock

    async def read(self, after: date) -> Months:
        """Return the months after that of a table's last label.

        Raises: StoreUnavailable.
        """
        return {b["month"]: _counts(b["counts"]) for b in await self._bodies(after)}

    async def _bodies(self, after: date) -> list[Body]:
        query = Query(
            "outcome_months",
            parent=(),
            order_by="month",
            at_least=f"{after:%Y-%m}",
        )
        return [found.body async for found in every(self._documents, query)]

    async def lean_days(self, provider: str, model: str, after: date) -> list[LeanDay]:
        """Return what a model's leans of record were worth, session by session, after that month.

        Raises: StoreUnavailable.
        """
        return [
            LeanDay(**{**raw, "session": date.fromisoformat(raw["session"])})
            for body in await self._bodies(after)
            for raw in body.get("leans", ())
            if (raw["provider"], raw["model"]) == (provider, model)
        ]

    async def has(self, month: str) -> bool:
        """Tell whether a month is written."""
        (found,) = await self._documents.get_many([Key("outcome_months", (month,))])
        return found is not None

    async def write(self, month: str, scores: Sequence[Mapping[str, Any]]) -> None:
        """Count a closed month's outcomes by instrument, and add up its leans by model and session.

        Shape: an outcome is what happened, and counts always; a lean only where its score does.
        Idempotent: a month that is there stays.
        """
        found = Counter((s["instrument"], Label(s["outcome"])) for s in scores)
        symbols = sorted({symbol for symbol, _ in found})
        body = {
            "month": month,
            "counts": {s: [found[s, label] for label in CLASSES] for s in symbols},
            "leans": _lean_sums(scores),
            "written_us": to_micros(self._clock.now()),
        }
        try:
            await self._documents.commit([Create(Key("outcome_months", (month,)), body)])
        except AlreadyExists:
            return  # another worker counted the same scores


def _counts(raw: Mapping[str, list[int]]) -> dict[str, Counts]:
    return {symbol: (bear, neutral, bull) for symbol, (bear, neutral, bull) in raw.items()}


def _lean_sums(scores: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    found: dict[tuple[str, str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for score in scores:
        if score.get("counts") and (lean := score.get("lean")):
            found[lean["provider"], lean["model"], score["session"]].append(lean)
    return [
        {
            "provider": provider,
            "model": model,
            "session": session,
            "n": len(leans),
            "rules": sum(lean["rules_rps"] for lean in leans),
            "mixed": sum(lean["mixed_rps"] for lean in leans),
        }
        for (provider, model, session), leans in sorted(found.items())
    ]
