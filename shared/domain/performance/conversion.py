"""Amounts of several currencies in one: each with the rate, its source and its date."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from shared.domain.money import ExactDecimal, divide_rounded, no_digit_lost

_ONE = Decimal(1)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Rate(_Frozen):
    """How much of the reporting currency one unit was worth; `on` is the rate's own day."""

    currency: str
    value: ExactDecimal
    on: date
    source: str


@dataclass(frozen=True, slots=True)
class Quotes:
    """Daily closing prices of pairs, by pair and day.

    Shape: `closes` maps "EURUSD" to its closes; a day without one takes the newest before it, of at
    most `oldest` days.
    """

    closes: Mapping[str, Mapping[date, Decimal]]
    source: str
    oldest: int = 5

    def rate(self, currency: str, into: str, on: date) -> Rate | None:
        """Find the rate of a day, straight, turned around, or over the US dollar; None without.

        Nothing is taken to be worth a dollar because its name says so.
        """
        if currency == into:
            return Rate(currency=currency, value=_ONE, on=on, source="the same currency")
        straight = self._either(currency, into, on)
        if straight is not None or "USD" in (currency, into):
            return self._rate(currency, straight)
        first, second = self._either(currency, "USD", on), self._either("USD", into, on)
        if first is None or second is None:
            return None
        with no_digit_lost():
            value = first[1] * second[1]
        crossed = (min(first[0], second[0]), value, f"{first[2]} x {second[2]}")
        return self._rate(currency, crossed)

    def _rate(self, currency: str, found: tuple[date, Decimal, str] | None) -> Rate | None:
        if found is None:
            return None
        on, value, pair = found
        return Rate(currency=currency, value=value, on=on, source=f"{self.source}: {pair}")

    def _either(self, base: str, quote: str, on: date) -> tuple[date, Decimal, str] | None:
        if found := self._close(f"{base}{quote}", on):
            return (*found, f"{base}{quote}")
        if found := self._close(f"{quote}{base}", on):
            return found[0], divide_rounded(_ONE, found[1]), f"1 / {quote}{base}"
        return None

    def _close(self, pair: str, on: date) -> tuple[date, Decimal] | None:
        days = self.closes.get(pair, {})
        newest = max((day for day in days if day <= on), default=None)
        if newest is None or (on - newest).days > self.oldest or days[newest] <= 0:
            return None
        return newest, days[newest]


class Converted(_Frozen):
    """A sum in one currency.

    Shape: `rates` are those that were used, the newest of each currency; `missing` names the
    currencies of which at least one day has no rate: their amounts are not in `amount`.
    """

    currency: str
    amount: ExactDecimal
    rates: tuple[Rate, ...]
    missing: tuple[str, ...]


def converted(
    amounts: Mapping[str, Mapping[date, Decimal]], into: str, quotes: Quotes
) -> Converted:
    """Convert each day's amount at that day's rate and add up; a currency counts whole or not."""
    total, used, missing = Decimal(0), dict[str, Rate](), list[str]()
    for currency, days in sorted(amounts.items()):
        found = {day: quotes.rate(currency, into, day) for day, amount in days.items() if amount}
        known = {day: rate for day, rate in found.items() if rate is not None}
        if len(known) < len(found):
            missing.append(currency)
            continue
        with no_digit_lost():
            total += sum((days[day] * rate.value for day, rate in known.items()), Decimal(0))
        if known:
            used[currency] = known[max(known)]
    foreign = tuple(rate for name, rate in used.items() if name != into)
    return Converted(currency=into, amount=total, rates=foreign, missing=tuple(missing))


def currencies_of(amounts: Iterable[str], into: str) -> tuple[str, ...]:
    """Name the pairs that a conversion may need, in both directions."""
    pairs = {(one, other) for one in amounts for other in (into, "USD") if one != other}
    pairs |= {("USD", into)} if into != "USD" else set()
    return tuple(sorted({f"{a}{b}" for a, b in pairs} | {f"{b}{a}" for a, b in pairs}))
