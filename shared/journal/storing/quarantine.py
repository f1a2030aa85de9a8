"""Rows that could not be read: kept raw with their reason, visible, to be replayed after a fix."""

from shared.domain.ids import content_key
from shared.domain.messages import ExecutionsObserved, UnreadRow
from shared.domain.time import to_micros
from shared.ports import Body, Key


def unread_key(message: ExecutionsObserved, unread: UnreadRow) -> Key:
    """Address an unread row by its content: the same row read again is the same document."""
    content = content_key("unread", message.account_key, unread.endpoint, unread.raw)
    return Key("quarantine", (message.user_id, content))


def unread_body(message: ExecutionsObserved, unread: UnreadRow) -> Body:
    """Render an unread row as it is kept at its first sighting.

    Shape: `state` is open until a replay reads the row.
    """
    return {
        "account_key": message.account_key,
        "connection_id": message.connection_id,
        "broker": message.broker,
        "environment": message.environment,
        "endpoint": unread.endpoint,
        "reason": unread.reason,
        "raw": unread.raw,
        "state": "open",
        "run": message.run,
        "page": message.page,
        "at_us": to_micros(message.observed_at),
    }
