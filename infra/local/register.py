"""Tell this machine how a broker knows its application: `python -m infra.local.register schwab`.

The id and the secret come from a prompt, unseen, never from an argument. The address must be
registered at the broker exactly as it is given here.
"""

import argparse
import asyncio
from collections.abc import Callable
from getpass import getpass

from pydantic import SecretStr, ValidationError

from shared.brokers.spec import BrokerSpec
from shared.config import Settings, load
from shared.journal.connect.application import Application, write_application
from shared.ports import Secrets
from shared.wiring.brokers import SPECS
from shared.wiring.local import open_stack

_CALLBACK = "http://localhost:8080/v1/oauth/callback"
_OFFERED = {name: spec for name, spec in SPECS.items() if spec.oauth is not None}


async def register(
    secrets: Secrets, spec: BrokerSpec, redirect_uri: str, ask: Callable[[str], str]
) -> None:
    """Ask for the id and the secret and keep them.

    Raises: ValidationError for what cannot be a registration, StoreUnavailable.
    """
    application = Application(
        client_id=ask(f"{spec.title}: client id (app key): "),
        client_secret=SecretStr(ask(f"{spec.title}: client secret: ")),
        redirect_uri=redirect_uri,
    )
    await write_application(secrets, spec, application)


async def _main(broker: str, redirect_uri: str) -> None:
    foundation = open_stack(load(Settings)).foundation
    try:
        await register(foundation.secrets, _OFFERED[broker], redirect_uri, getpass)
    finally:
        await foundation.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("broker", choices=sorted(_OFFERED))
    parser.add_argument("--redirect-uri", default=_CALLBACK, help="as registered at the broker")
    given = parser.parse_args()
    try:
        asyncio.run(_main(given.broker, given.redirect_uri))
    except ValidationError as error:
        parser.error("; ".join(f"{fault['loc'][0]}: {fault['msg']}" for fault in error.errors()))


if __name__ == "__main__":
    main()
