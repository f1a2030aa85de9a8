"""Compare what the broker says is held with what our journal says: agreed, differs or unknown.

A missing report is unknown, never flat; and as long as a run up to the report's own has not closed,
nothing is said, because our side is not complete then.
"""

from collections.abc import Sequence

from shared.domain.ids import AccountKey, UserId
from shared.domain.time import from_micros
from shared.journal.coverage import read_days
from shared.journal.reconciliation.balances import Balance, CashReport, balance, beginning
from shared.journal.reconciliation.baseline import OpeningLots
from shared.journal.reconciliation.comparison import Agreement, Line
from shared.journal.reconciliation.discrepancies import Suspects, acknowledge, keep
from shared.journal.reconciliation.evidence import suspected
from shared.journal.reconciliation.holdings import OurHoldings
from shared.journal.reconciliation.pooled import pooled
from shared.journal.reconciliation.result import Reconciliation
from shared.journal.tombstones import is_erased
from shared.ports import Body, Clock, Document, Documents, Entropy, JsonScalar, Key, Query
from shared.retry import compare_and_set
from shared.scanning import every, for_each


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

        What was held before the history begins is worked out from the first report, and again when
        rows came late that lie before it. Projections whose basis was changed by somebody who
        crashed before they were built are built first.
        Raises: StoreUnavailable.
        """
        job = _Comparison(self._documents, self._clock, self._entropy, user_id, account_key)
        result, suspects = await job.run()
        await compare_and_set(
            self._clock, self._entropy, lambda: keep(self._documents, user_id, result, suspects)
        )
        return result

    async def acknowledge(
        self, user_id: UserId, account_key: AccountKey, symbol: str, note: str
    ) -> None:
        """Note that the user knows why a symbol differs.

        Raises: as `discrepancies.acknowledge`.
        """
        ports = self._documents, self._clock, self._entropy
        await acknowledge(*ports, user_id, account_key, symbol, note)


class _Comparison:
    """One account, compared once."""

    def __init__(
        self,
        documents: Documents,
        clock: Clock,
        entropy: Entropy,
        user_id: UserId,
        account_key: AccountKey,
    ) -> None:
        self._documents = documents
        self._clock = clock
        self._user_id = user_id
        self._account_key = account_key
        self._ours = OurHoldings(documents, user_id, account_key)
        self._opening = OpeningLots(documents, clock, entropy, user_id, account_key)

    async def run(self) -> tuple[Reconciliation, Suspects]:
        await self._opening.catch_up()
        before = await self._before()
        opening = before.opening_report if before else None
        if opening is None and (first := await self._opening.baseline()) is not None:
            await self._opening.keep(first)
            opening = first.name
        result = await self._compare()
        if result.state is Agreement.DIFFERS and await self._opening_moved():
            result = await self._compare()
        if result.differing and await self._opening.drop_needless(result.differing):
            result = await self._compare()
        told = {"opening_report": opening, "balance": await self._balance(before, result)}
        suspects = await suspected(self._documents, self._ours, result.differing)
        return result.model_copy(update=told), suspects

    async def _opening_moved(self) -> bool:
        """Work opening lots out again: rows may have come late that lie before the first report."""
        first = await self._opening.baseline()
        return first is not None and bool(await self._opening.keep(first))

    async def _before(self) -> Reconciliation | None:
        key = Key("reconciliations", (self._user_id, self._account_key))
        (found,) = await self._documents.get_many([key])
        return None if found is None else Reconciliation.model_validate(found.body)

    async def _compare(self) -> Reconciliation:
        now, report = self._clock.now(), await self._newest_report()
        if report is None:
            return Reconciliation(
                account_key=self._account_key,
                state=Agreement.UNKNOWN,
                reason="the broker has not reported positions yet",
                checked_at=now,
            )
        reason = await self._incomplete(report["run"])
        lines: tuple[Line, ...] = ()
        if not reason:
            held = await self._ours.at(report["at_us"])
            if report.get("pooled"):
                held = await pooled(self._ours, held, report)
            lines = held.compare(report["positions"])
            reason = await self._behind(lines)
        state = Agreement.AGREED if all(line.equal for line in lines) else Agreement.DIFFERS
        return Reconciliation(
            account_key=self._account_key,
            state=Agreement.UNKNOWN if reason else state,
            reason=reason,
            as_of=from_micros(report["at_us"]),
            run=report["run"],
            checked_at=now,
            lines=() if reason else lines,
        )

    async def _balance(
        self, before: Reconciliation | None, result: Reconciliation
    ) -> Balance | None:
        known, report = before.balance if before else None, await self._newest_report()
        if report is None or result.state is Agreement.UNKNOWN or "cash" not in report:
            return known
        told = CashReport.of(report)
        if known is not None and known.until == told.at:
            return known
        since, _ = beginning(known, told)
        return balance(known, told, await self._ours.between(since, told.at))

    async def _newest_report(self) -> Body | None:
        query = Query(
            "position_reports",
            (self._user_id,),
            self._where(),
            order_by="at_us",
            descending=True,
            limit=1,
        )
        page = await self._documents.scan(query)
        return page.documents[0].body if page.documents else None

    async def _incomplete(self, run: int) -> str:
        """Say which run up to the report's own keeps our side from being complete, or ""."""
        for state in ("fetching", "fetched"):
            where = {**self._where(), "state": state}
            query = Query("runs", (self._user_id,), where, order_by="run", below=run + 1, limit=1)
            page = await self._documents.scan(query)
            if page.documents:
                return f"run {page.documents[0].body['run']} is not closed yet"
        key = Key("runs", (self._user_id, f"{self._account_key}-{run:012d}"))
        (own,) = await self._documents.get_many([key])
        if own is None or own.body["state"] != "closed":
            return f"run {run}, which took the report, has not closed"
        return await self._gap()

    async def _gap(self) -> str:
        """Say which days an abandoned run left to be read again, or ""."""
        query = Query("coverage", (self._user_id,), self._where(), order_by="year")
        gaps = [
            day.isoformat()
            async for found in every(self._documents, query)
            for day, told in read_days(found.body).items()
            if told.to_be_read
        ]
        return f"days that must be read again: {', '.join(gaps)}" if gaps else ""

    async def _behind(self, lines: Sequence[Line]) -> str:
        """Say so when a difference comes from projections that have not caught up with the log."""
        roots = {line.root for line in lines if not line.equal}
        behind = await self._ours.behind(roots) if roots else []
        return f"the journal of {', '.join(behind)} is still being built" if behind else ""

    def _where(self) -> dict[str, JsonScalar]:
        return {"account_key": self._account_key}
