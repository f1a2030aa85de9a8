"""Ways of showing a login: pure functions from credentials to headers."""

from collections.abc import Mapping

from shared.brokers.spec import AuthScheme


def key_headers(header_of: Mapping[str, str]) -> AuthScheme:
    """Send each credential field in the header that is named for it."""

    def headers(credentials: Mapping[str, str]) -> dict[str, str]:
        return {name: credentials[field] for field, name in header_of.items()}

    return AuthScheme(tuple(header_of), headers)


def bearer(field: str) -> AuthScheme:
    """Send one credential field as a bearer token."""

    def headers(credentials: Mapping[str, str]) -> dict[str, str]:
        return {"Authorization": f"Bearer {credentials[field]}"}

    return AuthScheme((field,), headers)
