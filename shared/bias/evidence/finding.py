"""Chooses the texts that a snapshot is given: what was known by then and concerns its day."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from shared.bias.evidence.releases import EVERYWHERE
from shared.bias.evidence.states import in_words
from shared.domain.bias import Snapshot
from shared.domain.errors import PermanentError, RetryableError
from shared.domain.evidence import Evidence
from shared.domain.market.events import Impact
from shared.domain.market.instrument import Instrument
from shared.domain.passage import Passage, PassageKind
from shared.retrieval import sparse
from shared.retrieval.repeats import is_repeat
from shared.retrieval.search import Found, Scope, Search
from shared.retrieval.shelves import searchable

_log = logging.getLogger(__name__)

_NO_INDEX = "news and past days (there is no index of texts)"
_TITLE, _TEXT = 200, 420  # characters of what a prompt is shown of one text
_NEWS, _EVENTS, _STATES = 4, 3, 3
_NEWS_DAYS, _EVENT_DAYS = timedelta(days=5), timedelta(days=400)
_NAMED = 3  # releases of the session that earlier ones are looked for


@dataclass(frozen=True, slots=True)
class _Question:
    """What is looked for, among what, and how many texts of it a snapshot may hold."""

    kind: PassageKind
    text: str
    scope: Scope
    limit: int


async def with_evidence(
    snapshot: Snapshot, instrument: Instrument, search: Search | None
) -> Snapshot:
    """Return the snapshot with the texts that it is given, or with the word that there are none.

    Shape: news, then earlier releases, then past days; nothing known later than `as_of`.
    Idempotent: equal indexes and snapshots give equal texts in equal order.
    """
    if search is None:
        return _lacking(snapshot, _NO_INDEX)
    asked = _questions(snapshot, instrument)
    try:
        answers = await asyncio.gather(*(search.find(q.kind, q.text, q.scope) for q in asked))
    except (RetryableError, PermanentError) as error:
        _log.warning("evidence.not_found", extra={"error": type(error).__name__})
        return _lacking(snapshot, f"news and past days ({type(error).__name__} of the index)")
    degraded = dict.fromkeys(reason for answer in answers for reason in answer.degraded)
    chosen = [
        (question, _choose(question, answer.found))
        for question, answer in zip(asked, answers, strict=True)
    ]
    texts = tuple(_evidence(passage) for _, passages in chosen for passage in passages)
    given = snapshot.model_copy(update={"evidence": texts})
    return _lacking(given, *_gaps(chosen), *degraded)


def _lacking(snapshot: Snapshot, *what: str) -> Snapshot:
    source = snapshot.provenance
    missing = (*source.missing, *what)
    return snapshot.model_copy(
        update={"provenance": source.model_copy(update={"missing": missing})}
    )


def _questions(snapshot: Snapshot, instrument: Instrument) -> list[_Question]:
    as_of, own = snapshot.as_of, (instrument.symbol,)
    words = ", ".join(in_words(snapshot.features).values())
    releases = _releases(snapshot)
    topic = f"{instrument.name}: {'; '.join((*releases, words))}"
    news = Scope(as_of, since=as_of - _NEWS_DAYS, until=as_of, instruments=own)
    states = Scope(as_of, until=as_of, instruments=own)
    found = [_Question(PassageKind.NEWS, topic, news, _NEWS)]
    if releases:
        currencies = (*instrument.calendar_currencies, EVERYWHERE)
        earlier = Scope(as_of, since=as_of - _EVENT_DAYS, until=as_of, currencies=currencies)
        found.append(_Question(PassageKind.EVENTS, "; ".join(releases), earlier, _EVENTS))
    return [*found, _Question(PassageKind.STATES, words, states, _STATES)]


def _releases(snapshot: Snapshot) -> list[str]:
    """Name the weightiest releases of the session."""
    order = (Impact.HIGH, Impact.MEDIUM)
    ranked = sorted(
        (order.index(e.impact), e.at, e.currency, e.title)
        for e in snapshot.events
        if e.impact in order
    )
    return [f"{currency} {title}" for _, _, currency, title in ranked[:_NAMED]]


def _choose(question: _Question, found: Sequence[Found]) -> list[Passage]:
    """Keep the best: of a document its newest version, a story told twice once."""
    chosen: list[Passage] = []
    ranked = [one.passage for one in found]
    if question.kind is not PassageKind.NEWS:
        ranked.sort(key=lambda passage: _rank(question, passage))
    for passage in _newest(p for p in ranked if _was_known(p, question)):
        if len(chosen) == question.limit:
            break
        if not any(_is_repeat(passage, other) for other in chosen):
            chosen.append(passage)
    return chosen


def _rank(question: _Question, passage: Passage) -> tuple[float, float, str]:
    """Rank releases and days by the words that they share with the question, then by age.

    They are often told in equal words, and equal scores fall anyhow into an engine's ranks.
    """
    weights = sparse.document_weights(searchable(passage))
    shared = sum(weights.get(word, 0.0) for word in sparse.query_weights(question.text))
    return -round(shared, 9), -passage.happened_at.timestamp(), passage.id


def _was_known(passage: Passage, question: _Question) -> bool:
    # the index filters by time too; what a snapshot may hold does not rest on it alone
    return max(passage.known_at, passage.happened_at) <= question.scope.as_of


def _newest(found: Iterable[Passage]) -> list[Passage]:
    """Keep of each document the version known last, at the place of its best."""
    kept: dict[tuple[str, int], Passage] = {}
    for passage in found:
        name = (passage.document, passage.part)
        held = kept.get(name, passage)
        kept[name] = max(held, passage, key=lambda p: (p.known_at, p.id))
    return list(kept.values())


def _is_repeat(passage: Passage, other: Passage) -> bool:
    if passage.kind is not PassageKind.NEWS:
        return False  # releases and days have words in common without being one
    return is_repeat(f"{passage.title} {passage.text}", f"{other.title} {other.text}")


def _evidence(passage: Passage) -> Evidence:
    return Evidence(
        id=passage.id,
        kind=passage.kind,
        title=_cut(passage.title, _TITLE),
        text=_cut(passage.text, _TEXT),
        url=passage.url,
        source=passage.source,
        published_at=passage.happened_at,
        known_at=passage.known_at,
    )


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def _gaps(chosen: Iterable[tuple[_Question, Sequence[Passage]]]) -> list[str]:
    words = {PassageKind.NEWS: "news of the last days", PassageKind.STATES: "similar past days"}
    return [words[q.kind] for q, found in chosen if q.kind in words and not found]
