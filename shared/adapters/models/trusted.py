"""Whom the model makers' SDKs trust: read once a process, as they would for each client."""

from functools import cache
from ssl import SSLContext


@cache
def trusted() -> SSLContext:
    """Give the TLS context of httpx2, which both SDKs ask through; every client shares it.

    Shape: SSL_CERT_FILE holds, else SSL_CERT_DIR, else what this machine trusts.
    """
    import httpx2

    return httpx2.create_ssl_context()
