"""Fold runs and coverage of every account into the service levels of each broker and day.

One sweeper, on the hour with the reconciliation, and no document that every sync writes: an account
has a contribution of its own (`service_contributions`), folded from its runs since the last sweep,
and `service_levels` (one a broker and day) are the sums over all contributions, written over what
was there. A sweep that ran twice, or died half-way, therefore changes nothing; of two at once the
one that began later stays. It holds one page of accounts and 36 days of each broker in memory, and
reads per account itself, its contribution, two coverage maps, its connections and about four runs
an hour: some 100,000 documents an hour for 10,000 connections with one account each.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from shared.domain.ids import UserId
from shared.domain.sync.schedule import QUARTERLY, Schedule
from shared.domain.sync.service_level import imbalance
from shared.domain.time import from_micros, to_micros
from shared.journal.coverage import DayCoverage, read_days
from shared.journal.imports.importing import FILES
from shared.journal.service_levels.contribution import (
    Contribution,
    first_day,
    read_contribution,
    write_contribution,
)
from shared.journal.service_levels.totals import AccountLevel, Totals
from shared.journal.tombstones import is_erased
from shared.ports import (
    Body,
    Clock,
    Create,
    Delete,
    Document,
    Documents,
    Entropy,
    Key,
    Query,
    Update,
)
from shared.retry import compare_and_set
from shared.scanning import every, for_each

_log = logging.getLogger(__name__)

# A run takes up to half an hour to its last receipt: younger quarter-hours are not judged.
_GRACE = timedelta(minutes=45)
_ALWAYS = from_micros(0)


@dataclass(frozen=True, slots=True)
class LevelsReport:
    """What a sweep did: accounts seen, runs whose counts do not add up, documents written.

    Shape: `failed` counts accounts that could not be folded: the figures are without them.
    """

    accounts: int
    unbalanced: int
    written: int
    failed: int = 0


@dataclass(frozen=True, slots=True)
class SweepServiceLevels:
    """The use case behind the scheduler's hourly post.

    Shape: `schedules` says by name when each broker is asked.
    """

    documents: Documents
    clock: Clock
    entropy: Entropy
    schedules: Mapping[str, Schedule] = field(default_factory=dict)

    async def sweep(self) -> LevelsReport:
        """Fold what is new and write each broker's days.

        Idempotent: figures are recomputed, never added to.
        Raises: StoreUnavailable, or what the first account failed with when all did.
        """
        now = self.clock.now()
        totals, unbalanced = Totals(now), 0
        failed = 0

        async def fold(account: Document) -> tuple[AccountLevel, int] | None:
            return await self._account(account, now)

        async for _, found in for_each(self.documents, Query("accounts", None), fold):
            if isinstance(found, Exception):
                failed += 1
            elif found is not None:
                level, faulty = found
                totals.add(level)
                unbalanced += faulty
        async for login in every(self.documents, Query("connections", None)):
            if not login.body["account_keys"]:
                totals.add_unlisted(login.body["broker"], resting=not login.body["schedulable"])
        written = sum([await self._write(totals, broker) for broker in totals.brokers])
        return LevelsReport(totals.accounts, unbalanced, written, failed)

    async def _account(self, account: Document, now: datetime) -> tuple[AccountLevel, int] | None:
        user_id, key = UserId(account.key.path[0]), account.key.id
        place = Key("service_contributions", (user_id, key))
        if is_erased(account.body) or account.body["broker"] == FILES:  # no broker serves a file
            await self.documents.commit([Delete(place)])
            return None
        connections = [Key("connections", (user_id, c)) for c in account.body["connection_ids"]]
        years = sorted({first_day(to_micros(now)).year, now.year})
        maps = [Key("coverage", (user_id, f"{key}-{year:04d}")) for year in years]
        found = await self.documents.get_many([*connections, *maps])
        resting = _resting_since(account.body, found[: len(connections)])
        faults: dict[int, str] = {}  # by run number

        async def fold() -> Contribution:
            return await self._fold(account, place, now, resting, faults)

        contribution = await compare_and_set(self.clock, self.entropy, fold)
        for run, fault in faults.items():
            fields = {"account_key": key, "run_id": run, "fault": fault}
            _log.error("service_levels.run_does_not_add_up", extra=fields)
        covered: dict[date, DayCoverage] = {}
        for one in found[len(connections) :]:
            covered |= read_days(one.body) if one is not None else {}
        level = AccountLevel(
            broker=account.body["broker"],
            contribution=contribution,
            covered=covered,
            known_since=from_micros(account.body["first_seen_us"]).date(),
            complete_until=_complete_until(account.body, contribution),
            resting_since=resting,
        )
        return level, len(faults)

    async def _fold(
        self,
        account: Document,
        place: Key,
        now: datetime,
        resting: datetime | None,
        faults: dict[int, str],
    ) -> Contribution:
        (stored,) = await self.documents.get_many([place])
        before = read_contribution(stored.body) if stored else Contribution()
        faults.clear()
        after = before
        for run in await self._runs(account.key, before):
            if imbalance(run):
                faults[run["run"]] = imbalance(run)
            after = after.with_run(run)
        floor = first_day(to_micros(now))
        since_us = max(
            account.body["first_seen_us"],
            to_micros(datetime(floor.year, floor.month, floor.day, tzinfo=UTC)),
        )
        until_us = to_micros(now - _GRACE)
        due_until_us = until_us if resting is None else to_micros(resting)
        schedule = self.schedules.get(account.body["broker"], QUARTERLY)
        judged = after.judged(since_us, until_us, due_until_us=due_until_us, schedule=schedule)
        after = judged.since(floor)
        body = write_contribution(account.body["broker"], after)
        if stored is None:
            await self.documents.commit([Create(place, body)])
        elif after != before:
            await self.documents.commit([Update(place, body, stored.version)])
        return after

    async def _runs(self, account: Key, before: Contribution) -> list[Body]:
        """Read the runs that are new, and the older ones that had not come to their end."""
        user_id = account.path[0]
        older = [
            Key("runs", (user_id, f"{account.id}-{number:012d}"))
            for number in sorted(before.waiting)
        ]
        known = [one.body for one in await self.documents.get_many(older) if one is not None]
        query = Query(
            "runs",
            (user_id,),
            {"account_key": account.id},
            order_by="run",
            at_least=before.through + 1,
        )
        return known + [one.body async for one in every(self.documents, query)]

    async def _write(self, totals: Totals, broker: str) -> int:
        """Write a broker's days over what an earlier sweep said of them."""

        async def write() -> int:
            days = totals.days(broker)
            keys = [Key("service_levels", (f"{broker}-{day.isoformat()}",)) for day in days]
            found = await self.documents.get_many(keys)
            writes: list[Create | Update] = []
            for key, day, stored in zip(keys, days, found, strict=True):
                if stored is not None and stored.body["swept_us"] > to_micros(totals.now):
                    continue  # by a sweep that began later
                body = totals.body(broker, day, stored.body if stored else None)
                if stored is None:
                    writes.append(Create(key, body))
                elif {**body["level"], "as_of": ""} != {**stored.body["level"], "as_of": ""}:
                    writes.append(Update(key, body, stored.version))
            if writes:
                await self.documents.commit(writes)
            return len(writes)

        return await compare_and_set(self.clock, self.entropy, write)


def _resting_since(account: Body, connections: Sequence[Document | None]) -> datetime | None:
    """Tell since when an account waits for its user; None while any login may reach it."""
    if account.get("vanished_us") is not None:
        return from_micros(account["vanished_us"])
    known = [one.body for one in connections if one is not None]
    if any(one["schedulable"] for one in known):
        return None
    return max((datetime.fromisoformat(c["health"]["since"]) for c in known), default=_ALWAYS)


def _complete_until(account: Body, contribution: Contribution) -> datetime | None:
    """Take the newest closed window's end, or the cursor where a lost page sent that back."""
    if contribution.complete_us is None or account["cursor_us"] is None:
        return None
    return from_micros(min(contribution.complete_us, account["cursor_us"]))
