"""Invariants of runs, receipts, cursors and coverage: nothing is claimed that was not fetched."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field

from shared.domain.ids import UserId
from shared.domain.sync.service_level import imbalance
from shared.domain.time import from_micros, iso
from shared.journal.coverage import DayState, read_days
from shared.journal.imports.importing import FILES
from shared.journal.integrity.fault import Check, Fault
from shared.ports import Body, Document, Documents, Query
from shared.scanning import every

_SURE = ("fetched", "closed")
_COUNTED = ("new", "same", "revised", "superseded", "quarantined")


@dataclass(slots=True)
class _Account:
    """What an account's runs amount to."""

    reached_us: int | None = None  # the newest end of a window whose pages are all published
    states: dict[int, str] = field(default_factory=dict)


async def run_faults(
    documents: Documents, user_id: UserId, last_runs: Mapping[str, int]
) -> AsyncIterator[Fault]:
    """Check every run against its receipts, and cursors and days against runs.

    Raises: StoreUnavailable.
    """
    accounts: defaultdict[str, _Account] = defaultdict(_Account)
    async for run in every(documents, Query("runs", (user_id,))):
        _note(accounts[run.body["account_key"]], run.body)
        for fault in _counter_faults(run, last_runs):
            yield fault
        if run.body["state"] == "closed":
            async for fault in _receipt_faults(documents, user_id, run):
                yield fault
    async for account in every(documents, Query("accounts", (user_id,))):
        for fault in _cursor_faults(account, accounts[account.key.id]):
            yield fault
    async for year in every(documents, Query("coverage", (user_id,))):
        for fault in _day_faults(year, accounts[year.body["account_key"]]):
            yield fault


def _note(account: _Account, run: Body) -> None:
    account.states[run["run"]] = run["state"]
    if run["state"] in _SURE:
        account.reached_us = max(account.reached_us or 0, run["window_to_us"])


def _counter_faults(run: Document, last_runs: Mapping[str, int]) -> Iterator[Fault]:
    account, number = run.body["account_key"], run.body["run"]
    if account not in last_runs:
        yield Fault(Check.REFERENCES, run.key, f"account {account} is not there")
    elif number > last_runs[account]:
        yield Fault(Check.ORDER, run.key, f"run {number}: the counter is at {last_runs[account]}")


async def _receipt_faults(
    documents: Documents, user_id: UserId, run: Document
) -> AsyncIterator[Fault]:
    body, counts, pages = run.body, Counter[str](), 0
    where = {"account_key": body["account_key"], "run": body["run"]}
    receipts = Query("receipts", (user_id,), where, order_by="page")
    async for receipt in every(documents, receipts):
        pages += 1
        counts.update({name: receipt.body[name] for name in _COUNTED})
    if pages != body["pages"]:
        yield Fault(Check.RUNS, run.key, f"closed with {pages} receipts for {body['pages']} pages")
    for name in _COUNTED:
        if counts[name] != body[name]:
            text = f"{name} is {body[name]}, its receipts say {counts[name]}"
            yield Fault(Check.RUNS, run.key, text)
    if unbalanced := imbalance(body):
        yield Fault(Check.RUNS, run.key, unbalanced)


def _cursor_faults(account: Document, runs: _Account) -> Iterator[Fault]:
    cursor_us, reached_us = account.body["cursor_us"], runs.reached_us
    if cursor_us is None or account.body["broker"] == FILES:
        return
    if reached_us is None or cursor_us > reached_us:
        reached = "nowhere" if reached_us is None else iso(from_micros(reached_us))
        text = f"the cursor is at {iso(from_micros(cursor_us))}, runs have come to {reached}"
        yield Fault(Check.CURSORS, account.key, text)


def _day_faults(year: Document, runs: _Account) -> Iterator[Fault]:
    for day, told in sorted(read_days(year.body).items()):
        if told.state is not DayState.COMPLETE:
            continue
        state = runs.states.get(told.run)
        if state != "closed":
            text = f"{day} is complete by run {told.run}, which is {state or 'not there'}"
            yield Fault(Check.CURSORS, year.key, text)
