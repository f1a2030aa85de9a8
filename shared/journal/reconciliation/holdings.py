"""What our journal says was held at an instant: the projections, and the log behind them."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, replace
from datetime import datetime

from shared.domain.execution import AccountEvent, Execution
from shared.domain.ids import AccountKey, UserId
from shared.domain.journal.book import build_book
from shared.domain.journal.ledger import Basis
from shared.domain.journal.position import Position
from shared.domain.time import to_micros
from shared.journal.projection.basis import read_basis
from shared.journal.projection.documents import read_holdings, read_log
from shared.journal.reconciliation.comparison import Held
from shared.journal.storing.log import LogEntry, read_entry
from shared.ports import Body, Documents, JsonScalar, Key, Query
from shared.scanning import every


@dataclass(frozen=True, slots=True)
class OurHoldings:
    """One account's side."""

    documents: Documents
    user_id: UserId
    account_key: AccountKey

    async def at(self, at_us: int) -> Held:
        """Take the positions that are shown; where rows came after the instant, compute them.

        Raises: StoreUnavailable.
        """
        later = {entry.body["root"] async for entry in every(self.documents, self._after(at_us))}
        held, shown = Held(), await self.shown()
        for root, positions in shown.items():
            if root not in later:
                _add(held, positions)
        for root in sorted(later):
            _add(held, await self.computed(root, at_us))
        return held

    async def shown(self) -> dict[str, tuple[Position, ...]]:
        """Read what the projections show, by root.

        Raises: StoreUnavailable.
        """
        return {root: read_holdings(gate) for root, gate in (await self.gates()).items()}

    async def gates(self) -> dict[str, Body]:
        """Read the position documents, by root.

        Raises: StoreUnavailable.
        """
        where = {"account_key": self.account_key}
        query = Query("positions", (self.user_id,), where=where, order_by="root")
        return {gate.body["root"]: gate.body async for gate in every(self.documents, query)}

    async def assets(self) -> dict[str, str]:
        """Tell which coin each symbol's units are, for those whose rows name it.

        Raises: StoreUnavailable.
        """
        found = {}
        for root in await self.gates():
            where: dict[str, JsonScalar] = {"account_key": self.account_key, "root": root}
            first = Query("executions", (self.user_id,), where, order_by="at_us", limit=1)
            for row in (await self.documents.scan(first)).documents:
                body = row.body["body"]
                if body.get("base"):
                    found[body["symbol"]] = body["base"]
        return found

    async def rows(self, until_us: int) -> AsyncIterator[Execution | AccountEvent]:
        """Yield all rows of the account up to an instant.

        Raises: StoreUnavailable.
        """
        query = replace(self._after(-1), at_least=None, below=until_us + 1)
        async for found in every(self.documents, query):
            yield read_entry(found).row

    async def between(self, since: datetime, until: datetime) -> list[Execution | AccountEvent]:
        """Read the rows after one instant, up to another.

        Raises: StoreUnavailable.
        """
        query = replace(self._after(to_micros(since)), below=to_micros(until) + 1)
        return [read_entry(found).row async for found in every(self.documents, query)]

    async def computed(self, root: str, at_us: int | None = None) -> tuple[Position, ...]:
        """Compute one root's positions from its log, up to an instant or all of it.

        Raises: StoreUnavailable.
        """
        log = await self.log(root, until_us=at_us)
        basis = await self._basis(root)
        return build_book(root, [(entry.key, entry.row) for entry in log], basis).positions

    async def log(self, root: str, *, until_us: int | None = None) -> list[LogEntry]:
        """Read one root's log up to an instant.

        Raises: StoreUnavailable.
        """
        log = await read_log(self.documents, self.user_id, self.account_key, root)
        if until_us is None:
            return log
        return [entry for entry in log if to_micros(entry.row.occurred_at) <= until_us]

    async def behind(self, roots: Collection[str]) -> list[str]:
        """Name those roots whose projections do not show their log yet.

        Raises: StoreUnavailable.
        """
        shown = await self.shown()
        return [root for root in sorted(roots) if shown.get(root, ()) != await self.computed(root)]

    async def _basis(self, root: str) -> Basis:
        place = Key("accounts", (self.user_id, self.account_key))
        (account,) = await self.documents.get_many([place])
        return await read_basis(self.documents, self.user_id, self.account_key, root, account)

    def _after(self, at_us: int) -> Query:
        return Query(
            "executions",
            (self.user_id,),
            where={"account_key": self.account_key},
            order_by="at_us",
            at_least=at_us + 1,
        )


def _add(held: Held, positions: Collection[Position]) -> None:
    for position in positions:
        held.add(position.symbol, position.root, position.quantity)
