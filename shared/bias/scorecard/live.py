"""The scorecard of the live forecasts: the figures of a backtest, over what was scored."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import numpy as np

from shared.bias.scorecard.cutoffs import CutOffs
from shared.domain.bias import Label
from shared.domain.market.instrument import Instrument
from shared.domain.time import iso, to_micros
from shared.forecast.comparison import compared, diebold_mariano
from shared.forecast.model_weight import SESSIONS_NEEDED
from shared.forecast.scorecard import BLOCK, Scored, summarize
from shared.forecast.vintages import CLASSES

Score = Mapping[str, Any]
TARGETS = {"close_to_close": "outcome", "open_to_close": "outcome_open_to_close"}
GROUPS = ("instrument", "asset_class", "provider", "prompt", "vintage")
_DATES_FOR_AN_INTERVAL = 2 * BLOCK  # of fewer dates every draw is nearly the whole
_YEAR, _HALF_WIDTH = 252, 2.7  # measured: one year of all instruments, direction hit, in points
_ONE_MARKET = 2.8  # times as wide is that of one market alone, measured likewise
_BEFORE_THE_CHAIN = "it was scored before there was a chain"


def scorecard(
    scores: Iterable[Score],
    instruments: Mapping[str, Instrument],
    cut_offs: CutOffs,
    made_at: datetime,
) -> dict[str, Any]:
    """Work out every figure of the scores that count and were there at `made_at`.

    Shape: `close_to_close` and `open_to_close`, each with `overall`, `by_instrument`,
    `by_asset_class`, `by_provider`, `by_prompt`, `by_vintage` and `rivals`; `leans` by model;
    `left_out` counts why scores do not count. An interval of too few dates is None.
    """
    known = [s for s in scores if s["scored_us"] <= to_micros(made_at)]
    counting = sorted(
        (s for s in known if s.get("counts")), key=lambda s: (s["session"], s["instrument"])
    )
    left_out = Counter(s.get("why_not") or _BEFORE_THE_CHAIN for s in known if not s.get("counts"))
    sessions = sorted({s["session"] for s in counting})
    return {
        "made_at": iso(made_at),
        "since": sessions[0] if sessions else None,
        "until": sessions[-1] if sessions else None,
        "n": len(counting),
        "dates": len(sessions),
        "words": words(len(counting), len(sessions)),
        **{name: _target(counting, instruments, field) for name, field in TARGETS.items()},
        "leans": _leans(counting, instruments, cut_offs),
        "left_out": dict(sorted(left_out.items())),
    }


def words(n: int, dates: int) -> str:
    """Say what so many scores can show."""
    if not n:
        return "No forecast counts yet."
    told = f"{n:,} forecasts on {dates:,} dates"
    if dates < _DATES_FOR_AN_INTERVAL:
        return f"{told}: nothing can be said yet. A month of results, good or bad, says nothing."
    half = _HALF_WIDTH * math.sqrt(_YEAR / dates)
    hit = f"the direction hit over all markets is known to about ±{half:.1f} points"
    if dates < SESSIONS_NEEDED:
        return f"{told}: {hit}, far more than any edge that could be there. Wait for a year."
    return f"{told}: {hit}; one market's alone to about {half * _ONE_MARKET:.1f}."


def _target(
    counting: Sequence[Score], instruments: Mapping[str, Instrument], field: str
) -> dict[str, Any]:
    whole = scored(counting, instruments, field)
    rivals = compared(whole, _rivals(counting, whole))
    return {
        "overall": _honest(summarize(whole)),
        **{
            f"by_{group}": {n: _honest(summarize(part)) for n, part in whole.split(group).items()}
            for group in GROUPS
        },
        "rivals": {name: _honest(figures) for name, figures in rivals.items()},
    }


def scored(
    scores: Sequence[Score], instruments: Mapping[str, Instrument], field: str = "outcome"
) -> Scored:
    """Put scores into arrays."""
    leans = [s["lean"] or {} for s in scores]
    return Scored(
        days=np.array(
            [date.fromisoformat(s["session"]).toordinal() for s in scores], dtype=np.int64
        ),
        chances=np.array([s["chances"] for s in scores]).reshape(-1, 3),
        base=np.array([s["base"] for s in scores]).reshape(-1, 3),
        labels=_classes(s["label"] for s in scores),
        outcomes=_classes(s[field] for s in scores),
        groups={
            "instrument": tuple(s["instrument"] for s in scores),
            "asset_class": tuple(str(instruments[s["instrument"]].asset_class) for s in scores),
            "provider": tuple(lean.get("provider", "rules") for lean in leans),
            "prompt": tuple(lean.get("prompt", "rules") for lean in leans),
            "vintage": tuple(s["vintage"] for s in scores),
        },
    )


def _classes(labels: Iterable[str]) -> Any:
    return np.array([CLASSES.index(Label(label)) for label in labels], dtype=np.int64)


def _rivals(scores: Sequence[Score], whole: Scored) -> dict[str, Scored]:
    """Put the rivals' forecasts into arrays; one that has none of a day is given the base rates."""
    said = [{rival["name"]: rival for rival in score["rivals"]} for score in scores]
    found: dict[str, Scored] = {}
    for name in dict.fromkeys(name for rivals in said for name in rivals):
        told = [rivals.get(name, {"label": Label.NEUTRAL, "chances": None}) for rivals in said]
        labels = _classes(one["label"] for one in told)
        chances = whole.base.copy()
        if name != "climatology":
            for i, one in enumerate(told):
                # scores of before they kept a rival's chances are of rivals that only name a class
                own = one.get("chances", np.eye(3)[labels[i]])
                chances[i] = whole.base[i] if own is None else own
        found[name] = replace(whole, labels=labels, chances=chances)
    return found


def _leans(
    counting: Sequence[Score], instruments: Mapping[str, Instrument], cut_offs: CutOffs
) -> list[dict[str, Any]]:
    """Score each model's own view, split at what it may have read about.

    Shape: `lean` and `rules` are figures over the same rows, those after `known_until` alone;
    `mixed` is what a small share of the lean would have gained on the rules' chances.
    """
    by_model: dict[tuple[str, str], list[Score]] = {}
    for score in counting:
        if score["lean"]:
            by_model.setdefault((score["lean"]["provider"], score["lean"]["model"]), []).append(
                score
            )
    return [
        _lean(name, scores, instruments, cut_offs.get(name))
        for name, scores in sorted(by_model.items())
    ]


def _lean(
    name: tuple[str, str],
    scores: Sequence[Score],
    instruments: Mapping[str, Instrument],
    known_until: date | None,
) -> dict[str, Any]:
    after = [s for s in scores if known_until and date.fromisoformat(s["session"]) > known_until]
    rules = scored(after, instruments)
    own = rules.naming(_classes(s["lean"]["label"] for s in after))
    mixed, plain = (
        np.array([s["lean"][field] for s in after]) for field in ("mixed_rps", "rules_rps")
    )
    return {
        "provider": name[0],
        "model": name[1],
        "known_until": known_until.isoformat() if known_until else None,
        "counted": len(after),
        "not_counted": {
            "the model may have read what happened": len(scores) - len(after) if known_until else 0,
            "its knowledge cut-off is not known": 0 if known_until else len(scores),
        },
        "lean": _honest(summarize(own)),
        "rules": _honest(summarize(rules)),
        "mixed": diebold_mariano(rules.days, mixed, plain),
        "sessions_needed": SESSIONS_NEEDED,
    }


def _honest(figures: dict[str, Any]) -> dict[str, Any]:
    """Take out the intervals of a set that has too few dates for any."""
    if figures.get("dates", 0) >= _DATES_FOR_AN_INTERVAL:
        return figures
    ends = ("_lo", "_hi")
    return {name: None if name.endswith(ends) else found for name, found in figures.items()}
