"""Verifies a downloaded scorecard without any store of ours: the chain, the scores, the figures."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from shared.bias.scorecard.cutoffs import load_cutoffs
from shared.bias.scorecard.live import Score, scorecard
from shared.bias.scorecard.store import FORMAT
from shared.domain.bias import Label, ModelLean, Probabilities
from shared.domain.errors import ContractBroken
from shared.domain.ids import canonical_json
from shared.domain.market.instrument import Instrument
from shared.domain.time import parse_instant
from shared.forecast import scoring
from shared.forecast.chain import Committed, check_order, commit_until
from shared.forecast.model_weight import SHARE, mixed
from shared.forecast.vintages import CLASSES
from shared.ports import KeptLink

_ROUNDED = 1e-6
_LEAN = ("provider", "model", "prompt", "label", "rules_rps", "mixed_rps")
_Name = tuple[str, date]


@dataclass(frozen=True, slots=True)
class Downloaded:
    """What a download holds."""

    kept: Sequence[KeptLink]
    scores: Sequence[Score]
    card: Mapping[str, Any] | None


@dataclass(slots=True)
class Verified:
    """What holds.

    Shape: `late` are forecasts that came into the chain after their open and count nothing;
    `unscored` were in time and have no score (their session may not be over, or its bar missing);
    `newest` is the hash to keep: a later download must contain it.
    """

    links: int = 0
    newest: str = ""
    forecasts: int = 0
    absent: int = 0
    late: list[str] = field(default_factory=list)
    scores: int = 0
    counting: int = 0
    unscored: list[str] = field(default_factory=list)
    figures: bool = False


def read_download(lines: Iterable[bytes]) -> Downloaded:
    """Read the lines of a download.

    Raises: ContractBroken for another file, or a line that is none of ours.
    """
    kept: list[KeptLink] = []
    scores: list[Score] = []
    card: Mapping[str, Any] | None = None
    for number, line in enumerate(lines, 1):
        raw = _read_line(line, number)
        if number == 1:
            if raw.get("format") != FORMAT:
                raise ContractBroken(f"this is no download of a scorecard ({FORMAT})")
        elif set(raw) == {"number", "created_at", "link"}:
            kept.append(_kept(raw, number))
        elif set(raw) == {"score"}:
            scores.append(raw["score"])
        elif set(raw) == {"scorecard"} and card is None:
            card = raw["scorecard"]
        else:
            raise ContractBroken(f"line {number}: neither a link, a score nor the scorecard")
    if not kept and not scores and card is None:
        raise ContractBroken("the download is empty")
    return Downloaded(kept, scores, card)


def _read_line(line: bytes, number: int) -> dict[str, Any]:
    try:
        raw = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ContractBroken(f"line {number}: it is not JSON") from error
    if not isinstance(raw, dict):
        raise ContractBroken(f"line {number}: it is not a JSON object")
    return raw


def _kept(raw: Mapping[str, Any], number: int) -> KeptLink:
    try:
        created_at = parse_instant(raw["created_at"])
        return KeptLink(int(raw["number"]), canonical_json(raw["link"]).encode(), created_at)
    except (TypeError, ValueError) as error:
        raise ContractBroken(f"line {number}: its number or time cannot be read") from error


def verify(
    found: Downloaded, instruments: Mapping[str, Instrument], known: str | None = None
) -> Verified:
    """Recompute every hash, order, time and figure.

    Shape: `known` is the hash of a link that the caller kept from an earlier download.
    Raises: ContractBroken saying in words what is broken first.
    """
    links = check_order(found.kept)
    if known is not None and known not in {link.hash for link in links}:
        raise ContractBroken(
            f"no link has the hash {known}, which was in the chain: it was rewritten"
        )
    report = Verified(links=len(links), newest=links[-1].hash if links else "")
    told: dict[_Name, tuple[Committed, bool]] = {}
    without: set[_Name] = set()
    for link, kept in zip(links, found.kept, strict=True):
        without |= {(one.instrument, one.session) for one in link.absent}
        for record in link.records:
            told[record.instrument, record.session] = (
                record,
                kept.created_at < _open(record, instruments),
            )
    report.forecasts, report.absent = len(told), len(without - set(told))
    report.late = [_call(name) for name, (_, in_time) in told.items() if not in_time]
    _verify_scores(found.scores, told, report)
    _verify_figures(found, instruments, report)
    return report


def _open(record: Committed, instruments: Mapping[str, Instrument]) -> datetime:
    instrument = instruments.get(record.instrument)
    if instrument is None:
        raise ContractBroken(f"{record.instrument}: no such instrument is known to this version")
    return commit_until(instrument, record.session)


def _call(name: _Name) -> str:
    return f"{name[0]} of {name[1]}"


def _verify_scores(
    scores: Sequence[Score], told: Mapping[_Name, tuple[Committed, bool]], report: Verified
) -> None:
    seen: set[_Name] = set()
    for score in scores:
        try:
            name = (score["instrument"], date.fromisoformat(score["session"]))
            counts = _verify_score(score, told.get(name))
        except (KeyError, TypeError, ValueError) as error:
            raise ContractBroken(f"a score has not the documented shape: {error!r}") from error
        if name in seen:
            raise ContractBroken(f"{_call(name)}: it is scored twice")
        seen.add(name)
        report.counting += counts
    report.scores = len(seen)
    report.unscored = [_call(n) for n, (_, in_time) in told.items() if in_time and n not in seen]


def _verify_score(score: Score, told: tuple[Committed, bool] | None) -> bool:
    """Tell whether a score counts, after every figure of it was worked out again."""
    name = f"{score['instrument']} of {score['session']}"
    if not score.get("counts"):
        return False
    if told is None:
        raise ContractBroken(f"{name}: its score counts, but no link has a forecast of it")
    record, in_time = told
    if not in_time:
        raise ContractBroken(f"{name}: its score counts, but it came into the chain after the open")
    said = {
        "label": str(record.label),
        "chances": [record.probabilities.of(label) for label in CLASSES],
        "base": [record.base_rates.of(label) for label in CLASSES],
        "vintage": record.vintage,
        "snapshot_hash": record.snapshot_hash,
        **_figures(record.label, record.probabilities, Label(score["outcome"])),
    }
    for field_, value in said.items():
        if not _same(score[field_], value):
            raise ContractBroken(f"{name}: {field_} is {score[field_]}, by the chain it is {value}")
    lean = None if record.lean is None else _lean(record.lean, Label(score["outcome"]))
    scored = None if score["lean"] is None else {key: score["lean"][key] for key in _LEAN}
    if _difference(lean, scored) is not None:
        raise ContractBroken(f"{name}: the lean scored is {scored}, by the chain it is {lean}")
    return True


def _lean(lean: ModelLean, outcome: Label) -> dict[str, Any]:
    with_lean = mixed(lean.rules, lean.label, SHARE)
    values = (scoring.rps(lean.rules, outcome), scoring.rps(with_lean, outcome))
    return dict(
        zip(_LEAN, (lean.provider, lean.model, lean.prompt, str(lean.label), *values), strict=True)
    )


def _figures(label: Label, chances: Probabilities, outcome: Label) -> dict[str, Any]:
    return {
        "rps": scoring.rps(chances, outcome),
        "brier": scoring.brier(chances, outcome),
        "log_loss": scoring.log_loss(chances, outcome),
        "hit": scoring.hit(label, outcome),
        "direction_hit": scoring.direction_hit(label, outcome),
    }


def _verify_figures(
    found: Downloaded, instruments: Mapping[str, Instrument], report: Verified
) -> None:
    if found.card is None:
        return
    try:
        made_at = parse_instant(found.card["made_at"])
        again = scorecard(found.scores, instruments, load_cutoffs(), made_at)
    except (KeyError, TypeError, ValueError) as error:
        raise ContractBroken(f"the scorecard cannot be worked out again: {error!r}") from error
    if (place := _difference(found.card, again)) is not None:
        raise ContractBroken(f"the published scorecard differs from its scores at {place}")
    report.figures = True


def _difference(one: Any, other: Any, place: str = "") -> str | None:
    """Name the first place where two documents differ by more than arithmetic does."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        if set(one) != set(other):
            return f"{place}/{min(set(one) ^ set(other))}"
        pairs = ((f"{place}/{key}", one[key], other[key]) for key in one)
    elif isinstance(one, list | tuple) and isinstance(other, list | tuple):
        if len(one) != len(other):
            return place
        pairs = ((f"{place}/{i}", a, b) for i, (a, b) in enumerate(zip(one, other, strict=True)))
    else:
        return None if _same(one, other) else place
    found = (_difference(a, b, where) for where, a, b in pairs)
    return next((where for where in found if where is not None), None)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, float) or isinstance(other, float):
        return _is_number(one) and _is_number(other) and math.isclose(one, other, abs_tol=_ROUNDED)
    return bool(one == other)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
