"""The 21 instruments and the series behind them, read from instruments.toml."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from shared.domain.market.instrument import Hours, Instrument, PriceSeries

LEADERS = ("AAPL", "MSFT", "GOOGL", "AMZN", "META", "NVDA", "TSLA")
LEADERS_IN_ALL = len(LEADERS)
VIX = "VIX"
_OF_A_SERIES = ("volume_kind", "splits", "providers", "roll", "formerly", "five_minutes")


@cache
def _table() -> dict[str, Any]:
    text = files("shared.market").joinpath("instruments.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def _hours() -> Mapping[str, Hours]:
    return {name: Hours.model_validate(raw) for name, raw in _table()["hours"].items()}


@cache
def load_instruments() -> Mapping[str, Instrument]:
    """Read the 21, by symbol, in the order of the board."""
    instruments = {}
    for raw in _table()["instruments"]:
        fields = {
            k: v for k, v in raw.items() if k not in {"volume_kind", "providers", "five_minutes"}
        }
        fields["hours"] = _hours()[raw["hours"]]
        fields.setdefault("point_value", None)
        instruments[raw["symbol"]] = Instrument.model_validate(fields)
    return MappingProxyType(instruments)


@cache
def load_series() -> Mapping[str, PriceSeries]:
    """Read every series that a provider may be asked for: the instruments' own and the others."""
    own = {raw["symbol"]: raw for raw in _table()["instruments"]}
    series = {}
    for symbol, raw in (own | _table()["series"]).items():
        fields = {k: raw[k] for k in _OF_A_SERIES if k in raw}
        series[symbol] = PriceSeries.model_validate(
            fields | {"symbol": symbol, "hours": _hours()[raw["hours"]]}
        )
    return MappingProxyType(series)
