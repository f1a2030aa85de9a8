"""What a refused login means to its user: wrong, of another environment, or good no longer."""

from collections.abc import Awaitable, Callable

from shared.brokers.spec import BrokerSpec
from shared.domain.errors import AuthRejected
from shared.domain.sync.connection import Connection


async def explain(
    error: AuthRejected,
    spec: BrokerSpec,
    connection: Connection,
    is_accepted_in: Callable[[str], Awaitable[bool]],
) -> AuthRejected:
    """Say what to do next about a refusal that is no more than a status.

    Shape: `is_accepted_in` shows the same login to another environment of the broker.
    """
    if not error.bare:
        return error
    if connection.auth == "oauth":
        text = "accepts this consent no longer: it has ended or was revoked; consent again"
    elif connection.account_keys:
        text = "accepts these credentials no longer: were they replaced? connect with the new ones"
    else:
        text = f"does not accept these credentials in {connection.environment}: copy them again"
        for other in sorted(spec.hosts.keys() - {connection.environment}):
            if await is_accepted_in(other):
                text = (
                    f"knows these credentials in {other}, not in {connection.environment}:"
                    f" delete this connection and add it with the environment {other}"
                )
    return AuthRejected(f"{spec.title} {text} ({error})")
