"""Opening lots kept in line with the first report: read, worked out, written, built."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from shared.domain.ids import AccountKey, UserId
from shared.domain.journal.book import build_book
from shared.domain.journal.opening import LotOrigin, OpeningLot
from shared.domain.messages import JournalChanged
from shared.domain.money import no_digit_lost
from shared.domain.time import from_micros
from shared.journal.build import BuildJournal
from shared.journal.coverage import DayCoverage, Days, read_days
from shared.journal.projection.basis import lot_body, lot_key, read_lot
from shared.journal.projection.staleness import stale_roots
from shared.journal.reconciliation.comparison import Line
from shared.journal.reconciliation.holdings import OurHoldings
from shared.journal.reconciliation.opening import Reported, by_symbol, inferred_lots
from shared.journal.reconciliation.pooled import flows
from shared.journal.storing.log import NO_ROOT
from shared.ports import (
    Clock,
    Create,
    Delete,
    Document,
    Documents,
    Entropy,
    JsonScalar,
    Key,
    Query,
    Update,
    Write,
)
from shared.retry import compare_and_set
from shared.scanning import batches, every


@dataclass(frozen=True, slots=True)
class Baseline:
    """The first report of an account that stands on a run which has closed.

    Shape: `begins_at` is from when on every row is known: from the first window, or from behind the
    last day that the broker had forgotten.
    """

    report: Document
    begins_at: datetime

    @property
    def name(self) -> str:
        """Name the report."""
        return self.report.key.id


@dataclass(frozen=True, slots=True)
class OpeningLots:
    """The use case of one account."""

    documents: Documents
    clock: Clock
    entropy: Entropy
    user_id: UserId
    account_key: AccountKey

    async def baseline(self) -> Baseline | None:
        """Find the first report that can be relied on; None while there is none, or a gap is.

        Raises: StoreUnavailable.
        """
        closed = [run.body async for run in every(self.documents, self._closed_runs())]
        days = await self._days()
        if not closed or any(told.to_be_read for told in days.values()):
            return None
        begins_at = from_micros(min(run["window_from_us"] for run in closed))
        numbers = {run["run"]: ZoneInfo(run["zone"]) for run in closed}
        reports = Query("position_reports", (self.user_id,), self._where(), order_by="at_us")
        async for report in every(self.documents, reports):
            zone = numbers.get(report.body["run"])
            if zone is not None:
                taken_on = from_micros(report.body["at_us"]).astimezone(zone).date()
                lost = [day for day, told in days.items() if told.lost and day < taken_on]
                known_from = [begins_at, *(_day_after(day, zone) for day in lost)]
                return Baseline(report, max(known_from))
        return None

    async def keep(self, baseline: Baseline) -> list[str]:
        """Bring the inferred lots in line with the report; return the roots that were built anew.

        Lots that the user stated stand as they are.
        Idempotent.
        Raises: StoreUnavailable.
        """
        wanted = {self._key(lot): lot for lot in await self._wanted(baseline)}

        def changes(kept: dict[Key, Document]) -> Sequence[tuple[Write, str]]:
            return _changes(kept, wanted, self.account_key)

        return await self._change(changes, baseline.begins_at)

    async def catch_up(self) -> None:
        """Build what does not follow from the stored basis: a crash came before its build.

        Raises: StoreUnavailable.
        """
        stale = await stale_roots(self.documents, self.user_id, self.account_key)
        await self._build(stale, from_micros(0))

    async def drop_needless(self, differing: Sequence[Line]) -> list[str]:
        """Drop the inferred lots without which both sides agree; return the roots built anew.

        A row that is dated before the first report can come after it and have moved nothing until
        then: against that report it looks like something that was held.
        Raises: StoreUnavailable.
        """
        with no_digit_lost():
            over = {line.symbol: line.ours - line.theirs for line in differing}

        def changes(kept: dict[Key, Document]) -> Sequence[tuple[Write, str]]:
            return [
                (Delete(key, found.version), found.body["root"])
                for key, found in kept.items()
                if _is_inferred(found) and over.get(read_lot(found.body).symbol) == _units(found)
            ]

        return await self._change(changes, from_micros(0))

    async def _change(
        self,
        changes: Callable[[dict[Key, Document]], Sequence[tuple[Write, str]]],
        changed_from: datetime,
    ) -> list[str]:
        roots: set[str] = set()  # also of what was written before a conflict

        async def write() -> None:
            query = Query("opening_lots", (self.user_id,), self._where(), order_by="held_us")
            found = changes({one.key: one async for one in every(self.documents, query)})
            for some in batches(found):
                await self.documents.commit([change for change, _ in some])
                roots.update(root for _, root in some)

        await compare_and_set(self.clock, self.entropy, write)
        await self._build(sorted(roots), changed_from)
        return sorted(roots)

    async def _build(self, roots: Sequence[str], changed_from: datetime) -> None:
        if not roots:
            return
        changed = JournalChanged(
            user_id=self.user_id,
            account_key=self.account_key,
            roots=tuple(roots),
            changed_from=changed_from,
        )
        await BuildJournal(self.documents, self.clock, self.entropy).build(changed)

    async def _wanted(self, baseline: Baseline) -> list[OpeningLot]:
        report = baseline.report.body
        traded = await self._roots(report["at_us"])
        ours = OurHoldings(self.documents, self.user_id, self.account_key)
        told = [Reported.of(body, report["currency"]) for body in report["positions"]]
        if report.get("pooled"):
            told = await self._by_symbol(ours, told, baseline, set(traded.values()))
        reported: defaultdict[str, list[Reported]] = defaultdict(list)
        for one in told:
            reported[traded.get(one.symbol, one.root)].append(one)
        lots: list[OpeningLot] = []
        for root in sorted({*reported, *traded.values()}):
            log = await ours.log(root, until_us=report["at_us"])
            known = [(e.key, e.row) for e in log if e.row.occurred_at >= baseline.begins_at]
            lots += inferred_lots(root, known, reported[root], baseline.begins_at)
        return lots

    async def _by_symbol(
        self, ours: OurHoldings, told: Sequence[Reported], baseline: Baseline, roots: set[str]
    ) -> list[Reported]:
        """Tell a report of coins by the symbols that they were traded by."""
        at_us: int = baseline.report.body["at_us"]
        held: dict[str, Decimal] = {}
        for root in sorted(roots):
            log = await ours.log(root, until_us=at_us)
            known = [(e.key, e.row) for e in log if e.row.occurred_at >= baseline.begins_at]
            held |= {one.symbol: one.quantity for one in build_book(root, known).positions}
        assets = await ours.assets()
        names = {one.asset for one in told} | set(assets.values())
        return by_symbol(told, held, assets, await flows(ours, names, at_us))

    async def _roots(self, at_us: int) -> dict[str, str]:
        """Tell under which root each symbol was traded."""
        query = Query(
            "executions", (self.user_id,), self._where(), order_by="at_us", below=at_us + 1
        )
        return {
            row.body["body"]["symbol"]: row.body["root"]
            async for row in every(self.documents, query)
            if row.body["root"] != NO_ROOT
        }

    async def _days(self) -> Days:
        query = Query("coverage", (self.user_id,), self._where(), order_by="year")
        days: dict[date, DayCoverage] = {}
        async for year in every(self.documents, query):
            days |= read_days(year.body)
        return days

    def _closed_runs(self) -> Query:
        where = {**self._where(), "state": "closed"}
        return Query("runs", (self.user_id,), where, order_by="run")

    def _where(self) -> dict[str, JsonScalar]:
        return {"account_key": self.account_key}

    def _key(self, lot: OpeningLot) -> Key:
        return lot_key(self.user_id, self.account_key, lot)


def _day_after(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), zone)


def _changes(
    kept: dict[Key, Document], wanted: dict[Key, OpeningLot], account_key: AccountKey
) -> Sequence[tuple[Write, str]]:
    """List what turns the kept lots into the wanted ones, each with its root."""
    changes: list[tuple[Write, str]] = []
    for key, lot in wanted.items():
        found, body = kept.get(key), lot_body(account_key, lot)
        if found is None:
            changes.append((Create(key, body), lot.root))
        elif _is_inferred(found) and dict(found.body) != body:
            changes.append((Update(key, body, found.version), lot.root))
    for key, found in kept.items():
        if key not in wanted and _is_inferred(found):
            changes.append((Delete(key, found.version), found.body["root"]))
    return changes


def _units(found: Document) -> Decimal:
    return read_lot(found.body).quantity


def _is_inferred(found: Document) -> bool:
    return read_lot(found.body).origin is LotOrigin.INFERRED
