"""Passages for tests: what matters is said, the rest is filled in."""

from datetime import UTC, datetime
from uuid import UUID

from shared.domain.passage import Passage, PassageKind

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def passage(number: int, text: str, **changed: object) -> Passage:
    usual = {
        "id": str(UUID(int=number)),
        "kind": PassageKind.NEWS,
        "document": f"article-{number}",
        "title": "A report",
        "text": text,
        "source": "test",
        "known_at": NOON,
        "happened_at": NOON,
    }
    return Passage.model_validate(usual | changed)
