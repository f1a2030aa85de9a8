"""Sync runs: their numbers, their states, and the receipts that close them.

fetching ──▶ fetched (all pages published) ──▶ closed (receipts equal pages; its days are complete)
    └──────────────┴──▶ abandoned (if fetched: its days are a gap, the cursor goes back before them)
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import partial
from zoneinfo import ZoneInfo

from shared.brokers.spec import Window
from shared.domain.errors import LeaseHeld
from shared.domain.ids import UserId
from shared.domain.time import from_micros, to_micros
from shared.journal.accounts import Account, read_account, set_back
from shared.journal.coverage import (
    DayCoverage,
    DayState,
    coverage_writes,
    lost_day,
    touched_days,
    whole_days,
)
from shared.journal.visits.fetched import Fetched, RunOutcome
from shared.ports import (
    Body,
    Clock,
    Create,
    Document,
    Documents,
    Entropy,
    Key,
    Query,
    Update,
    Write,
)
from shared.retry import compare_and_set

_PATIENCE = timedelta(minutes=30)  # for receipts, and for a run that never came to its end
_COUNTED = ("new", "same", "revised", "superseded", "quarantined")


class RunState(StrEnum):
    """Where a run stands; it is sure of its rows once it is closed."""

    FETCHING = "fetching"
    FETCHED = "fetched"
    CLOSED = "closed"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class Runs:
    """Repository of the runs of accounts."""

    documents: Documents
    clock: Clock
    entropy: Entropy

    async def open(
        self, account: Account, connection_id: str, window: Window, fence: int, zone: ZoneInfo
    ) -> int:
        """Take the account's next number and write the run down before it does anything.

        Raises: StoreUnavailable.
        """
        run = await self._next_number(account)
        body: Body = {
            "account_key": account.key,
            "connection_id": connection_id,
            "run": run,
            "state": RunState.FETCHING.value,
            "fence": fence,
            "window_from_us": to_micros(window.since),
            "window_to_us": to_micros(window.until),
            "asked_to_us": to_micros(window.until),
            "zone": zone.key,
            "outcome": RunOutcome.UNDER_WAY.value,
            "reason": "",
            **Fetched(window, 0, 0, 0, {}, {}).body(),
            **dict.fromkeys(_COUNTED, 0),
            "started_us": to_micros(self.clock.now()),
            "fetched_us": None,
            "closed_us": None,
        }
        await self.documents.commit([Create(_key(account.user_id, account.key, run), body)])
        return run

    async def finish(self, account: Account, run: int, fetched: Fetched) -> None:
        """Write down how many pages were published; from now on receipts may close the run.

        Raises: LeaseHeld when another worker has given the run up meanwhile, StoreUnavailable.
        """
        fields = {
            **fetched.body(),
            "state": RunState.FETCHED.value,
            "outcome": (RunOutcome.CUT if fetched.cut else RunOutcome.COMPLETE).value,
            "window_to_us": to_micros(fetched.window.until),
            "fetched_us": to_micros(self.clock.now()),
        }
        if not await self._change(_key(account.user_id, account.key, run), fields):
            raise LeaseHeld(f"run {run} was given up by another worker")

    async def fail(self, account: Account, run: int, reason: str, fetched: Fetched) -> None:
        """Give up a run that did not come to its end; the cursor was never moved for it.

        Raises: StoreUnavailable.
        """
        failed = {"state": RunState.ABANDONED.value, "outcome": RunOutcome.FAILED.value}
        fields = {**fetched.body(), **failed, "reason": reason}
        await self._change(_key(account.user_id, account.key, run), fields)

    async def abandon_overdue(self, account: Account, zone: ZoneInfo) -> int:
        """Give up runs without an end or without all receipts for half an hour; return how many.

        The cursor goes back to where such a run began, so that its window is read again; until
        then its days are a gap.
        Raises: NotFound, StoreUnavailable.
        """
        return sum(
            [
                await self._abandon_overdue_in(account, state, zone)
                for state in (RunState.FETCHING, RunState.FETCHED)
            ]
        )

    async def _abandon_overdue_in(self, account: Account, state: RunState, zone: ZoneInfo) -> int:
        page = await self.documents.scan(
            Query(
                "runs",
                (account.user_id,),
                where={"account_key": account.key, "state": state.value},
                order_by="run",
            )
        )
        overdue = [d for d in page.documents if self._is_overdue(d.body)]
        for document in overdue:
            give_up = partial(self._abandon, account, document.key, zone)
            await compare_and_set(self.clock, self.entropy, give_up)
        return len(overdue)

    def _is_overdue(self, body: Body) -> bool:
        since_us: int = body["fetched_us"] or body["started_us"]
        return from_micros(since_us) + _PATIENCE < self.clock.now()

    async def _abandon(self, account: Account, key: Key, zone: ZoneInfo) -> None:
        run = await _read(self.documents, key)
        if run is None or run.body["state"] == RunState.CLOSED:
            return  # the last receipt came in this very moment
        # a run that never came to its end moved no cursor: its window is read again in any case,
        # and what older runs say of the days that it touched stays true
        fetched = run.body["state"] == RunState.FETCHED
        writes = await self._gap_writes(account, run.body, zone) if fetched else []
        lost = {"state": RunState.ABANDONED.value, "outcome": RunOutcome.LOST.value}
        given_up = {**run.body, **lost}
        await self.documents.commit([*writes, Update(key, given_up, run.version)])

    async def _gap_writes(self, account: Account, run: Body, zone: ZoneInfo) -> list[Write]:
        since, until = (from_micros(run[f"window_{end}_us"]) for end in ("from", "to"))
        found = await read_account(self.documents, account.user_id, account.key)
        number: int = run["run"]
        if since == until:  # a part of what a later run has called complete, or will
            until = from_micros(run.get("asked_to_us", run["window_to_us"]))
            number = max(number, found.body["last_run"])
        gap = DayCoverage(DayState.GAP, 0, number)
        days = dict.fromkeys(touched_days(since, until, zone), gap)
        writes = await coverage_writes(self.documents, account.user_id, account.key, days)
        reached = found.body["cursor_us"]
        begin = to_micros(since) if reached is None else min(reached, to_micros(since))
        return [*writes, Update(found.key, set_back(found.body, begin), found.version)]

    async def _next_number(self, account: Account) -> int:
        key = Key("counters", (account.user_id, account.key))

        async def count() -> int:
            found = await _read(self.documents, key)
            if found is None:
                await self.documents.commit([Create(key, {"last_run": 1})])
                return 1
            number: int = found.body["last_run"] + 1
            await self.documents.commit([Update(key, {"last_run": number}, found.version)])
            return number

        return await compare_and_set(self.clock, self.entropy, count)

    async def _change(self, key: Key, fields: Body) -> bool:
        async def write() -> bool:
            found = await _read(self.documents, key)
            if found is None or found.body["state"] != RunState.FETCHING:
                return False
            await self.documents.commit([Update(key, {**found.body, **fields}, found.version)])
            return True

        return await compare_and_set(self.clock, self.entropy, write)


async def close_if_complete(  # noqa: PLR0913, PLR0917 - ports, then the three ids of a run
    documents: Documents,
    clock: Clock,
    entropy: Entropy,
    user_id: UserId,
    account_key: str,
    run: int,
) -> bool:
    """Close a run whose receipts equal its pages; say whether it is closed.

    Called after the fetch and after each receipt, so that either order closes.
    Raises: StoreUnavailable.
    """
    key = _key(user_id, account_key, run)

    async def close() -> bool:
        found = await _read(documents, key)
        if found is None or found.body["state"] != RunState.FETCHED:
            return found is not None and found.body["state"] == RunState.CLOSED
        counts = await _sum_receipts(documents, user_id, found.body)
        if counts is None:
            return False
        news = _covered(found.body)
        writes = await coverage_writes(documents, user_id, account_key, news)
        closed = {
            **found.body,
            **{name: counts[name] for name in _COUNTED},
            "state": RunState.CLOSED.value,
            "closed_us": to_micros(clock.now()),
        }
        await documents.commit([*writes, Update(key, closed, found.version)])
        return True

    return await compare_and_set(clock, entropy, close)


async def _sum_receipts(documents: Documents, user_id: UserId, run: Body) -> Counter[str] | None:
    """Add the receipts up; None while one is missing.

    Looks from the last page back in growing steps: pages arrive roughly in order, so as long as
    one is missing this mostly costs one read and not all of them.
    """
    counts: Counter[str] = Counter()
    end, step = run["pages"], 1
    while end > 0:
        begin = max(0, end - step)
        pages = [f"{run['account_key']}-{run['run']:012d}-{p:08d}" for p in range(begin, end)]
        for receipt in await documents.get_many([Key("receipts", (user_id, p)) for p in pages]):
            if receipt is None:
                return None
            counts.update({name: receipt.body[name] for name in _COUNTED})
        end, step = begin, min(step * 4, 256)
    return counts


def _covered(run: Body) -> dict[date, DayCoverage]:
    """Call whole days complete, but for those of which the broker told that it forgot a part."""
    since, until = (from_micros(run[f"window_{end}_us"]) for end in ("from", "to"))
    zone, unread = ZoneInfo(run["zone"]), run["unread_days"]
    days = {
        day: DayCoverage(DayState.COMPLETE, unread.get(day.isoformat(), 0), run["run"])
        for day in whole_days(since, until, zone)
    }
    for one in run.get("lost", []):
        begin, end = max(since, from_micros(one["from_us"])), min(until, from_micros(one["to_us"]))
        if begin < end:
            forgotten = lost_day(one["reason"], run["run"])
            days |= dict.fromkeys(touched_days(begin, end, zone), forgotten)
    return days


async def _read(documents: Documents, key: Key) -> Document | None:
    (document,) = await documents.get_many([key])
    return document


def _key(user_id: UserId, account_key: str, run: int) -> Key:
    return Key("runs", (user_id, f"{account_key}-{run:012d}"))
