"""Past days as documents: what a market looked like at a close, in words, and what followed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from shared.analyst.facts import Fact
from shared.analyst.relations import BANDS
from shared.bias.past.history import Beside, day_end, inputs_at
from shared.domain.bias import Feature, Step
from shared.domain.market.bars import Series
from shared.domain.market.instrument import Instrument, PriceSource
from shared.domain.passage import PassageKind
from shared.features.inputs import WINDOW
from shared.features.table import features_of
from shared.forecast.scoring import RIVALS_NEED, close_to_close
from shared.retrieval.documents import RetrievalDocument

SOURCE = "daybias"
_STEPS = (Step.SECURITY, Step.TECHNICAL)
_SPARE = 10  # bars beyond the window, so that the window is always full
# The words of a reading below, between and above the borders that the whole house uses.
_BANDED = {
    "range_atr": ("a narrow session", "an ordinary session", "a wide session"),
    "regime_ratio": ("calmer than usual", "at its usual pace", "livelier than usual"),
    "vol_percentile252": ("low volatility", "ordinary volatility", "high volatility"),
    "rsi14": ("oversold", "neither overbought nor oversold", "overbought"),
    "adx14": ("without a trend", "a weak trend", "a strong trend"),
    "donchian20": ("near its 20-day low", "inside its 20-day range", "near its 20-day high"),
    "vix": ("a low VIX", "an ordinary VIX", "a high VIX"),
}
_SIGNED = {
    "day_change": ("a day down", "a day up"),
    "momentum20": ("falling over 20 sessions", "rising over 20 sessions"),
    "sma50_distance": ("below the 50-day mean", "above the 50-day mean"),
    "sma200_distance": ("below the 200-day mean", "above the 200-day mean"),
}


def in_words(features: Iterable[Feature]) -> Mapping[str, str]:
    """Say what is told of a day, by feature; what is missing is not told."""
    numbers = {f.name: f.value for f in features if isinstance(f.value, float | int)}
    words = {}
    for name, ways in _BANDED.items():
        if name in numbers:
            low, high = BANDS[name]
            words[name] = ways[(numbers[name] > low) + (numbers[name] >= high)]
    for name, (down, up) in _SIGNED.items():
        if numbers.get(name):
            words[name] = up if numbers[name] > 0 else down
    return words


@dataclass(frozen=True, slots=True)
class DayState:
    """A day whose next session has closed; its numbers are worked out when it is told.

    Shape: `place` is that of its bar among `prices`, which are of `source`.
    """

    instrument: Instrument
    source: PriceSource
    prices: Series
    vix: Series | None
    place: int

    @property
    def closed_at(self) -> datetime:
        """When the day ended."""
        return day_end(self.instrument, self.prices.bars[self.place])

    @property
    def known_at(self) -> datetime:
        """When what followed was known."""
        return day_end(self.instrument, self.prices.bars[self.place + 1])

    def document(self) -> RetrievalDocument | None:
        """Tell the day in words; None where not even its usual range was known."""
        first = max(0, self.place + 1 - WINDOW - _SPARE)
        known = replace(self.prices, bars=self.prices.bars[first : self.place + 1])
        beside = Beside(self.vix, events=None)
        features = features_of(inputs_at(self.instrument, known, self.closed_at, beside), _STEPS)
        numbers = {f.name: f for f in features}
        atr = numbers["atr14"].value
        if not isinstance(atr, float) or atr <= 0:
            return None
        session = known.bars[-1].session
        told = [f"{w} ({_value(numbers[n])})" for n, w in in_words(features).items()]
        prices = self.source.label or self.source.series
        return RetrievalDocument(
            kind=PassageKind.STATES,
            source=SOURCE,
            name=f"{self.instrument.symbol} {session}",
            title=f"{self.instrument.symbol} after the session of {session:%A %Y-%m-%d}",
            text=f"{'; '.join(told)}. {self._followed(atr)} Prices: {prices}.",
            known_at=self.known_at,
            happened_at=self.closed_at,
            instruments=(self.instrument.symbol,),
            classes=(self.instrument.asset_class,),
            currencies=(self.instrument.currency,),
        )

    def _followed(self, atr: float) -> str:
        last, after = self.prices.bars[self.place : self.place + 2]
        move = after.close - last.close
        label = close_to_close(last, after, atr)
        return f"What followed: the next session closed {move / atr:+.2f} ATR away, {label}."


def _value(feature: Feature) -> str:
    return Fact(feature.name, feature.value, feature.unit, feature.decimals).text


def day_states(
    instrument: Instrument, source: PriceSource, prices: Series, vix: Series | None
) -> list[DayState]:
    """List the days of a series that another one followed, oldest first."""
    places = range(RIVALS_NEED - 1, len(prices.bars) - 1)
    return [DayState(instrument, source, prices, vix, place) for place in places]
