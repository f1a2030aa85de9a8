"""Identifiers, and how they follow from content."""

import hashlib
import json
from json.encoder import encode_basestring
from typing import Any, NewType

UserId = NewType("UserId", str)
ConnectionId = NewType("ConnectionId", str)
AccountKey = NewType("AccountKey", str)
RowKey = NewType("RowKey", str)

_KEY_BYTES = 20  # 160 bits: 32 base32 characters, collisions out of reach at 10^8 rows

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"  # RFC 4648, in lower case
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]  # ten bits each
_SHIFTS = range(8 * _KEY_BYTES - 10, -1, -10)

# Made once: `json.dumps` would make an encoder at every call.
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def content_key(*parts: str) -> str:
    """Derive a document id from content: base32(sha256) over the parts.

    Shape: 32 lower-case base32 characters.
    Idempotent: the same parts always give the same key; ("ab", "c") differs from ("a", "bc").
    """
    # what `dumps` of the list and `b32encode` give, in a third of their time
    listed = f"[{', '.join(map(encode_basestring, parts))}]"
    bits = int.from_bytes(hashlib.sha256(listed.encode()).digest()[:_KEY_BYTES], "big")
    return "".join([_PAIRS[bits >> shift & 1023] for shift in _SHIFTS])


def is_content_key(text: str) -> bool:
    """Tell whether a text from outside may be an id that follows from content."""
    return len(text) == len(_SHIFTS) * 2 and set(text) <= set(_ALPHABET)


def account_key(broker: str, environment: str, account_id: str) -> AccountKey:
    """Identify a broker account across connections, for a document id and for references."""
    return AccountKey(content_key("account", broker, environment, account_id))


def row_key(broker: str, environment: str, account_id: str, identity: tuple[str, ...]) -> RowKey:
    """Identify one row of the execution log by the identity fields that its broker's spec names."""
    return RowKey(content_key("row", broker, environment, account_id, *identity))


def canonical_json(value: Any) -> str:
    """Render JSON one way only: sorted keys, no spaces, UTF-8 kept; equal values, equal bytes."""
    return _canonical(value)


def content_hash(value: Any) -> str:
    """Hash a JSON value by its canonical form (sha256, hex)."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
