"""The way to brokers over HTTP."""

import httpx
from starlette.applications import Starlette
from starlette.types import Lifespan

from shared.wiring.foundation import and_close


def handed_in_or_http(
    transport: httpx.AsyncBaseTransport | None, lifespan: Lifespan[Starlette] | None
) -> tuple[httpx.AsyncBaseTransport, Lifespan[Starlette] | None]:
    """Give the transport that was handed in, else one of our own, which closes with the app."""
    if transport is not None:
        return transport, lifespan
    own = http_transport()
    return own, and_close(lifespan, own.aclose)


def http_transport() -> httpx.AsyncHTTPTransport:
    """Open connections to whoever is called; its owner closes them."""
    from shared.adapters.trusted import trusted

    return httpx.AsyncHTTPTransport(verify=trusted())
