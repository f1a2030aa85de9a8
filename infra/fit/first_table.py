"""Fit shared/forecast/vintages/2020-01.json on open daily prices before 2020, and report honestly.

`python -m infra.fit.first_table` rewrites the table and prints the report kept in
docs/reference/forecast.md. No randomness but the seeded bootstrap of the report.
"""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np

from shared.domain.bars import Series, Timeframe
from shared.domain.bias import Label, Probabilities
from shared.features.estimates.volatility import realized_volatility, regime_ratio
from shared.features.indicators import Array, atr, momentum
from shared.features.inputs import columns
from shared.forecast.outcome import classify
from shared.forecast.probabilities import label_by_lift, scaled_momentum
from shared.forecast.scoring import rps
from shared.forecast.vintages import CLASSES, Counts, SeriesCounts, Vintage
from shared.market.csv_files import CsvFiles

ROOT = Path(__file__).parents[2]
DATA = ROOT / "infra" / "local" / "data"
OUTPUT = ROOT / "shared" / "forecast" / "vintages" / "2020-01.json"
SYMBOLS = ("SPY", "QQQ", "IWM", "EURUSD", "GBPUSD", "USDJPY", "XAUUSD")
FITTED_UNTIL = date(2019, 12, 24)  # labels closed at least 7 days before the vintage's date
DATED = date(2020, 1, 1)
CLIMATOLOGY_WEIGHT = 100
STATE_WEIGHT = 400  # the tried weight with the best walk-forward skill over 2016-2019 (see report)
TRIED_WEIGHTS = (100, 200, 400, 800, 1600)
REPLAY_UNTIL = date(2020, 5, 29)
_HEAD = (
    "| days | n | RPS climatology | RPS table | skill % [95 %] | bear/neutral/bull label % "
    "| hit % | always bullish % | top chance % |"
)


@dataclass(frozen=True)
class Day:
    """One labelled day: what was known at its close, and what the next close brought."""

    series: str
    session: date
    labelled: date  # session whose close gave the label
    regime: float
    momentum: float
    outcome: Label


async def load(symbols: Iterable[str]) -> dict[str, Series]:
    files = CsvFiles(DATA)
    since, until = datetime(2011, 1, 8, tzinfo=UTC), datetime(2020, 5, 30, tzinfo=UTC)
    return {s: await files.fetch(s, Timeframe.DAY, since, until) for s in symbols}


def label_days(series: Series) -> list[Day]:
    """Label every day that has all three numbers, rounded as the features show them."""
    bars = columns(series, datetime(2100, 1, 1, tzinfo=UTC), last=len(series.bars))
    ratio, moved = regime_ratio(bars.close), momentum(bars.close) * 100
    ranges = atr(bars.high, bars.low, bars.close)
    volatility = realized_volatility(bars.close, 20)
    days = []
    for i in range(len(bars) - 1):
        if not np.isfinite([ratio[i], moved[i], ranges[i], volatility[i]]).all():
            continue
        scaled = scaled_momentum(round(float(moved[i]), 2), round(float(volatility[i]), 1))
        outcome = classify(float(bars.close[i + 1] - bars.close[i]), float(ranges[i]))
        here, after = bars.bars[i].session, bars.bars[i + 1].session
        days.append(Day(series.symbol, here, after, round(float(ratio[i]), 3), scaled, outcome))
    return days


def _counts(days: Iterable[Day]) -> Counts:
    found = Counter(day.outcome for day in days)
    bear, neutral, bull = (found[label] for label in CLASSES)
    return (bear, neutral, bull)


def fit(days: Sequence[Day], until: date, weight: int, data: Mapping[str, str]) -> Vintage:
    """Count what followed each state, from labels closed by `until`."""
    known = [day for day in days if day.labelled <= until]
    third, two_thirds = 100 / 3, 200 / 3
    regime = np.percentile([d.regime for d in known], [third, two_thirds]).round(3)
    scaled = np.percentile([d.momentum for d in known], [third, two_thirds]).round(3)
    empty = Vintage(
        id=f"{DATED:%Y-%m}",
        dated=DATED,
        fitted_until=until,
        data=dict(data),
        climatology_weight=CLIMATOLOGY_WEIGHT,
        state_weight=weight,
        regime_cuts=(float(regime[0]), float(regime[1])),
        momentum_cuts=(float(scaled[0]), float(scaled[1])),
        pooled=_counts(known),
        series={},
    )
    return empty.model_copy(
        update={"series": {s: _series_counts(empty, known, s) for s in SYMBOLS}}
    )


def _series_counts(cuts: Vintage, known: Sequence[Day], symbol: str) -> SeriesCounts:
    own = [day for day in known if day.series == symbol]
    states = [f"{r}.{m}" for r in range(3) for m in range(3)]
    return SeriesCounts(
        days=_counts(own),
        states={
            s: _counts(d for d in own if cuts.state(d.regime, d.momentum) == s) for s in states
        },
    )


@dataclass(frozen=True)
class Result:
    """Scores of the table and of climatology over the same days."""

    sessions: tuple[date, ...]
    table: Array  # one RPS a day
    base: Array  # one RPS a day
    chances: tuple[Probabilities, ...]
    labels: tuple[Label, ...]
    outcomes: tuple[Label, ...]

    @property
    def skill(self) -> float:
        return float(1 - self.table.mean() / self.base.mean())


def evaluate(vintage: Vintage, days: Sequence[Day]) -> Result:
    base = [vintage.base_rates(d.series) for d in days]
    chances = [vintage.in_state(d.series, vintage.state(d.regime, d.momentum)) for d in days]
    return Result(
        tuple(d.session for d in days),
        np.array([rps(p, d.outcome) for p, d in zip(chances, days, strict=True)]),
        np.array([rps(p, d.outcome) for p, d in zip(base, days, strict=True)]),
        tuple(chances),
        tuple(label_by_lift(p, b) for p, b in zip(chances, base, strict=True)),
        tuple(d.outcome for d in days),
    )


def interval(result: Result, draws: int = 2000, block: int = 10) -> tuple[float, float]:
    """Bootstrap the skill: whole dates in circular blocks, all instruments of a date together."""
    dates = sorted(set(result.sessions))
    index = {day: i for i, day in enumerate(dates)}
    at = np.array([index[d] for d in result.sessions])
    table, base = (np.bincount(at, weights=x) for x in (result.table, result.base))
    random = np.random.default_rng(20200529)
    starts = random.integers(0, len(dates), size=(draws, -(-len(dates) // block)))
    chosen = (starts[:, :, None] + np.arange(block)).reshape(draws, -1)[:, : len(dates)]
    chosen %= len(dates)
    skills = 1 - table[chosen].sum(axis=1) / base[chosen].sum(axis=1)
    low, high = np.percentile(skills, [2.5, 97.5])
    return float(low), float(high)


def walk_forward(days: Sequence[Day], weight: int) -> Result:
    """Refit each year of 2016 to 2019 on labels closed by 24 December before it."""
    parts = [
        evaluate(
            fit(days, date(year - 1, 12, 24), weight, {}),
            [d for d in days if d.session.year == year and d.labelled <= FITTED_UNTIL],
        )
        for year in (2016, 2017, 2018, 2019)
    ]
    return Result(
        tuple(s for p in parts for s in p.sessions),
        np.concatenate([p.table for p in parts]),
        np.concatenate([p.base for p in parts]),
        tuple(c for p in parts for c in p.chances),
        tuple(x for p in parts for x in p.labels),
        tuple(o for p in parts for o in p.outcomes),
    )


def describe(name: str, result: Result) -> str:
    low, high = interval(result)
    share = Counter(result.labels)
    top = [max(c.bear, c.neutral, c.bull) for c in result.chances]
    hits = np.mean([a is b for a, b in zip(result.labels, result.outcomes, strict=True)])
    bull = np.mean([o is Label.BULLISH for o in result.outcomes])
    count = len(result.labels)
    shares = "/".join(f"{100 * share[label] / count:.0f}" for label in CLASSES)
    return (
        f"| {name} | {count:,} | {result.base.mean():.4f} | {result.table.mean():.4f} "
        f"| {100 * result.skill:+.2f} [{100 * low:+.2f}, {100 * high:+.2f}] | {shares} "
        f"| {100 * hits:.1f} | {100 * bull:.1f} | {100 * max(top):.1f} |"
    )


def report(days: Sequence[Day], vintage: Vintage) -> str:
    known = [d for d in days if d.labelled <= FITTED_UNTIL]
    after = [d for d in days if d.session >= DATED and d.labelled <= REPLAY_UNTIL]
    lines = [
        _HEAD,
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        describe("in sample, 2011-2019", evaluate(vintage, known)),
    ]
    lines += [
        describe(f"walk-forward 2016-2019, state weight {w}", walk_forward(days, w))
        for w in TRIED_WEIGHTS
    ]
    lines.append(describe("after the fit, 2020-01 to 2020-05", evaluate(vintage, after)))
    return "\n".join(lines)


def data_hashes(symbols: Iterable[str]) -> dict[str, str]:
    """Hash the rows of each file that could enter the fit."""
    hashes = {}
    for symbol in symbols:
        rows = (DATA / "daily" / f"{symbol}.csv").read_text().splitlines()
        used = [row for row in rows if row[:10] <= FITTED_UNTIL.isoformat()]
        hashes[f"daily/{symbol}.csv"] = hashlib.sha256("\n".join(used).encode()).hexdigest()
    return hashes


def build() -> tuple[Vintage, list[Day]]:
    series = asyncio.run(load(SYMBOLS))
    days = [day for s in SYMBOLS for day in label_days(series[s])]
    return fit(days, FITTED_UNTIL, STATE_WEIGHT, data_hashes(SYMBOLS)), days


def render(vintage: Vintage) -> str:
    return json.dumps(vintage.model_dump(mode="json"), indent=1, sort_keys=True) + "\n"


def main() -> None:
    vintage, days = build()
    OUTPUT.write_text(render(vintage), encoding="utf-8")
    for file, digest in vintage.data.items():
        print(f"{file}  sha256 of rows used: {digest}")
    print(report(days, vintage))


if __name__ == "__main__":
    main()
