"""The days of an account follow one root: its figures are put in, those of other roots stay."""

from collections.abc import Iterable
from datetime import date

from shared.domain.journal.days import Days
from shared.domain.journal.performance import DayFigures
from shared.journal.projection.checkpoints import RootLog
from shared.journal.projection.documents import day_body, day_key, read_day
from shared.journal.projection.gated_writes import GatedWrites
from shared.ports import Document, Query
from shared.scanning import every


async def put_changed_days(log: RootLog, changes: Days, writes: GatedWrites) -> None:
    """Add what the rows of a root brought since they were last counted.

    Raises: StoreUnavailable.
    """
    days = sorted({figures.day for figures in changes.figures(log.root)})
    keys = [day_key(log.user_id, log.account_key, day) for day in days]
    found = await log.documents.get_many(keys) if keys else []
    for day, document in zip(days, found, strict=True):
        figures = Days()
        for part in _parts(document):
            if part.root == log.root:
                figures.on(day, part.currency).add(part)
        figures.add(changes.of(day))
        _put_day(log, day, document, figures.figures(log.root), writes)


async def put_all_days(log: RootLog, days: Days, writes: GatedWrites) -> None:
    """Let the figures of a root be these and no others, on whatever day.

    Raises: VersionChanged, StoreUnavailable.
    """
    wanted: dict[date, list[DayFigures]] = {}
    for figures in days.figures(log.root):
        wanted.setdefault(figures.day, []).append(figures)
    where = {"account_key": log.account_key}
    query = Query("daily", (log.user_id,), where=where, order_by="day")
    async for document in every(log.documents, query):
        day = date.fromisoformat(document.body["day"])
        _put_day(log, day, document, wanted.pop(day, []), writes)
        await writes.relieve()
    for day, figures_of_day in wanted.items():
        _put_day(log, day, None, figures_of_day, writes)
        await writes.relieve()


def _put_day(
    log: RootLog,
    day: date,
    found: Document | None,
    figures: Iterable[DayFigures],
    writes: GatedWrites,
) -> None:
    parts = [*(part for part in _parts(found) if part.root != log.root), *figures]
    if parts:
        key = day_key(log.user_id, log.account_key, day)
        writes.put(key, found, day_body(log.account_key, day, parts))
    elif found is not None:
        writes.delete(found)


def _parts(found: Document | None) -> tuple[DayFigures, ...]:
    return () if found is None else read_day(found.body)
