"""The journal as it was known at an instant: computed from the log and its history, never kept."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shared.domain.execution import AccountEvent, Execution
from shared.domain.ids import AccountKey, RowKey, UserId
from shared.domain.journal.book import Book, build_book
from shared.domain.journal.performance import Performance, summarize
from shared.domain.journal.position import Position
from shared.domain.row_body import read_row
from shared.domain.time import to_micros
from shared.journal.projection.basis import read_basis
from shared.journal.storing.log import root_of
from shared.ports import Body, Document, Documents, Key, Query
from shared.scanning import every

_BATCH = 200
_Entry = tuple[RowKey, Execution | AccountEvent]


@dataclass(frozen=True, slots=True)
class JournalThen:
    """What a user's journal would have shown."""

    as_of: datetime
    summary: Performance
    positions: tuple[Position, ...]


@dataclass(slots=True)
class AsOf:
    """The use case; one user's rows are in memory.

    Shape: a row is known from when the page that showed it was stored, by its receipt. Cost method,
    opening lots and exclusions are those of today.
    """

    documents: Documents
    _stored_us: dict[str, int | None] = field(default_factory=dict)

    async def journal(self, user_id: UserId, as_of: datetime) -> JournalThen:
        """Compute the journal from what had been stored by an instant.

        Raises: StoreUnavailable.
        """
        books = [
            await self._book(user_id, account_key, root, log)
            for (account_key, root), log in sorted((await self._logs(user_id, as_of)).items())
        ]
        positions = tuple(position for book in books for position in book.positions)
        figures = [day for book in books for day in book.days]
        return JournalThen(as_of, summarize(figures, len(positions)), positions)

    async def _book(
        self, user_id: UserId, account_key: AccountKey, root: str, log: Sequence[_Entry]
    ) -> Book:
        (account,) = await self.documents.get_many([Key("accounts", (user_id, account_key))])
        basis = await read_basis(self.documents, user_id, account_key, root, account)
        return build_book(root, log, basis)

    async def _logs(
        self, user_id: UserId, as_of: datetime
    ) -> dict[tuple[AccountKey, str], list[_Entry]]:
        logs: defaultdict[tuple[AccountKey, str], list[_Entry]] = defaultdict(list)
        rows: list[Document] = []
        async for row in every(self.documents, Query("executions", (user_id,))):
            rows.append(row)
            if len(rows) == _BATCH:
                await self._take(user_id, rows, to_micros(as_of), logs)
                rows = []
        await self._take(user_id, rows, to_micros(as_of), logs)
        return logs

    async def _take(
        self,
        user_id: UserId,
        rows: Sequence[Document],
        as_of_us: int,
        logs: defaultdict[tuple[AccountKey, str], list[_Entry]],
    ) -> None:
        await self._look_up(user_id, [row.body for row in rows])
        for row in rows:
            found = await self._known(user_id, row, as_of_us)
            if found is not None:
                read = read_row(found["body"])
                account_key = AccountKey(row.body["account_key"])
                logs[account_key, root_of(read)].append((RowKey(row.key.id), read))

    async def _known(self, user_id: UserId, row: Document, as_of_us: int) -> Body | None:
        """Give the newest content of a row that had been stored by then."""
        seen = [row.body]
        if row.body["version"] > 1:
            history = Query("history", row.key.path)
            older = [found.body async for found in every(self.documents, history)]
            account = {"account_key": row.body["account_key"]}
            seen += [{**body, **account} for body in older]
            await self._look_up(user_id, seen)
        known = [
            body for body in seen if (self._stored_us[_page(body)] or as_of_us + 1) <= as_of_us
        ]
        return max(known, key=lambda body: str(body["observation"]), default=None)

    async def _look_up(self, user_id: UserId, bodies: Sequence[Body]) -> None:
        """Learn when the pages of observations were stored."""
        pages = sorted({_page(body) for body in bodies} - self._stored_us.keys())
        receipts = await self.documents.get_many([Key("receipts", (user_id, p)) for p in pages])
        for page, receipt in zip(pages, receipts, strict=True):
            self._stored_us[page] = None if receipt is None else receipt.body["at_us"]


def _page(body: Body) -> str:
    run, page, _ = body["observation"].split(".")
    return f"{body['account_key']}-{run}-{page}"
