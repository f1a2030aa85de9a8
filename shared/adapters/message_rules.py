"""What every bus refuses."""

from shared.domain.errors import InvalidInput
from shared.ports import Outgoing

_MAX_BYTES = 9_000_000  # Pub/Sub takes 10 MB with its own fields


def size_of(message: Outgoing) -> int:
    """Count the bytes of data and attributes."""
    attributes = sum(len(k.encode()) + len(v.encode()) for k, v in message.attributes.items())
    return len(message.data) + attributes


def check_message(message: Outgoing) -> None:
    """Refuse a message that some bus cannot carry.

    Raises: InvalidInput.
    """
    if (size := size_of(message)) > _MAX_BYTES:
        raise InvalidInput(
            f"{message.topic}: {size} bytes in one message",
            expected=(f"at most {_MAX_BYTES} bytes",),
        )
    if not message.data and not message.attributes:
        raise InvalidInput(f"{message.topic}: a message needs data or attributes")
