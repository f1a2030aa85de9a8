"""Which readings speak for and against a label, and where it would be proved wrong."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from shared.analyst.facts import Facts
from shared.analyst.relations import band
from shared.analyst.render import render
from shared.domain.bias import Claim, Driver, Label, Level, Snapshot

_MOST = 4
_CLEAR_ATR = 0.25  # a level nearer to the close than this is noise, not a test
_ABOVE = ("resistance", "prior_high", "vah", "prior_week_high")
_BELOW = ("support", "prior_low", "val", "prior_week_low")


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
    """Find the nearest level that would contradict the label; a Neutral label has none."""
    close, atr = facts.number("last_close"), facts.number("atr14")
    if close is None or atr is None or label is Label.NEUTRAL:
        return None
    names, sign = (_ABOVE, 1) if label is Label.BEARISH else (_BELOW, -1)
    clear = [
        level
        for level in snapshot.levels
        if level.name in names and (level.price - close) * sign >= _CLEAR_ATR * atr
    ]
    return min(clear, key=lambda level: abs(level.price - close), default=None)


def _signals(facts: Facts) -> Iterator[Signal]:
    for reading in (_momentum, _trend, _position, _exhaustion, _leaders, _calm):
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
    usual = volatility * math.sqrt(20 / 252)  # one standard deviation of 20 sessions, in percent
    text = "momentum of {momentum20} over a 20-session stretch"
    yield from _beyond(facts, "momentum20", usual / 2, text)


def _trend(facts: Facts) -> Iterator[Signal]:
    yield from _beyond(facts, "sma200_distance", 2, "{sma200_distance} from the 200-day mean")
    yield from _beyond(facts, "sma50_slope", 0.5, "the 50-day mean moved {sma50_slope} in a week")
    yield from _beyond(facts, "macd_histogram", 0.15, "MACD against its signal {macd_histogram}")


_WITH_THE_MOVE = {
    "donchian20": "close at {donchian20} of its 20-day range",
    "close_location": "close location {close_location} in the day",
    "value_position": "value-area position {value_position}",
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
    for signal in _beyond(facts, "leader_return", 1, "leaders moved {leader_return}"):
        moved = facts.number("leader_return") or 0.0
        yield Signal(
            signal.feature, _side(moved * beta), signal.strength, signal.text, signal.claim
        )


def _calm(facts: Facts) -> Iterator[Signal]:
    quiet = {
        "regime_ratio": "volatility {regime_ratio} against its 60-day norm",
        "vol_percentile252": "volatility ranks above only {vol_percentile252} of the past year",
        "range_atr": "the last session spanned only {range_atr}",
    }
    for name, text in quiet.items():
        if band(facts, name) == "low":
            claim = Claim(feature=name, relation="low")
            yield Signal(name, Label.NEUTRAL, 1.0, text, claim)
