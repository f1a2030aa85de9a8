"""Whom the model makers' SDKs trust: read once a process, as they would for each client."""

from functools import cache
from ssl import SSLContext


@cache
def trusted() -> SSLContext:
    """Give the TLS context that both SDKs make by themselves; every client shares it."""
    import httpx2

    return httpx2.create_ssl_context()
