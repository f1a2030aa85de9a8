"""Keys of providers: from the settings of a person's own machine, or from the secrets."""

from pydantic import SecretStr

from shared.domain.errors import NotFound
from shared.wiring.foundation import Foundation


async def read_key(given: SecretStr | None, secret: str, base: Foundation) -> str | None:
    """Read a key from the settings or the secrets; None where nobody has given one.

    Raises: StoreUnavailable.
    """
    if given is not None:
        return given.get_secret_value() or None
    try:
        return (await base.secrets.get(secret)).value.decode().strip() or None
    except NotFound:
        return None
