"""Texts from outside that stand beside a snapshot's numbers, and how an answer points to them."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict

from shared.domain.passage import PassageKind
from shared.domain.time import Instant

_LONGEST = 2000
_NEVER = frozenset("<>\"'`\\")


def web_address(text: str) -> str:
    """Return an address that a page may link to: http or https, without a login; else nothing."""
    plain = text.isascii() and not any(c <= " " or c in _NEVER or c == "\x7f" for c in text)
    if not plain or len(text) > _LONGEST:
        return ""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:  # of no port, or no IPv6 address
        return ""
    named = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
    return text if named else ""


WebAddress = Annotated[str, AfterValidator(web_address)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DocumentLink(_Frozen):
    """Where a reader finds what a section used.

    Shape: `id` is the passage's; `url` is empty where the source has none that may be shown.
    """

    id: str
    kind: PassageKind
    title: str
    url: WebAddress
    source: str
    published_at: Instant


class Evidence(DocumentLink):
    """A retrieved passage as a snapshot holds it: untrusted, cut, known by the snapshot's as-of."""

    text: str
    known_at: Instant

    @property
    def link(self) -> DocumentLink:
        """Point to it without its text."""
        return DocumentLink(**self.model_dump(exclude={"text", "known_at"}))
