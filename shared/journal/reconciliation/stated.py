"""Opening lots as their user states them: they stand where an inferred one would, and stay."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.errors import InvalidInput, NotFound
from shared.domain.ids import AccountKey, UserId
from shared.domain.journal.opening import LotOrigin, OpeningLot
from shared.domain.money import ExactDecimal
from shared.domain.time import Instant
from shared.journal.projection.basis import lot_body, lot_key, read_lot
from shared.journal.projection.changes import publish_changed
from shared.journal.reconciliation.holdings import OurHoldings
from shared.journal.reconciliation.opening import Reported, terms_of
from shared.journal.storing.log import LogEntry, read_entry, root_of
from shared.ports import (
    Clock,
    Create,
    Delete,
    Document,
    Documents,
    Entropy,
    JsonScalar,
    MessageBus,
    Query,
    Update,
)
from shared.retry import compare_and_set
from shared.scanning import every

_TERMS = ("symbol", "root", "asset_class", "currency", "multiplier")


class Stated(BaseModel):
    """What was held of a symbol in all at an instant, before every row of that instant.

    Units: `quantity` signed, 0 says that nothing was held; `price` what a unit cost, None unknown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    quantity: ExactDecimal
    price: Annotated[ExactDecimal, Field(ge=Decimal(0))] | None = None
    held_at: Instant


@dataclass(frozen=True, slots=True)
class StatedLots:
    """The use cases: state a lot, take it back."""

    documents: Documents
    bus: MessageBus
    clock: Clock
    entropy: Entropy

    async def state(
        self, user_id: UserId, account_key: AccountKey, symbol: str, stated: Stated
    ) -> OpeningLot:
        """Keep a stated lot in place of what was inferred or stated of its symbol, and let build.

        Idempotent: stated again after a crash, it lets build what was not.
        Raises: InvalidInput for an instant to come, and for a symbol of which neither a row nor the
        newest report tells what it is; StoreUnavailable.
        """
        if stated.held_at > self.clock.now():
            raise InvalidInput(f"held_at lies in the future: {stated.held_at.isoformat()}")
        terms = await self._terms(user_id, account_key, symbol)
        told = {"quantity": stated.quantity, "price": stated.price, "held_at": stated.held_at}
        lot = OpeningLot(**terms, **told, origin=LotOrigin.STATED)
        key, body = lot_key(user_id, account_key, lot), lot_body(account_key, lot)

        async def write() -> None:
            (found,) = await self.documents.get_many([key])
            if found is None:
                await self.documents.commit([Create(key, body)])
            elif dict(found.body) != body:
                await self.documents.commit([Update(key, body, found.version)])

        await compare_and_set(self.clock, self.entropy, write)
        await self._publish(user_id, account_key, lot)
        return lot

    async def take_back(self, user_id: UserId, account_key: AccountKey, symbol: str) -> None:
        """Forget a stated lot; one is worked out again at the next difference that it explains.

        Raises: NotFound when none is stated, StoreUnavailable.
        """

        async def write() -> OpeningLot:
            found = await self._kept(user_id, account_key, symbol)
            if found is None or read_lot(found.body).origin is not LotOrigin.STATED:
                raise NotFound(f"no opening lot of {symbol!r} is stated")
            await self.documents.commit([Delete(found.key, found.version)])
            return read_lot(found.body)

        lot = await compare_and_set(self.clock, self.entropy, write)
        await self._publish(user_id, account_key, lot)

    async def _publish(self, user_id: UserId, account_key: AccountKey, lot: OpeningLot) -> None:
        await publish_changed(self.bus, user_id, account_key, [lot.root], lot.held_at)

    async def _kept(self, user_id: UserId, account_key: AccountKey, symbol: str) -> Document | None:
        query = Query("opening_lots", (user_id,), _where(account_key), order_by="held_us")
        async for found in every(self.documents, query):
            if read_lot(found.body).symbol == symbol:
                return found
        return None

    async def _terms(self, user_id: UserId, account_key: AccountKey, symbol: str) -> dict[str, Any]:
        """Say what a symbol is: by a lot that is there, by a row of it, else by the report."""
        if (kept := await self._kept(user_id, account_key, symbol)) is not None:
            return {name: getattr(read_lot(kept.body), name) for name in _TERMS}
        told = await self._reported(user_id, account_key, symbol)
        async for entry in self._rows(user_id, account_key, symbol, told):
            if terms := terms_of(symbol, root_of(entry.row), [entry.row], told):
                return terms
        if told is not None and (terms := terms_of(symbol, told.root, (), told)):
            return terms
        raise InvalidInput(f"neither a row nor the newest report tells what {symbol!r} is")

    async def _rows(
        self, user_id: UserId, account_key: AccountKey, symbol: str, told: Reported | None
    ) -> AsyncIterator[LogEntry]:
        """Yield a symbol's rows; its root is in its name, or as the report says."""
        shown = await OurHoldings(self.documents, user_id, account_key).gates()
        likely = {symbol, *(root for root in shown if root and root in symbol)}
        if told is not None:
            likely.add(told.root)
        for root in sorted(likely):
            where = {**_where(account_key), "root": root}
            async for row in every(
                self.documents, Query("executions", (user_id,), where, order_by="at_us")
            ):
                if row.body["body"]["symbol"] == symbol:
                    yield read_entry(row)

    async def _reported(
        self, user_id: UserId, account_key: AccountKey, symbol: str
    ) -> Reported | None:
        query = Query(
            "position_reports",
            (user_id,),
            _where(account_key),
            order_by="at_us",
            descending=True,
            limit=1,
        )
        for report in (await self.documents.scan(query)).documents:
            for body in report.body["positions"]:
                if body["symbol"] == symbol:
                    return Reported.of(body, report.body["currency"])
        return None


def _where(account_key: AccountKey) -> dict[str, JsonScalar]:
    return {"account_key": account_key}
