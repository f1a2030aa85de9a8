"""A chain and its scores, made by hand over many dates: what a download of some months holds."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from shared.bias.scorecard.cutoffs import CutOffs
from shared.bias.scorecard.live import scorecard
from shared.bias.scorecard.store import FORMAT
from shared.domain.bias import Label, ModelLean, Probabilities
from shared.domain.ids import canonical_json
from shared.domain.time import iso, to_micros
from shared.forecast import scoring
from shared.forecast.chain import Committed, make_link
from shared.forecast.model_weight import SHARE, mixed
from shared.forecast.vintages import CLASSES
from shared.market.registry import load_instruments
from shared.market.sessions import next_session, previous_session, session_close

FIRST = date(2026, 1, 5)
BASE = Probabilities(bear=0.3, neutral=0.32, bull=0.38)
CHANCES = {
    Label.BEARISH: Probabilities(bear=0.34, neutral=0.31, bull=0.35),
    Label.NEUTRAL: Probabilities(bear=0.29, neutral=0.35, bull=0.36),
    Label.BULLISH: Probabilities(bear=0.28, neutral=0.3, bull=0.42),
}
SYMBOLS = ("SPY", "QQQ")
NAIVE = ("climatology", "always_bullish", "yesterdays_class", "sign_of_20_days")


def lean(label: Label, model: str = "model-1") -> ModelLean:
    return ModelLean(
        label=label,
        provider="gemini",
        model=model,
        prompt="synthesis.v1",
        rules=CHANCES[label],
        weight=0.0,
        why="0 of 250 forward sessions are scored",
    )


def made(dates: int, *, with_lean: bool = True) -> tuple[list[dict], list[dict]]:
    """The lines of links and of scores, as a download has them."""
    random, session, before = Random(5), FIRST, None
    links: list[dict] = []
    scores: list[dict] = []
    spy = load_instruments()["SPY"]
    for _ in range(dates):
        at = session_close(spy, previous_session(spy, session)) + timedelta(minutes=20)
        records = []
        for symbol in SYMBOLS:
            label, outcome = random.choice(CLASSES), random.choice(CLASSES)
            view = lean(random.choice(CLASSES)) if with_lean else None
            record = said(symbol, session, at, label, view)
            records.append(record)
            scores.append(score(record, outcome, len(links) + 1))
        before = make_link(before, at + timedelta(seconds=2), records, [])
        links.append(
            {
                "number": before.number,
                "created_at": iso(at + timedelta(seconds=3)),
                "link": before.model_dump(mode="json"),
            }
        )
        session = next_session(spy, session)
    return links, scores


def said(
    symbol: str, session: date, at: datetime, label: Label, view: ModelLean | None
) -> Committed:
    return Committed(
        instrument=symbol,
        session=session,
        as_of=at,
        written_at=at + timedelta(seconds=1),
        label=label,
        probabilities=CHANCES[label],
        base_rates=BASE,
        vintage="2024-01",
        snapshot_hash="5" * 64,
        record="7" * 64,
        lean=view,
    )


def measures(label: Label, chances: Probabilities, outcome: Label) -> dict[str, Any]:
    return {
        "label": str(label),
        "rps": round(scoring.rps(chances, outcome), 6),
        "brier": round(scoring.brier(chances, outcome), 6),
        "log_loss": round(scoring.log_loss(chances, outcome), 6),
        "hit": scoring.hit(label, outcome),
        "direction_hit": scoring.direction_hit(label, outcome),
    }


def score(record: Committed, outcome: Label, link: int) -> dict[str, Any]:
    view = record.lean
    scored = datetime(record.session.year, record.session.month, record.session.day, 23, tzinfo=UTC)
    base, bullish = [BASE.of(label) for label in CLASSES], [0.0, 0.0, 1.0]
    said = {
        "climatology": ("Bullish", base),
        **dict.fromkeys(NAIVE[1:], ("Bullish", bullish)),
        "analog_days": ("Bearish", [0.4, 0.3, 0.3]),
    }
    return {
        "instrument": record.instrument,
        "session": record.session.isoformat(),
        "outcome": str(outcome),
        "outcome_open_to_close": str(outcome),
        "confidence": record.probabilities.of(record.label),
        "snapshot_hash": record.snapshot_hash,
        "vintage": record.vintage,
        **measures(record.label, record.probabilities, outcome),
        "chances": [record.probabilities.of(label) for label in CLASSES],
        "base": [record.base_rates.of(label) for label in CLASSES],
        "rivals": [
            {"name": name, "label": label, "chances": chances}
            for name, (label, chances) in said.items()
        ],
        "lean": None
        if view is None
        else {
            "provider": view.provider,
            "model": view.model,
            "prompt": view.prompt,
            "weight": view.weight,
            **measures(view.label, scoring.certain(view.label), outcome),
            "rules_rps": scoring.rps(view.rules, outcome),
            "mixed_rps": scoring.rps(mixed(view.rules, view.label, SHARE), outcome),
        },
        "link": link,
        "counts": True,
        "why_not": None,
        "scored_us": to_micros(scored),
    }


def card_of(scores: list[dict], cut_offs: CutOffs | None = None) -> dict[str, Any]:
    made_at = datetime(2027, 6, 1, tzinfo=UTC)
    return scorecard(scores, load_instruments(), cut_offs or {}, made_at)


def lines_of(links: list[dict], scores: list[dict], card: dict | None = None) -> list[bytes]:
    rows = [{"format": FORMAT, "downloaded_at": "2027-06-01T00:00:00Z"}, *links]
    rows += [{"score": one} for one in scores]
    rows += [] if card is None else [{"scorecard": card}]
    return [canonical_json(row).encode() + b"\n" for row in rows]
