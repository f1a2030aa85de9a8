"""What one contract of each future is: the exchange's root, what a point is worth, the tick.

One table for all brokers, each of which maps its own names to these roots. Minis and micros are
contracts of their own: an MES is no tenth of an ES in anybody's books.
Source: the exchanges' contract specifications; the 14 futures among our instruments are checked
against them by a test, the full-size ones beside QuantConnect's symbol-properties-database.csv
(read 2026-11). A tick is None where the exchange has changed it or it depends on the month.
"""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Contract:
    """What every contract month of one future has in common.

    Units: `point_value` dollars for one contract and one point of the exchange's price; `tick` in
    that price.
    """

    root: str
    point_value: Decimal
    tick: Decimal | None

    @property
    def tick_value(self) -> Decimal | None:
        """Dollars for one contract and one tick."""
        return None if self.tick is None else self.tick * self.point_value


# Root -> point value, tick.
_TABLE: dict[str, tuple[str, str | None]] = {
    # equity indexes
    "ES": ("50", "0.25"),
    "MES": ("5", "0.25"),
    "NQ": ("20", "0.25"),
    "MNQ": ("2", "0.25"),
    "RTY": ("50", "0.1"),
    "M2K": ("5", "0.1"),
    "YM": ("5", "1"),
    "MYM": ("0.5", "1"),
    "EMD": ("100", "0.1"),
    "NKD": ("5", "5"),
    # currencies, in dollars for one unit
    "6A": ("100000", None),
    "6B": ("62500", "0.0001"),
    "6C": ("100000", "0.00005"),
    "6E": ("125000", "0.00005"),
    "6J": ("12500000", "0.0000005"),
    "6M": ("500000", "0.00001"),
    "6N": ("100000", None),
    "6S": ("125000", None),
    "E7": ("62500", "0.0001"),
    "J7": ("6250000", "0.000001"),
    "M6A": ("10000", "0.0001"),
    "M6B": ("6250", "0.0001"),
    "M6E": ("12500", "0.0001"),
    "MCD": ("10000", "0.0001"),
    "MJY": ("1250000", "0.000001"),
    # interest rates
    "ZT": ("2000", "0.00390625"),
    "ZF": ("1000", "0.0078125"),
    "ZN": ("1000", "0.015625"),
    "TN": ("1000", "0.015625"),
    "ZB": ("1000", "0.03125"),
    "UB": ("1000", "0.03125"),
    "SR3": ("2500", None),
    # energy
    "CL": ("1000", "0.01"),
    "MCL": ("100", "0.01"),
    "QM": ("500", "0.025"),
    "NG": ("10000", "0.001"),
    "MNG": ("1000", "0.001"),
    "QG": ("2500", "0.005"),
    "RB": ("42000", "0.0001"),
    "HO": ("42000", "0.0001"),
    # metals
    "GC": ("100", "0.1"),
    "MGC": ("10", "0.1"),
    "SI": ("5000", "0.005"),
    "SIL": ("1000", "0.005"),
    "HG": ("25000", "0.0005"),
    "MHG": ("2500", "0.0005"),
    "PL": ("50", "0.1"),
    "PA": ("100", None),
    # grains and livestock, in cents (ZM in dollars)
    "ZC": ("50", "0.25"),
    "ZS": ("50", "0.25"),
    "ZW": ("50", "0.25"),
    "KE": ("50", "0.25"),
    "ZO": ("50", "0.25"),
    "ZM": ("100", "0.1"),
    "ZL": ("600", "0.01"),
    "HE": ("400", "0.025"),
    "LE": ("400", "0.025"),
    "GF": ("500", "0.025"),
    # crypto
    "BTC": ("5", "5"),
    "MBT": ("0.1", "5"),
    "ETH": ("50", "0.5"),
    "MET": ("0.1", "0.5"),
}

CONTRACTS: dict[str, Contract] = {
    root: Contract(root, Decimal(point_value), None if tick is None else Decimal(tick))
    for root, (point_value, tick) in _TABLE.items()
}
