"""Joining Tradovate's entities into rows: a fill alone names neither account nor symbol nor fee.

Shape: a composed row has `account` (its id, missing where no order tells it), `fill`, `fee` (None
while there is none), `contract`, `maturity`, `product`, `currencies` (id -> name), `void` where
the exchange took the trade back, `settled` where no fee is expected any more. Of the entities that
change with time only what is read of them is kept, so that a row stays what it was.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.brokers.tradovate.fields import Row, by_id, number_in

FEES = ("clearing", "exchange", "nfa", "brokerage", "ip", "commission", "orderRouting")
CANCELS = ("TradeCancel", "TradeCorrect")
LEDGER = "cashBalanceLog"
_KINDS = ("fill", "order", "fillFee", "contract", "contractMaturity", "product", "currency")
_KEPT = {
    "contract": ("id", "name"),
    "maturity": ("id", "expirationMonth"),
    "product": ("id", "name", "productType", "valuePerPoint", "currencyId"),
}


@dataclass(frozen=True, slots=True)
class Library:
    """Contracts and what they refer to, each by id."""

    contracts: Mapping[int, Row] = field(default_factory=dict)
    maturities: Mapping[int, Row] = field(default_factory=dict)
    products: Mapping[int, Row] = field(default_factory=dict)
    currencies: Mapping[int, Row] = field(default_factory=dict)

    def chain(self, contract_id: Any) -> Row:
        """Give what is known of a contract: itself, its maturity, its product."""
        contract = self.contracts.get(contract_id)
        maturity = self.maturities.get(number_in(contract, "contractMaturityId") or 0)
        product = self.products.get(number_in(maturity, "productId") or 0)
        parts = {"contract": contract, "maturity": maturity, "product": product}
        return {
            name: None if part is None else {one: part.get(one) for one in _KEPT[name]}
            for name, part in parts.items()
        }

    def names(self, ids: Iterable[Any]) -> Row:
        """Give the currencies' names by the text of their ids."""
        found = ((one, self.currencies.get(one)) for one in ids)
        return {str(one): row.get("name") for one, row in found if row is not None}


@dataclass(frozen=True, slots=True)
class Joiner:
    """What fills are joined with.

    Shape: `fees` by the id of their fill; `void` are ids of fills that were taken back; from
    `settled_before` on (an ISO text) back no fee is expected any more.
    """

    library: Library
    fees: Mapping[int, Row] = field(default_factory=dict)
    void: frozenset[int] = frozenset()
    settled_before: str = ""

    def row(self, fill: Any, account_id: int | None) -> Row:
        """Compose one row; what cannot be found is missing in it, for its parser to tell."""
        fill_id = number_in(fill, "id") or 0
        fee = self.fees.get(fill_id)
        chain = self.library.chain(number_in(fill, "contractId"))
        row: Row = {} if account_id is None else {"account": str(account_id)}
        row |= {"fill": fill, "fee": fee, **chain}
        row["currencies"] = self.library.names(currency_ids([chain["product"]], [fee]))
        if fill_id in self.void:
            row["void"] = True
        if fee is None and isinstance(fill, dict):
            row["settled"] = str(fill.get("timestamp")) < self.settled_before
        return row


def currency_ids(products: Iterable[Any], fees: Iterable[Any]) -> set[int]:
    """Collect the currencies that products and fees name."""
    found = {number_in(product, "currencyId") for product in products}
    found |= {number_in(fee, f"{name}CurrencyId") for fee in fees for name in FEES}
    return {one for one in found if one is not None}


def find_cancelled(reports: Iterable[Any], fills: Sequence[Any]) -> tuple[set[int], list[Row]]:
    """Find the fills that execution reports take back; give also the reports that fit none.

    How a report names its fill is unverified: by `execRefId`, else by order, quantity and price. A
    correction voids the old fill only where the new one has come under an id of its own.
    """
    void: set[int] = set()
    unmatched = []
    known = [fill for fill in fills if number_in(fill, "id") is not None]
    for report in reports:
        same = [one for one in known if _is_same_trade(one, report)]
        named = [one for one in known if str(one["id"]) == str(report.get("execRefId"))]
        if report.get("execType") == "TradeCorrect":
            replaced = named if any(one not in named for one in same) else []
            found, understood = replaced, bool(named)
        else:
            found = named or (same if len(same) == 1 else [])
            understood = bool(found)
        void |= {one["id"] for one in found}
        if not understood:
            unmatched.append(report)
    return void, unmatched


def _is_same_trade(fill: Row, report: Row) -> bool:
    return all(
        fill.get(ours) == report.get(theirs)
        for ours, theirs in (("orderId", "orderId"), ("qty", "lastQty"), ("price", "lastPx"))
    )


def _listed(found: Any) -> list[Any]:
    if found is None:
        return []
    return found if isinstance(found, list) else [found]


def join_saved(body: Mapping[str, Any]) -> list[Row]:
    """Join a saved bundle, entity -> list, as the walk joins what it asks for."""
    kinds = {name: _listed(body.get(name)) for name in (*_KINDS, LEDGER)}
    indexed = {name: by_id(rows) for name, rows in kinds.items()}
    library = Library(*(indexed[name] for name in _KINDS[3:]))
    joiner = Joiner(library, indexed["fillFee"])
    rows = [
        joiner.row(
            fill, number_in(indexed["order"].get(number_in(fill, "orderId") or 0), "accountId")
        )
        for fill in kinds["fill"]
    ]
    return [*rows, *map(ledger_row, kinds[LEDGER])]


def ledger_row(line: Any) -> Row:
    """Compose a row of a line of the ledger, which names its account itself."""
    account_id = number_in(line, "accountId")
    return {"ledger": line} if account_id is None else {"account": str(account_id), "ledger": line}
