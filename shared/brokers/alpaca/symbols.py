"""Alpaca's symbols: what kind of thing one names, and what a unit of it stands for.

Source: Alpaca's OpenAPI page "Retrieve Account Activities" (read 2026-05). Crypto is `ETH/USD` in
fills and often `ETHUSD` in fee rows and positions (unverified): both are read as `ETH/USD`.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from shared.domain.errors import UnparseableRow
from shared.domain.execution import AssetClass

_OPTION = re.compile(r"([A-Z]{1,6})\d{6}[CP]\d{8}", re.ASCII)
_ADJUSTED = re.compile(r"[A-Z]{1,5}\d\d{6}[CP]\d{8}", re.ASCII)
_PAIR = re.compile(r"([A-Z0-9]{2,10}?)/?(USD[TC]?|BTC)", re.ASCII)
_SHARES_A_CONTRACT = Decimal(100)


@dataclass(frozen=True, slots=True)
class Traded:
    """What a symbol stands for.

    Shape: `root` is what positions are kept by, an option's underlying; `currency` is what its
    price is in, None for the account's.
    """

    symbol: str
    root: str
    asset_class: AssetClass
    multiplier: Decimal = Decimal(1)
    currency: str | None = None


@lru_cache(maxsize=1_000)  # an account trades a few symbols, over and over
def traded(symbol: str) -> Traded:
    """Read a symbol of a fill: pairs have a slash there, options the form of the OCC.

    Raises: UnparseableRow for adjusted options, whose contract size a symbol does not tell.
    """
    if "/" in symbol:
        return coin(symbol)
    if option := _OPTION.fullmatch(symbol):
        return Traded(symbol, option[1], AssetClass.OPTION, _SHARES_A_CONTRACT)
    if _ADJUSTED.fullmatch(symbol):
        raise UnparseableRow(f"symbol: the contract size of {symbol!r} is not known")
    return Traded(symbol, symbol, AssetClass.EQUITY)


def coin(symbol: str) -> Traded:
    """Read the symbol of a pair, with or without its slash.

    Raises: UnparseableRow.
    """
    pair = _PAIR.fullmatch(symbol)
    if pair is None:
        raise UnparseableRow(f"symbol: {symbol!r} is no pair of a coin and a currency")
    name = f"{pair[1]}/{pair[2]}"
    return Traded(name, name, AssetClass.CRYPTO, currency=pair[2])
