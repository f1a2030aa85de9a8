"""Compare what the broker says is held with what our journal says: agreed, differs or unknown.

A missing report is unknown, never flat; and as long as a run up to the report's own has not closed,
nothing is said, because our side is not complete then.
"""

from collections.abc import Sequence

from shared.domain.execution import Execution, RowStatus, as_fill
from shared.domain.ids import AccountKey, UserId
from shared.domain.time import from_micros
from shared.journal.coverage import read_days
from shared.journal.log import read_entry
from shared.journal.projection.documents import read_holdings
from shared.journal.reconciliation.comparison import Agreement, Held, Line, Reconciliation
from shared.journal.reconciliation.discrepancies import keep
from shared.journal.scanning import every, for_each
from shared.journal.tombstones import is_erased
from shared.ports import Body, Clock, Document, Documents, Entropy, Key, Query
from shared.retry import compare_and_set


class Reconcile:
    """Compares accounts with the newest position report of their broker."""

    def __init__(self, documents: Documents, clock: Clock, entropy: Entropy) -> None:
        self._documents = documents
        self._clock = clock
        self._entropy = entropy

    async def sweep(self, user_id: UserId | None = None) -> list[Reconciliation]:
        """Reconcile every account of a user, or of everybody; one that fails stays unknown.

        Raises: StoreUnavailable, or what the first failed with when all did.
        """
        query = Query("accounts", None if user_id is None else (user_id,))
        results: list[Reconciliation] = []
        async for found, result in for_each(self._documents, query, self._swept):
            if isinstance(result, Exception):
                results.append(self._failed(AccountKey(found.key.id), result))
            elif result is not None:
                results.append(result)
        return results

    async def _swept(self, account: Document) -> Reconciliation | None:
        if is_erased(account.body):
            return None
        return await self.reconcile(UserId(account.key.path[0]), AccountKey(account.key.id))

    def _failed(self, account_key: AccountKey, error: Exception) -> Reconciliation:
        """Say that nothing is known; what was known before stays stored."""
        return Reconciliation(
            account_key=account_key,
            state=Agreement.UNKNOWN,
            reason=f"it could not be compared just now ({type(error).__name__})",
            checked_at=self._clock.now(),
        )

    async def reconcile(self, user_id: UserId, account_key: AccountKey) -> Reconciliation:
        """Compare one account and keep the result; differences become or stay discrepancies.

        Raises: StoreUnavailable.
        """
        result = await self._compare(user_id, account_key)
        await compare_and_set(
            self._clock, self._entropy, lambda: keep(self._documents, user_id, result)
        )
        return result

    async def _compare(self, user_id: UserId, account_key: AccountKey) -> Reconciliation:
        now = self._clock.now()
        report = await self._newest_report(user_id, account_key)
        if report is None:
            return Reconciliation(
                account_key=account_key,
                state=Agreement.UNKNOWN,
                reason="the broker has not reported positions yet",
                checked_at=now,
            )
        at, run = from_micros(report["at_us"]), report["run"]
        reason = await self._incomplete(user_id, account_key, run)
        lines: tuple[Line, ...] = ()
        if not reason:
            held = await self._held_at(user_id, account_key, report["at_us"])
            lines = held.compare(report["positions"])
            reason = await self._behind(user_id, account_key, lines, report["at_us"])
        state = Agreement.AGREED if all(line.equal for line in lines) else Agreement.DIFFERS
        return Reconciliation(
            account_key=account_key,
            state=Agreement.UNKNOWN if reason else state,
            reason=reason,
            as_of=at,
            run=run,
            checked_at=now,
            lines=() if reason else lines,
        )

    async def _newest_report(self, user_id: UserId, account_key: AccountKey) -> Body | None:
        query = Query(
            "position_reports",
            (user_id,),
            where={"account_key": account_key},
            order_by="at_us",
            descending=True,
            limit=1,
        )
        page = await self._documents.scan(query)
        return page.documents[0].body if page.documents else None

    async def _incomplete(self, user_id: UserId, account_key: AccountKey, run: int) -> str:
        """Say which run up to the report's own keeps our side from being complete, or ""."""
        for state in ("fetching", "fetched"):
            query = Query(
                "runs",
                (user_id,),
                where={"account_key": account_key, "state": state},
                order_by="run",
                below=run + 1,
                limit=1,
            )
            page = await self._documents.scan(query)
            if page.documents:
                return f"run {page.documents[0].body['run']} is not closed yet"
        (own,) = await self._documents.get_many(
            [Key("runs", (user_id, f"{account_key}-{run:012d}"))]
        )
        if own is None or own.body["state"] != "closed":
            return f"run {run}, which took the report, has not closed"
        return await self._gap(user_id, account_key)

    async def _gap(self, user_id: UserId, account_key: AccountKey) -> str:
        """Say which days an abandoned run left to be read again, or ""."""
        where = {"account_key": account_key}
        query = Query("coverage", (user_id,), where=where, order_by="year")
        gaps = [
            day.isoformat()
            async for found in every(self._documents, query)
            for day, told in read_days(found.body).items()
            if told.to_be_read
        ]
        return f"days that must be read again: {', '.join(gaps)}" if gaps else ""

    async def _held_at(self, user_id: UserId, account_key: AccountKey, at_us: int) -> Held:
        """Take the positions that are shown, less what was executed after an instant."""
        query = Query("positions", (user_id,), where={"account_key": account_key}, order_by="root")
        gates = [gate.body async for gate in every(self._documents, query)]
        held = Held()
        for gate in gates:
            for position in read_holdings(gate):
                held.add(position.symbol, position.root, position.quantity)
        for row in await self._executed(user_id, account_key, at_least=at_us + 1):
            held.add(row.symbol, row.root, row.units_taken - row.signed_quantity)
        return held

    async def _behind(
        self, user_id: UserId, account_key: AccountKey, lines: Sequence[Line], at_us: int
    ) -> str:
        """Say so when a difference comes from projections that have not caught up with the log."""
        if all(line.equal for line in lines):
            return ""
        held = Held()
        for row in await self._executed(user_id, account_key, below=at_us + 1):
            held.add(row.symbol, row.root, row.signed_quantity - row.units_taken)
        stale = [line.symbol for line in lines if held.quantity(line.symbol) != line.ours]
        return f"the journal of {', '.join(stale)} is still being built" if stale else ""

    async def _executed(
        self,
        user_id: UserId,
        account_key: AccountKey,
        *,
        at_least: int | None = None,
        below: int | None = None,
    ) -> list[Execution]:
        query = Query(
            "executions",
            (user_id,),
            where={"account_key": account_key},
            order_by="at_us",
            at_least=at_least,
            below=below,
        )
        rows = [read_entry(found).row async for found in every(self._documents, query)]
        moves = [as_fill(row) for row in rows if row.status is RowStatus.BOOKED]
        return [move for move in moves if move is not None]
