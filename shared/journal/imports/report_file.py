"""A broker's own report, downloaded by its user: the same rows as the broker's history, by hand."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from shared.brokers.spec import (
    BrokerAccount,
    BrokerSpec,
    Ignored,
    ParsedRow,
    ReportFile,
    Window,
)
from shared.domain.errors import ContractBroken, InvalidInput, UnparseableRow
from shared.domain.ids import AccountKey, UserId, row_key
from shared.domain.messages import ObservedRow, UnreadRow
from shared.domain.row_body import row_body
from shared.journal.imports.importing import ImportReport
from shared.journal.imports.publishing import PublishedRun, publish_run
from shared.journal.imports.reading import BadLine
from shared.journal.queries import AccountView, JournalQueries
from shared.journal.upkeep.difference import ComparingBus
from shared.ports import Clock, Documents, Entropy, MessageBus

_DAY = timedelta(days=1)


@dataclass(slots=True)
class _Rows:
    """What a report has of one account."""

    observed: list[ObservedRow] = field(default_factory=list)
    unread: list[UnreadRow] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ImportReportFile:
    """The use case: rows join the account that a login reads, under the keys that it gives them."""

    documents: Documents
    bus: MessageBus
    clock: Clock
    entropy: Entropy
    specs: Mapping[str, BrokerSpec]

    async def run(  # noqa: PLR0913 - what the user states
        self,
        user_id: UserId,
        broker: str,
        report: str,
        content: bytes,
        *,
        covers: tuple[date, date] | None = None,
        preview: bool = False,
    ) -> list[ImportReport]:
        """Publish a report's rows, or tell what they would bring; unreadable ones are kept.

        Shape: one result an account. `covers` names the days, both included, for which the user
        says that the report is whole: they become complete, also where the broker has forgotten
        them.
        Idempotent: a row of the report and the same row of the history are one.
        Raises: InvalidInput for a broker without such a report, a file that is none, and an account
        that no login of the user has; StoreUnavailable.
        """
        spec, file = self._known(broker, report)
        found = await self._accounts(user_id, broker)
        parts = _read(spec, file, content, found)
        return [
            await self._one(user_id, spec, found[account_id], rows, covers, preview=preview)
            for account_id, rows in sorted(parts.items())
        ]

    async def _one(  # noqa: PLR0913 - an account, its rows, and what the user states
        self,
        user_id: UserId,
        spec: BrokerSpec,
        account: AccountView,
        rows: _Rows,
        covers: tuple[date, date] | None,
        *,
        preview: bool,
    ) -> ImportReport:
        onward = None if preview else self.bus
        compared = ComparingBus(self.documents, spec.zone, onward)
        published = PublishedRun(self.documents, compared, self.clock, self.entropy, user_id)
        run = 0
        if preview:
            await published.compare(account, rows.observed)
        else:
            window = _window(spec, covers, self.clock.now())
            run = await publish_run(
                published, account, window, spec.zone, rows.observed, rows.unread
            )
        count = len(rows.observed)
        difference = compared.difference(account.account_id)
        lines = count + len(rows.bad)
        key = AccountKey(account.account_key)
        return ImportReport(key, lines, count, tuple(rows.bad), difference, run)

    def _known(self, broker: str, report: str) -> tuple[BrokerSpec, ReportFile]:
        offered = {name: [file.name for file in spec.files] for name, spec in self.specs.items()}
        known = [f"{name} {file}" for name, files in offered.items() for file in files]
        for file in self.specs[broker].files if broker in self.specs else ():
            if file.name == report:
                return self.specs[broker], file
        raise InvalidInput(f"there is no report {report!r} of {broker!r}", expected=known)

    async def _accounts(self, user_id: UserId, broker: str) -> dict[str, AccountView]:
        listed = await JournalQueries(self.documents).accounts(user_id)
        return {one.account_id: one for one in listed if one.broker == broker}


def _read(
    spec: BrokerSpec, file: ReportFile, content: bytes, accounts: Mapping[str, AccountView]
) -> dict[str, _Rows]:
    """Sort a report's rows by account.

    Raises: InvalidInput.
    """
    try:
        raws = file.rows(file.decode(content))
    except (ValueError, ContractBroken) as error:
        raise InvalidInput(f"this is no {file.name} of {spec.title}: {error}") from error
    parts: defaultdict[str, _Rows] = defaultdict(_Rows)
    for number, raw in enumerate(raws, start=1):
        account_id = str(raw.get(file.account_field, "")) if isinstance(raw, Mapping) else ""
        account = accounts.get(account_id)
        if account is None:
            known = sorted(accounts)
            text = f"row {number} is of account {account_id!r}, which no login of yours has"
            raise InvalidInput(text, expected=known)
        _take(parts[account_id], file, account, number, raw)
    return dict(parts)


def _take(rows: _Rows, file: ReportFile, account: AccountView, number: int, raw: Any) -> None:
    place = (account.broker, account.environment, account.account_id)
    owner = BrokerAccount(account.account_id, account.account_number, account.currency)
    try:
        parsed = file.parse(raw, owner)
    except UnparseableRow as error:
        text = json.dumps(raw, default=str)
        rows.unread.append(UnreadRow(endpoint=file.name, reason=str(error)[:500], raw=text))
        rows.bad.append(BadLine(number, str(error), text))
        return
    found: Sequence[ParsedRow] = ()
    if not isinstance(parsed, Ignored):
        found = (parsed,) if isinstance(parsed, ParsedRow) else parsed
    rows.observed += [
        ObservedRow(key=row_key(*place, one.identity), row=row_body(one.row)) for one in found
    ]


def _window(spec: BrokerSpec, covers: tuple[date, date] | None, now: datetime) -> Window:
    """Span the days that the report is whole for; without them it says nothing of any day."""
    if covers is None:
        return Window(now, now)
    first, last = covers
    if last < first:
        raise InvalidInput("the last day that is covered lies before the first")
    begin = datetime.combine(first, time(), spec.zone)
    end = datetime.combine(last + _DAY, time(), spec.zone)
    if end > now:
        raise InvalidInput(f"{last} is not over yet in {spec.zone.key}")
    return Window(begin, end)
