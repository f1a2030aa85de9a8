"""The whole scorecard of a backtest as one document: what `daybias backtest --json` prints."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from shared.bias.backtest.labels import climatology
from shared.bias.backtest.leaks import leaks
from shared.bias.backtest.rivals import rivals
from shared.bias.backtest.sensitivity import sensitivity
from shared.bias.backtest.verdicts import bars
from shared.bias.backtest.walked import Backtest, run, scored
from shared.bias.past.history import Archive
from shared.domain.errors import NotFound
from shared.domain.market.instrument import Instrument
from shared.forecast.scorecard import Scored, summarize


def report(
    archive: Archive, instruments: Mapping[str, Instrument], since: date, until: date
) -> dict[str, Any]:
    """Walk forward over a period and work out all that can be said of it.

    Shape: `overall`, `by_instrument`, `by_class`, `by_vintage`, `open_to_close`, `rivals`, `leaks`,
    `sensitivity`, `bars`, `left_out` (days without a forecast, and why).
    Raises: NotFound when no day of the period could be forecast.
    """
    test = run(archive, instruments, since, until)
    if not test.days:
        raise NotFound(f"no session of {since} to {until} could be forecast: {test.left_out}")
    base = climatology(archive, list(instruments.values()), test.days)
    whole = scored(test, base)
    overall, by_instrument = summarize(whole), _each(whole, "instrument")
    return {
        "from": since.isoformat(),
        "to": until.isoformat(),
        "overall": overall,
        "by_instrument": by_instrument,
        "rivals": rivals(test, whole),
        "by_class": _each(whole, "asset_class"),
        "by_vintage": _each(whole, "vintage"),
        "open_to_close": _open_to_close(test, whole),
        "leaks": leaks(whole),
        "sensitivity": sensitivity(test),
        "bars": bars(overall, by_instrument),
        "left_out": test.left_out,
    }


def _each(whole: Scored, group: str) -> dict[str, dict[str, Any]]:
    return {name: summarize(part) for name, part in whole.split(group).items()}


def _open_to_close(test: Backtest, whole: Scored) -> dict[str, Any]:
    """The second target: the part that a reader before the open can trade.

    The base rates are those of close to close, as a reader sees them; skill compares both on it.
    """
    return summarize(scored(test, whole.base, tradable=True))
