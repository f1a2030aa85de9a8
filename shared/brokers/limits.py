"""How often a broker may be asked, and whose requests count together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Scope(StrEnum):
    """Whose requests a limit counts together."""

    LOGIN = "login"  # what one connection asks: a key, a user's token
    APPLICATION = "application"  # of all who consented to one: the `client_id` of their credentials
    ADDRESS = "address"  # of all that leave from our addresses


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `requests` points in any `window`, over all messages and workers of its `scope`.

    Shape: `reset_s` reads from the headers of a 429 how many seconds remain, beside Retry-After;
    `door` counts only what is asked there, "" being the environment's own host and None everything.
    """

    requests: int
    window: timedelta
    reset_s: Callable[[Mapping[str, str], datetime], float | None] = lambda _, __: None
    door: str | None = None
    scope: Scope = Scope.LOGIN
