"""The names that an analyst may use, each with its value and the one way to write it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from types import MappingProxyType

from shared.domain.bias import Analogs, Feature, Forecast, Label, Level, Snapshot, Step
from shared.domain.evidence import Evidence
from shared.domain.market.events import CalendarEvent

# Features whose sign is the message; they are written with it.
SIGNED = frozenset(
    (
        *("day_change", "gap_atr", "momentum20", "vix_change", "regime_ratio"),
        *("poc_distance", "close_location", "volume_z60", "vix_correlation60", "surprise"),
        *("session_vwap_distance", "week_vwap_distance", "obv_slope20", "cmf20"),
        *("pressure_tick20", "pressure_bulk20", "pressure_location5"),
        *("leader_correlation_ewma", "leader_beta_ewma", "leader_residual", "top_leader_return"),
        *("lead_lag_bars", "lead_lag_correlation", "lead_lag_low", "lead_lag_high"),
        *("leader_return", "leader_beta60"),
        *("leader_correlation60", "leader_correlation_low", "leader_correlation_high"),
        *("sma20_slope", "sma50_slope", "sma200_slope"),
        *("sma20_distance", "sma50_distance", "sma200_distance"),
        *("macd", "macd_signal", "macd_histogram", "lift"),
        *("analog_low", "analog_median", "analog_high"),
    )
)
_GIVEN = ("event", "next_high", "surprise_of", "prices_from")
_LABELS = (("bear", Label.BEARISH), ("neutral", Label.NEUTRAL), ("bull", Label.BULLISH))
_SUFFIX = {
    "pct": " %",
    "atr": " ATR",
    "sd": " sd",
    "sessions": " sessions",
    "hours": " hours",
    "points": " points",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One name that prose may refer to.

    Shape: `value` None comes with a `reason`; `unit` as in Feature, or points (of probability).
    """

    name: str
    value: float | int | str | None
    unit: str
    decimals: int = 0
    as_of: datetime | None = None
    reason: str | None = None
    step: Step | None = None

    @property
    def text(self) -> str:
        """Write the value as every screen does: rounded, with its unit.

        Raises: ValueError when there is no value.
        """
        if self.value is None:
            raise ValueError(f"{self.name} has no value: {self.reason}")
        if isinstance(self.value, str):
            return self.value
        if self.unit == "flag":
            return "yes" if self.value else "no"
        if self.unit == "share":
            return f"{round(self.value * 100)} %"
        sign = "+" if self.name in SIGNED else ""
        return f"{self.value:{sign}.{self.decimals}f}{_SUFFIX.get(self.unit, '')}"


class Facts(Mapping[str, Fact]):
    """Everything that one section may name; unknown names raise KeyError.

    Shape: `documents` are the retrieved texts that it may point to, as document1, document2 …;
    they are no facts: nothing of them is ever filled into prose.
    """

    def __init__(self, facts: Iterator[Fact], evidence: Sequence[Evidence] = ()) -> None:
        found: dict[str, Fact] = {}
        for fact in facts:
            found.setdefault(fact.name, fact)  # a level that is also a feature stays the feature
        self._facts = MappingProxyType(found)
        numbered = {f"document{number}": text for number, text in enumerate(evidence, start=1)}
        self.documents = MappingProxyType(numbered)

    def __getitem__(self, name: str) -> Fact:
        return self._facts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._facts)

    def __len__(self) -> int:
        return len(self._facts)

    @cached_property
    def told(self) -> str:
        """Join the titles and names that others gave: of events, releases and series."""
        named = (w for n in self if n.startswith(_GIVEN) and (w := self.word(n)) is not None)
        return "\n".join(named)

    @cached_property
    def words(self) -> frozenset[str]:
        """Split the values that are texts, and the sources of documents, into their words."""
        texts = [f.value for f in self.values() if f.unit == "text" and isinstance(f.value, str)]
        texts += [document.source for document in self.documents.values()]  # "as Reuters reports"
        return frozenset(re.findall(r"\w+", " ".join(texts)))

    def is_number(self, name: str) -> bool:
        """Tell whether there is such a name and its values are numbers, known or missing."""
        return name in self and self[name].unit != "text"

    def number(self, name: str) -> float | None:
        """Return a numeric value, None where it is missing, unknown or text."""
        fact = self._facts.get(name)
        return None if fact is None or isinstance(fact.value, str) else fact.value

    def word(self, name: str) -> str | None:
        """Return a text value, None where it is missing, unknown or a number."""
        fact = self._facts.get(name)
        return fact.value if fact is not None and isinstance(fact.value, str) else None


def facts_of(snapshot: Snapshot, forecast: Forecast | None) -> Facts:
    """Collect what a section may name; the forecast's numbers only for the synthesis.

    Shape: features; levels; instrument, session_date, prices_from; event1, event2 …; and with a
    forecast p_bear … base_bull, lift, confidence, label, wording, edge, and where enough past days
    are known analog_count … analog_high.
    """
    return Facts(_named(snapshot, forecast), snapshot.evidence)


def _named(snapshot: Snapshot, forecast: Forecast | None) -> Iterator[Fact]:
    decimals = price_decimals(snapshot)
    yield from (_of_feature(f) for f in snapshot.features)
    yield from (_of_level(level, decimals, snapshot.as_of) for level in snapshot.levels)
    source = snapshot.provenance
    yield Fact("instrument", snapshot.instrument, "text")
    yield Fact("session_date", f"{snapshot.session:%A %Y-%m-%d}", "text")
    yield Fact("prices_from", source.proxy_label or source.series, "text")
    for number, event in enumerate(snapshot.events, start=1):
        yield Fact(f"event{number}", _event(event), "text", as_of=snapshot.as_of, step=Step.MACRO)
    if forecast is not None:
        yield from _of_forecast(forecast)
        if snapshot.analogs is not None:
            yield from _of_analogs(snapshot.analogs)


def price_decimals(snapshot: Snapshot) -> int:
    """Tell how many decimals this snapshot's prices have."""
    return max((f.decimals for f in snapshot.features if f.unit == "price"), default=2)


def _of_feature(feature: Feature) -> Fact:
    return Fact(
        feature.name,
        feature.value,
        feature.unit,
        feature.decimals,
        feature.as_of,
        feature.reason,
        feature.step,
    )


def _of_level(level: Level, decimals: int, as_of: datetime) -> Fact:
    return Fact(level.name, level.price, "price", decimals, as_of)


def _event(event: CalendarEvent) -> str:
    return f"{event.currency} {event.title} at {event.at:%H:%M} UTC"


def _of_forecast(forecast: Forecast) -> Iterator[Fact]:
    for side, label in _LABELS:
        yield Fact(f"p_{side}", forecast.probabilities.of(label) * 100, "pct", 1)
        yield Fact(f"base_{side}", forecast.base_rates.of(label) * 100, "pct", 1)
    yield Fact("lift", forecast.lift, "points", 1)
    yield Fact("confidence", forecast.confidence * 100, "pct", 1)
    yield Fact("label", str(forecast.label), "text")
    yield Fact("wording", forecast.wording, "text")
    yield Fact("edge", forecast.edge.rstrip("."), "text")


def _of_analogs(analogs: Analogs) -> Iterator[Fact]:
    for name in ("searched", "count", "bear", "neutral", "bull"):
        yield Fact(f"analog_{name}", getattr(analogs, name), "count")
    yield Fact("analog_since", f"{analogs.since:%B %Y}", "text")
    for name in ("low", "median", "high"):
        yield Fact(f"analog_{name}", getattr(analogs, name), "atr", 2)
