"""Daybias as an application that is registered at a broker."""

import json

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from shared.brokers.spec import BrokerSpec
from shared.domain.errors import ConfigError, NotFound
from shared.ports import Secrets


class Application(BaseModel):
    """What the broker's developer portal knows of us.

    Shape: the secret "oauth-<broker>" holds it as JSON; `redirect_uri` is exactly the registered
    one and leads to GET /v1/oauth/callback.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    client_id: str = Field(min_length=1)
    client_secret: SecretStr = Field(min_length=1)
    redirect_uri: str = Field(pattern=r"^https?://")


async def read_application(secrets: Secrets, spec: BrokerSpec) -> Application:
    """Read our registration at a broker.

    Raises: ConfigError when there is none or it cannot be read, StoreUnavailable.
    """
    name = _name(spec)
    wanted = "JSON with client_id, client_secret and redirect_uri"
    try:
        secret = await secrets.get(name)
    except NotFound as error:
        text = f"the secret {name} is missing: {wanted}, as registered at {spec.title}"
        raise ConfigError([text]) from error
    try:
        return Application.model_validate_json(secret.value)
    except ValidationError:  # whose text and chain could show the secret
        raise ConfigError([f"the secret {name} is not {wanted}"]) from None


async def write_application(secrets: Secrets, spec: BrokerSpec, application: Application) -> None:
    """Keep our registration at a broker; consents that begin from now on use it.

    Raises: StoreUnavailable.
    """
    secret = application.client_secret.get_secret_value()
    body = {**application.model_dump(), "client_secret": secret}
    await secrets.add(_name(spec), json.dumps(body).encode())


def _name(spec: BrokerSpec) -> str:
    return f"oauth-{spec.name}"
