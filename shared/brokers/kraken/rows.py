"""Kraken's raw rows, of whatever kind, read into rows of the log."""

from typing import Any

from shared.brokers.kraken.ledger import parse_entry, parse_instant
from shared.brokers.kraken.trades import parse_trade
from shared.brokers.rows import fields_of
from shared.brokers.spec import BrokerAccount, Parsed
from shared.domain.errors import UnparseableRow


def parse_row(raw: Any, account: BrokerAccount) -> Parsed:
    """Normalize a trade, an entry of the ledger, or an instant purchase.

    Raises: UnparseableRow.
    """
    row = fields_of(raw)
    if "trade" in row:
        return parse_trade(row)
    if "instant" in row:
        return parse_instant(row)
    if "ledger" in row:
        return parse_entry(row, account)
    raise UnparseableRow("expected a trade or an entry of the ledger")
