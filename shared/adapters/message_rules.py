"""What every bus refuses."""

from shared.domain.errors import InvalidInput
from shared.ports import Outgoing

_MAX_BYTES = 9_000_000  # Pub/Sub takes 10 MB with attributes and encoding


def check_message(message: Outgoing) -> None:
    """Refuse a message that some bus cannot carry.

    Raises: InvalidInput.
    """
    if len(message.data) > _MAX_BYTES:
        raise InvalidInput(
            f"{message.topic}: {len(message.data)} bytes in one message",
            expected=(f"at most {_MAX_BYTES} bytes",),
        )
    if not message.data and not message.attributes:
        raise InvalidInput(f"{message.topic}: a message needs data or attributes")
