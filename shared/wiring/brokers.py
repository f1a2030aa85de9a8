"""Every broker that Daybias knows, by name."""

from shared.brokers.alpaca import SPEC as ALPACA
from shared.brokers.oanda import SPEC as OANDA
from shared.brokers.schwab import SPEC as SCHWAB
from shared.brokers.spec import BrokerSpec
from shared.brokers.topstepx import SPEC as TOPSTEPX
from shared.brokers.tradestation import SPEC as TRADESTATION

SPECS: dict[str, BrokerSpec] = {
    spec.name: spec for spec in (ALPACA, OANDA, TOPSTEPX, SCHWAB, TRADESTATION)
}
