"""Kraken's names of assets and pairs, read into ours: XXBT and XBT.M are BTC, XXBTZUSD is BTC/USD.

Source: docs.kraken.com (AssetPairs, Assets; read 2026-11); forms of old ledgers from public
clients. Only the assets of the first years have an X or Z in front, and no new one gets it.
"""

import re
from typing import NamedTuple

MONEY = frozenset(("USD", "EUR", "GBP", "CAD", "JPY", "AUD", "CHF", "KRW"))
CREDITS = "KFEE"  # pays fees, and is no coin
_PREFIXED = frozenset(
    (
        *("XETC", "XETH", "XICN", "XLTC", "XMLN", "XNMC", "XREP", "XXBT", "XXDG", "XXLM", "XXMR"),
        *("XXRP", "XXVN", "XZEC", "XDAO"),
        *("ZAUD", "ZCAD", "ZEUR", "ZGBP", "ZJPY", "ZKRW", "ZUSD"),
    )
)
_ALIASES = {"XBT": "BTC", "XDG": "DOGE", "ETH2": "ETH"}
# Staked (.S), in rewards (.M .B .F .P) or held back, it is the same asset; DOT28.S: for 28 days.
_SUFFIX = re.compile(r"(?:\d{2})?\.S|\.(?:M|B|F|P|HOLD)", re.ASCII)
_ODD = {"USDTZ": "USDT"}  # USDTZUSD: a new asset with an old one
_QUOTES = ("USDT", "USDC", "USD", "EUR", "GBP", "CAD", "JPY", "AUD", "CHF", "XBT", "ETH")


class Assets(NamedTuple):
    """The two sides of a pair, by our names."""

    base: str
    quote: str

    @property
    def symbol(self) -> str:
        """Name the pair."""
        return f"{self.base}/{self.quote}"


def asset_name(code: str) -> str:
    """Name an asset whatever form and wallet it is told in."""
    found = _SUFFIX.search(code)
    plain = code[: found.start()] if found and found.end() == len(code) else code
    plain = plain[1:] if plain in _PREFIXED else plain
    return _ALIASES.get(plain, plain)


def listed_pair(wsname: str) -> Assets | None:
    """Read a pair as the list of pairs names it (XBT/USD); None where that is no pair."""
    base, slash, quote = wsname.partition("/")
    return Assets(asset_name(base), asset_name(quote)) if base and slash and quote else None


def split_pair(pair: str) -> Assets | None:
    """Split a pair's bare name (XXBTZUSD, ADAUSD) by what is known of assets; None where unsure."""
    if len(pair) == 8 and {pair[:4], pair[4:]} <= _PREFIXED:
        return Assets(asset_name(pair[:4]), asset_name(pair[4:]))
    for quote in _QUOTES:
        if pair.endswith(quote) and pair != quote:
            base = pair.removesuffix(quote)
            return Assets(asset_name(_ODD.get(base, base)), asset_name(quote))
    return None
