"""The Fills report of the simulated Tradovate, as a user downloads it."""

import csv
import io

from infra.simulators.brokers.tradovate.books import Account, stamp
from infra.simulators.brokers.tradovate.world import TradovateWorld
from shared.domain.time import NEW_YORK

_HEADER = (
    "_id,_orderId,_contractId,_timestamp,_tradeDate,_action,_qty,_price,_active,_accountId,Fill ID,"
    "Order ID,Timestamp,Date,Account,B/S,Quantity,Price,_priceFormat,_priceFormatType,_tickSize,"
    "Contract,Product,Product Description,commission"
)


def fills_report(world: TradovateWorld, account: Account) -> bytes:
    """Write the report of an account over its whole life."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(_HEADER.split(","))
    for trade in world.books.trades:
        if trade.account is not account or trade.at > world.now():
            continue
        row, local = trade.row(), trade.at.astimezone(NEW_YORK)
        day = "{year}-{month:02d}-{day:02d}".format(**row["tradeDate"])
        ids = (trade.fill_id, trade.order_id)
        lines.writerow(
            [
                *ids, trade.contract.contract_id, stamp(trade.at).replace("T", " "), day,
                int(trade.change < 0), row["qty"], row["price"], str(trade.is_active).lower(),
                account.account_id, *ids, f"{local:%m/%d/%Y %H:%M:%S}", f"{local:%m/%d/%y}",
                account.name, f" {row['action']}", row["qty"], row["price"], -2, 0, 0.25,
                trade.contract.name, trade.contract.root, "", sum(trade.fees.values()) or "",
            ]
        )  # fmt: skip
    return out.getvalue().encode()
