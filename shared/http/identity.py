"""Who asks: the local profile has one person; in the cloud nobody may until sign-in exists."""

from collections.abc import Callable

from starlette.requests import Request

from shared.domain.ids import UserId
from shared.http.problems import Unauthenticated

Identify = Callable[[Request], UserId]

LOCAL_USER = UserId("local")


def identify_local(_: Request) -> UserId:
    """Name the one person of this machine; the loopback door has checked the rest."""
    return LOCAL_USER


def identify_nobody(_: Request) -> UserId:
    """Refuse everybody.

    Raises: Unauthenticated.
    """
    raise Unauthenticated(
        "Sign-in is not part of this version; until it is, no journal can be read here."
    )
