"""Real open prices in a memory store, and snapshots made by hand, for the bias half's tests."""

from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from shared.adapters.memory_cache import MemoryCache
from shared.analyst.analyst import Analyst
from shared.analyst.rules import RulesAnalyst
from shared.bias.compute import Sources
from shared.bias.moments import Occasion, current_occasion
from shared.bias.serving.service import BiasService
from shared.bias.snapshot import take_snapshot
from shared.domain.bias import (
    AnalogDay,
    Analogs,
    Feature,
    Forecast,
    Label,
    Level,
    Moment,
    Probabilities,
    Provenance,
    Snapshot,
    Step,
    Unavailable,
)
from shared.domain.market.events import CalendarEvent, Impact
from shared.features.table import DEFINITIONS
from shared.market.providers.csv_calendar import CsvCalendar
from shared.market.providers.csv_files import CsvFiles
from shared.market.refresh import RefreshMarket
from shared.market.registry import load_instruments
from shared.market.store import MarketStore
from shared.ports import Cache
from shared.retrieval.search import Search
from shared.wiring.foundation import Foundation
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_bus import MemoryBus
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.memory_secrets import MemorySecrets
from tests.twins.seeded_entropy import SeededEntropy

DATA = Path(__file__).parents[1] / "infra" / "local" / "data"
THURSDAY_EVENING = datetime(2020, 5, 28, 21, 5, tzinfo=UTC)
FRIDAY_MORNING = datetime(2020, 5, 29, 12, 15, tzinfo=UTC)
FRIDAY_NIGHT = datetime(2020, 5, 29, 21, 15, tzinfo=UTC)
OPEN_13 = (
    *("ES", "NQ", "RTY", "GC", "6E", "6B", "6J"),
    *("EURUSD", "GBPUSD", "USDJPY", "XAUUSD", "SPY", "QQQ"),
)


@dataclass
class Market:
    """A store that has been refreshed from the open files, and what it stands on."""

    clock: ManualClock
    documents: MemoryDocuments
    entropy: SeededEntropy
    store: MarketStore

    async def refresh(self) -> None:
        report = await RefreshMarket(
            self.store, self.clock, [CsvFiles(DATA)], CsvCalendar(DATA)
        ).refresh()
        assert not report.failures

    async def move_to(self, instant: datetime) -> None:
        """Let time pass and take in what has come since."""
        self.clock.advance(instant - self.clock.now())
        await self.refresh()

    async def snapshot(self, symbol: str, at: datetime) -> Snapshot | Unavailable:
        occasion: Occasion = current_occasion(load_instruments()[symbol], at)
        return await take_snapshot(self.store, occasion, at, calendar_source="official")

    def foundation(self) -> Foundation:
        """Put the store on ports of a test."""
        return Foundation(
            documents=self.documents,
            bus=MemoryBus(),
            secrets=MemorySecrets(),
            clock=self.clock,
            entropy=self.entropy,
            cache=MemoryCache(self.clock),
        )

    def service(
        self,
        analyst: Analyst | None = None,
        *,
        cache_ttl_s: float = 300.0,
        cache: Cache | None = None,
        texts: Search | None = None,
    ) -> BiasService:
        kept = cache or MemoryCache(self.clock)
        sources = Sources(self.store, self.documents, kept, self.clock, self.entropy, texts=texts)
        author = analyst or RulesAnalyst()
        return BiasService(sources, author, load_instruments(), cache_ttl_s=cache_ttl_s)


_refreshed: dict[datetime, MemoryDocuments] = {}  # reading the files takes most of a test's time


async def open_market(start: datetime = THURSDAY_EVENING) -> Market:
    """Open a store of one's own that was refreshed at `start`."""
    clock, entropy = ManualClock(start), SeededEntropy(7)
    known = start in _refreshed
    documents = deepcopy(_refreshed[start]) if known else MemoryDocuments()
    market = Market(clock, documents, entropy, MarketStore(documents, clock, entropy))
    if not known:
        await market.refresh()
        _refreshed[start] = deepcopy(documents)
    return market


AS_OF = FRIDAY_MORNING
BAR_AT = datetime(2020, 5, 28, 20, 0, tzinfo=UTC)


def feature(name: str, value: float | int | str | None, unit: str, step: Step) -> Feature:
    decimals = 2 if isinstance(value, float) else 0
    reason = "not enough bars" if value is None else None
    return Feature(
        name=name,
        step=step,
        value=value,
        unit=unit,
        decimals=decimals,
        as_of=BAR_AT,
        reason=reason,
    )


PRESENT = (
    feature("last_close", 302.97, "price", Step.SECURITY),
    feature("day_change", -0.18, "pct", Step.SECURITY),
    feature("atr14", 5.5, "price", Step.SECURITY),
    feature("range_atr", 0.83, "atr", Step.SECURITY),
    feature("regime_ratio", -1.4, "ratio", Step.SECURITY),
    feature("vix", None, "index", Step.SECURITY),
    feature("hours_to_high", 2.75, "hours", Step.MACRO),
    feature("next_high", "USD Chair speaks", "text", Step.MACRO),
    feature("high_today", 1, "count", Step.MACRO),
    feature("value_position", 1.4, "ratio", Step.FLUX),
    feature("breadth50", 1.0, "share", Step.LEADERS),
    feature("leader_link", "linked", "text", Step.LEADERS),
    feature("rsi14", 72.5, "index", Step.TECHNICAL),
    feature("sma20", 293.0, "price", Step.TECHNICAL),
    feature("sma20_distance", 1.84, "atr", Step.TECHNICAL),
    feature("sma200", 304.0, "price", Step.TECHNICAL),
    feature("sma200_distance", -0.5, "atr", Step.TECHNICAL),
    feature("sma20_slope", 0.6, "atr", Step.TECHNICAL),
)
# as a real table: every defined number once, those without a value with their reason
SMALL = tuple(
    next(
        (f for f in PRESENT if f.name == definition.name),
        feature(definition.name, None, definition.unit, step),
    )
    for step, definitions in DEFINITIONS.items()
    for definition in definitions
)


def small_snapshot(
    features: tuple[Feature, ...] = SMALL, *, title: str = "Chair speaks"
) -> Snapshot:
    """Make a snapshot of a few numbers, without any store."""
    return Snapshot(
        instrument="SPY",
        session=date(2020, 5, 29),
        moment=Moment.PRE_OPEN,
        as_of=AS_OF,
        features=features,
        levels=(
            Level(name="prior_high", price=306.83, kind="prior_high"),
            Level(name="prior_low", price=302.26, kind="prior_low"),
            Level(name="resistance", price=303.5, kind="resistance"),
        ),
        events=(
            CalendarEvent(
                at=datetime(2020, 5, 29, 15, tzinfo=UTC),
                currency="USD",
                impact=Impact.HIGH,
                title=title,
                source="test",
            ),
        ),
        provenance=Provenance(
            series="SPY", source="test", licence="none", last_bar_at=BAR_AT, missing=("VIX",)
        ),
    )


def small_forecast(label: Label = Label.BEARISH) -> Forecast:
    """Make a forecast whose label has the lift."""
    base = Probabilities(bear=0.3, neutral=0.32, bull=0.38)
    chances = {
        Label.BEARISH: Probabilities(bear=0.34, neutral=0.31, bull=0.35),
        Label.NEUTRAL: Probabilities(bear=0.29, neutral=0.35, bull=0.36),
        Label.BULLISH: Probabilities(bear=0.28, neutral=0.3, bull=0.42),
    }[label]
    return Forecast(
        label=label,
        probabilities=chances,
        base_rates=base,
        lift=round((chances.of(label) - base.of(label)) * 100, 2),
        wording=f"leans {str(label).lower()} against a normal day",
        edge="The directional edge is near zero: 2.0 points.",
        vintage="2020-01",
    )


def some_analogs() -> Analogs:
    """Make what followed fifty similar days."""
    near = AnalogDay(session=date(2019, 1, 7), distance=0.31, outcome=Label.BULLISH, move=0.62)
    return Analogs(
        searched=612,
        since=date(2017, 11, 30),
        count=50,
        bear=16,
        neutral=14,
        bull=20,
        low=-1.1,
        median=0.08,
        high=0.95,
        nearest=(near,),
    )
