"""Randomness of the operating system."""

import base64
import secrets

_generator = secrets.SystemRandom()


class SystemEntropy:
    """Unguessable ids, nonces and jitter."""

    def token(self) -> str:
        """Return 130 random bits as 26 base32 characters."""
        return base64.b32encode(secrets.token_bytes(20)).decode().lower()[:26]

    def random_bytes(self, count: int) -> bytes:
        """Return bytes fit for a nonce."""
        return secrets.token_bytes(count)

    def uniform(self, low: float, high: float) -> float:
        """Return a number in [low, high]."""
        return _generator.uniform(low, high)
