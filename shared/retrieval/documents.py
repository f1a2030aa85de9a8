"""Documents before they are cut: what one says, where it comes from, whom it concerns."""

import uuid

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.evidence import web_address
from shared.domain.ids import canonical_json, content_key
from shared.domain.market.instrument import InstrumentClass
from shared.domain.passage import Passage, PassageKind
from shared.domain.time import Instant, to_micros
from shared.retrieval.chunking import chunks, tokens_at_most

TOKENS = 250  # the offline embedder reads 256, two of them marks; longer texts are cut there
_TITLE = 200  # characters, of which none counts more than a token
_LEAST = TOKENS - _TITLE  # tokens of a part, however long the title
_NAMESPACE = uuid.UUID("6f6b4f2e-6a0c-5a3e-9d55-6d5f0a6a2c11")


class RetrievalDocument(BaseModel):
    """One version of an article, an event or a past day.

    Shape: `name` is what its versions share, the source's own id; `known_at` is when we had this
    version; `happened_at` when it was published, released or closed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: PassageKind
    source: str
    name: str
    title: str = Field(min_length=1)
    text: str
    url: str = ""
    known_at: Instant
    happened_at: Instant
    instruments: tuple[str, ...] = ()
    classes: tuple[InstrumentClass, ...] = ()
    currencies: tuple[str, ...] = ()


def passages_of(document: RetrievalDocument) -> tuple[Passage, ...]:
    """Cut a document into passages that an embedder reads whole.

    Shape: all versions of a document share `document`; a document without a text is its title.
    Idempotent: equal documents give equal ids, and a change of anything in them gives others.
    """
    title = " ".join(document.title.split())[:_TITLE]
    limit = max(_LEAST, TOKENS - tokens_at_most(title))
    parts = chunks(document.text, limit) or (title,)
    shared = {
        "kind": document.kind,
        "document": content_key(document.kind, document.source, document.name),
        "title": title,
        "source": document.source,
        "url": web_address(document.url),
        "instruments": document.instruments,
        "classes": document.classes,
        "currencies": document.currencies,
        "known_at": document.known_at,
        "happened_at": document.happened_at,
    }
    return tuple(
        Passage.model_validate({"id": _id(document, n), "part": n, "text": part} | shared)
        for n, part in enumerate(parts)
    )


def _id(document: RetrievalDocument, part: int) -> str:
    content = document.model_dump(mode="json") | {
        "known_at": to_micros(document.known_at),
        "happened_at": to_micros(document.happened_at),
        "part": part,
    }
    return str(uuid.uuid5(_NAMESPACE, canonical_json(content)))
