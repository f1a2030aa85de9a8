"""The protocols between the house and the world; each has an embedded and a Google adapter.

A port has an abstract contract suite in tests/contract; every adapter passes it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from pydantic import BaseModel

from shared.domain.errors import ContractBroken
from shared.ports.chain import ForecastChain as ForecastChain
from shared.ports.chain import KeptLink as KeptLink
from shared.ports.vectors import BilledEmbedder as BilledEmbedder
from shared.ports.vectors import Embedded as Embedded
from shared.ports.vectors import Embedder as Embedder
from shared.ports.vectors import StoredPoint as StoredPoint
from shared.ports.vectors import VectorFilter as VectorFilter
from shared.ports.vectors import VectorHit as VectorHit
from shared.ports.vectors import VectorIndex as VectorIndex
from shared.ports.vectors import VectorPoint as VectorPoint
from shared.ports.vectors import VectorQuery as VectorQuery

# JSON as the stores keep it: str, int, bool, None, float (statistics only), lists, objects.
JsonScalar = str | int | float | bool | None
Body = Mapping[str, Any]


# ------------------------------------------------------------------ documents


class Key(NamedTuple):  # of a tuple's speed: a page makes and looks up thousands
    """Address of a document.

    Shape: `collection` is a declared name (domain/collections.py); `path` holds the ids of its
    ancestors, outermost first, then its own: Key("executions", ("user-1", "k7…")).
    """

    collection: str
    path: tuple[str, ...]

    @property
    def id(self) -> str:
        """The document's own id."""
        return self.path[-1]


@dataclass(frozen=True, slots=True)
class Document:
    """A stored document as it was read.

    Shape: `version` is opaque; it changes with every write that changes the body and never returns.
    """

    key: Key
    body: Body
    version: str


@dataclass(frozen=True, slots=True)
class Create:
    """Write a document that must not exist yet."""

    key: Key
    body: Body


@dataclass(frozen=True, slots=True)
class Update:
    """Replace a document's whole body if it still has this version."""

    key: Key
    body: Body
    version: str


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove a document; with a version only if it still has it, without one in any case."""

    key: Key
    version: str | None = None


Write = Create | Update | Delete


@dataclass(frozen=True, slots=True)
class Query:
    """An ordered scan that a declared index serves.

    Shape: `parent` = ids of the ancestors, or None for all documents of the collection under any
    ancestor (a collection group). `where` = equality filters. Order is by `order_by` (None, then
    numbers, then text), then by id (in a group: by path); without `order_by` by that alone.
    `at_least` and `below` bound `order_by` and leave None out. `cursor` is the token of the page
    before.
    """

    collection: str
    parent: tuple[str, ...] | None
    where: Mapping[str, JsonScalar] = field(default_factory=dict)
    order_by: str | None = None
    at_least: JsonScalar = None
    below: JsonScalar = None
    descending: bool = False
    limit: int = 500
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a scan; `cursor` is None when the scan is complete."""

    documents: tuple[Document, ...]
    cursor: str | None


class Documents(Protocol):
    """The one store: get many, one atomic batch, ordered scan."""

    async def get_many(self, keys: Sequence[Key]) -> list[Document | None]:
        """Read documents in the order of their keys; None where there is none.

        Raises: StoreUnavailable.
        """
        ...

    async def commit(self, writes: Sequence[Write]) -> None:
        """Apply all writes or none; a key may occur once. At most 450 writes and 3 MB a batch.

        Shape: a body holds JSON of at most 1 MB, no list directly in a list, and every field that
        an index of its collection names: str, int, bool or None, of one type across documents.
        Raises: AlreadyExists, VersionChanged (nothing was written), StoreUnavailable, ValueError
        when the batch itself is wrong (a key twice, too large, an undeclared collection, a body
        of another shape).
        """
        ...

    async def scan(self, query: Query) -> Page:
        """Read one page of an ordered scan.

        Raises: StoreUnavailable, InvalidInput for a cursor that is not one of ours, ValueError
        when no declared index serves the query.
        """
        ...

    async def close(self) -> None:
        """Release what was opened."""
        ...


# ------------------------------------------------------------------------ bus


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to publish; `attributes` are plain text and never secret."""

    topic: str
    data: bytes
    attributes: Mapping[str, str] = field(default_factory=dict)


class MessageBus(Protocol):
    """At-least-once delivery in any order, by HTTP push, with a dead letter."""

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Return when every message is durable.

        Raises: StoreUnavailable, InvalidInput for a message above 9 MB or an unknown topic.
        """
        ...

    async def close(self) -> None:
        """Release what was opened."""
        ...


# -------------------------------------------------------------------- secrets


@dataclass(frozen=True, slots=True)
class Secret:
    """One version of a secret; the value never appears in its repr."""

    name: str
    version: str
    value: bytes = field(repr=False)


class Secrets(Protocol):
    """The application's own secrets, by name and version."""

    async def get(self, name: str, version: str = "latest") -> Secret:
        """Read one version.

        Raises: NotFound, StoreUnavailable.
        """
        ...

    async def add(self, name: str, value: bytes) -> Secret:
        """Store a new version (creating the secret at the first) and return it.

        Raises: StoreUnavailable.
        """
        ...

    async def close(self) -> None:
        """Release what was opened."""
        ...


# ------------------------------------------------- time, randomness, caching


class Clock(Protocol):
    """Now and waiting."""

    def now(self) -> datetime:
        """Tell the time: aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Count seconds for measuring durations; unrelated to `now`."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class Entropy(Protocol):
    """Randomness, for ids, jitter and nonces."""

    def token(self) -> str:
        """Return a new unguessable id of 26 lower-case base32 characters."""
        ...

    def random_bytes(self, count: int) -> bytes:
        """Return bytes fit for a cryptographic nonce."""
        ...

    def uniform(self, low: float, high: float) -> float:
        """Return a number in [low, high] for jitter."""
        ...


class Cache(Protocol):
    """A response cache that may forget at any time."""

    async def get(self, key: str) -> bytes | None:
        """Return a value that has not expired."""
        ...

    async def put(self, key: str, value: bytes, ttl_s: float) -> None:
        """Keep a value for at most `ttl_s` seconds."""
        ...


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `calls` in any span of `window_s` seconds."""

    calls: int
    window_s: float = 1.0


class RateLimiter(Protocol):
    """Limits by name; whoever shares the store behind it shares them."""

    async def acquire(self, name: str, cost: int, deadline: float) -> None:
        """Return when `cost` more calls stay within a limit; who asked first goes first.

        Units: `deadline` on the clock's monotonic scale.
        Raises: BudgetSpent at once, with nothing spent, when the turn would come later; ValueError
        for a name without a limit, or a cost that never fits into it.
        """
        ...


# ---------------------------------------------------------------------- models


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One structured question to a language model.

    Shape: `schema` is the pydantic model that the answer's JSON must satisfy; `asker` names what
    the question is for: where calls are limited, askers take turns. `snapshot_hash` and
    `prompt_id` say what it is asked about and by which text, for whoever looks at it later.
    Units: `timeout_s` seconds for the whole call.
    """

    system: str
    prompt: str
    schema: type[BaseModel]
    temperature: float
    max_output_tokens: int
    timeout_s: float
    asker: str = ""
    snapshot_hash: str = ""
    prompt_id: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call as the provider counted them; `thinking` is billed as output."""

    prompt: int = 0
    cached: int = 0
    output: int = 0
    thinking: int = 0


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """The raw text of an answer; the caller validates it against the schema.

    Shape: `request_id` is what the provider's support asks for, "" where it gives none.
    """

    text: str
    model: str
    usage: Usage
    request_id: str = ""


class AnswerUnusable(ContractBroken):
    """A model answered and counts it, but refused, was blocked or cut, or said nothing.

    Shape: `answer` holds what was paid for; its text may be empty.
    """

    def __init__(self, message: str, answer: ModelAnswer) -> None:
        super().__init__(message)
        self.answer = answer


class LanguageModel(Protocol):
    """A model that answers in JSON."""

    @property
    def provider(self) -> str:
        """Short name for labels: gemini, openai, local."""
        ...

    async def generate(self, request: ModelRequest) -> ModelAnswer:
        """Ask once; retries belong to the caller.

        Raises: RateLimited, UpstreamUnavailable (also timeout), AuthRejected, QuotaSpent,
        RequestRejected, AnswerUnusable, ContractBroken. None repeats a key or the question.
        """
        ...

    async def check(self, *, timeout_s: float) -> None:
        """Return if the key is accepted and the model is there; costs no tokens.

        Raises: as `generate`; RequestRejected with status 404 when there is no such model.
        """
        ...

    async def close(self) -> None:
        """Release what was opened."""
        ...
