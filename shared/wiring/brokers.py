"""Every broker that Daybias knows, by name."""

from shared.brokers.alpaca.spec import SPEC as ALPACA
from shared.brokers.binance.spec import SPEC as BINANCE
from shared.brokers.ibkr.spec import SPEC as IBKR
from shared.brokers.kraken.spec import SPEC as KRAKEN
from shared.brokers.oanda.spec import SPEC as OANDA
from shared.brokers.schwab.spec import SPEC as SCHWAB
from shared.brokers.spec import BrokerSpec
from shared.brokers.tastytrade.spec import SPEC as TASTYTRADE
from shared.brokers.topstepx.spec import SPEC as TOPSTEPX
from shared.brokers.tradestation.spec import SPEC as TRADESTATION
from shared.brokers.tradovate.spec import SPEC as TRADOVATE

SPECS: dict[str, BrokerSpec] = {
    spec.name: spec
    for spec in (
        ALPACA,
        OANDA,
        TOPSTEPX,
        SCHWAB,
        TRADESTATION,
        TASTYTRADE,
        BINANCE,
        IBKR,
        TRADOVATE,
        KRAKEN,
    )
}
