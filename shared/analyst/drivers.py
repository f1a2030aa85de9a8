"""Which readings speak for and against a label, and where it would be proved wrong."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from shared.analyst.facts import Facts
from shared.analyst.relations import band
from shared.analyst.render import render
from shared.domain.bias import Claim, Driver, Label, Level, Snapshot
from shared.market.registry import load_instruments

_MOST = 4
_CLEAR_ATR = 0.25  # a level nearer to the close than this is noise, not a test
_ABOVE = ("resistance", "prior_high", "vah", "prior_week_high", "prior_month_high")
_BELOW = ("support", "prior_low", "val", "prior_week_low", "prior_month_low")


@dataclass(frozen=True, slots=True)
class Signal:
    """A reading that leans to one side; `strength` 1 is as strong as the threshold asks."""

    feature: str
    direction: Label
    strength: float
    text: str
    claim: Claim


@dataclass(frozen=True, slots=True)
class Drivers:
    """The strongest readings for a label, and those that contradict it."""

    supporting: tuple[Signal, ...]
    contradicting: tuple[Signal, ...]


def drivers_of(facts: Facts, label: Label) -> Drivers:
    """Sort all signals by whether they agree with the label, the strongest first."""
    ranked = sorted(_signals(facts), key=lambda s: (-s.strength, s.feature))
    agreeing = tuple(s for s in ranked if s.direction is label)
    others = tuple(s for s in ranked if s.direction is not label)
    return Drivers(agreeing[:_MOST], others[:_MOST])


def as_drivers(signals: tuple[Signal, ...], facts: Facts) -> tuple[Driver, ...]:
    """Write signals with their numbers."""
    return tuple(
        Driver(feature=s.feature, text=render(s.text, facts), direction=s.direction)
        for s in signals
    )


def invalidation(snapshot: Snapshot, facts: Facts, label: Label) -> Level | None:
    """Find the nearest level that would contradict the label: for Neutral on either side."""
    close, atr = facts.number("last_close"), facts.number("atr14")
    if close is None or atr is None:
        return None
    above, below = label is not Label.BULLISH, label is not Label.BEARISH
    clear = [
        level
        for level in snapshot.levels
        if (above and level.name in _ABOVE and level.price - close >= _CLEAR_ATR * atr)
        or (below and level.name in _BELOW and close - level.price >= _CLEAR_ATR * atr)
    ]
    return min(clear, key=lambda level: abs(level.price - close), default=None)


def _signals(facts: Facts) -> Iterator[Signal]:
    for reading in (_momentum, _trend, _direction, _position, _exhaustion, _leaders, _calm):
        yield from reading(facts)


def _side(value: float) -> Label:
    return Label.BULLISH if value > 0 else Label.BEARISH


def _beyond(facts: Facts, name: str, threshold: float, text: str) -> Iterator[Signal]:
    value = facts.number(name)
    if value is not None and abs(value) >= threshold:
        relation = "positive" if value > 0 else "negative"
        claim = Claim(feature=name, relation=relation)
        yield Signal(name, _side(value), abs(value) / threshold, text, claim)


def _momentum(facts: Facts) -> Iterator[Signal]:
    moved, volatility = facts.number("momentum20"), facts.number("realized_vol20")
    if moved is None or not volatility:
        return
    # one standard deviation of 20 sessions, in percent
    usual = volatility * math.sqrt(20 / _sessions_a_year(facts))
    text = "momentum of {momentum20} over a 20-session stretch"
    yield from _beyond(facts, "momentum20", usual / 2, text)


def _sessions_a_year(facts: Facts) -> int:
    instrument = load_instruments().get(facts.word("instrument") or "")
    return instrument.sessions_a_year if instrument else 252


def _trend(facts: Facts) -> Iterator[Signal]:
    yield from _beyond(
        facts, "sma200_distance", 2, "a close {sma200_distance} from the 200-day mean"
    )
    yield from _beyond(
        facts, "sma50_slope", 0.5, "a 50-day mean that moved {sma50_slope} in a week"
    )
    yield from _beyond(facts, "macd_histogram", 0.15, "MACD at {macd_histogram} against its signal")


def _direction(facts: Facts) -> Iterator[Signal]:
    """A trend that ADX calls strong, and swings that keep one direction."""
    plus, minus = facts.number("plus_di14"), facts.number("minus_di14")
    if band(facts, "adx14") == "high" and plus is not None and minus is not None and plus != minus:
        relation = "above" if plus > minus else "below"
        claim = Claim(feature="plus_di14", relation=relation, other="minus_di14")
        text = "direction at {plus_di14} up against {minus_di14} down, ADX 14 at {adx14}"
        yield Signal("plus_di14", _side(plus - minus), 1.1, text, claim)
    yield from _beyond(facts, "cmf20", 0.15, "estimated money flow of {cmf20}")
    yield from _beyond(
        facts, "week_vwap_distance", 1.5, "{week_vwap_distance} from the week's VWAP"
    )


_WITH_THE_MOVE = {
    "donchian20": "a close at {donchian20} of its 20-day range",
    "close_location": "a close location of {close_location} in the day",
    "value_position": "a value-area position of {value_position}",
}


def _position(facts: Facts) -> Iterator[Signal]:
    for name, text in _WITH_THE_MOVE.items():
        reading = band(facts, name)
        if reading in {"high", "low"}:
            yield _extreme(name, text, reading, 1 if reading == "high" else -1)


def _exhaustion(facts: Facts) -> Iterator[Signal]:
    reading = band(facts, "rsi14")
    if reading in {"high", "low"}:
        side = -1 if reading == "high" else 1
        yield _extreme("rsi14", "RSI 14 stretched at {rsi14}", reading, side)


def _extreme(name: str, text: str, reading: str, side: int) -> Signal:
    return Signal(name, _side(side), 1.0, text, Claim(feature=name, relation=reading))


def _leaders(facts: Facts) -> Iterator[Signal]:
    beta = facts.number("leader_beta60")
    if facts.word("leader_link") != "linked" or beta is None:
        return
    for signal in _beyond(facts, "leader_return", 1, "the leaders at {leader_return}"):
        moved = facts.number("leader_return") or 0.0
        yield Signal(
            signal.feature, _side(moved * beta), signal.strength, signal.text, signal.claim
        )


def _calm(facts: Facts) -> Iterator[Signal]:
    quiet = {
        "regime_ratio": "volatility at {regime_ratio} against its 60-day norm",
        "vol_percentile252": "volatility above only {vol_percentile252} of the past year's",
        "range_atr": "a last session of only {range_atr}",
    }
    for name, text in quiet.items():
        if band(facts, name) == "low":
            claim = Claim(feature=name, relation="low")
            yield Signal(name, Label.NEUTRAL, 1.0, text, claim)
