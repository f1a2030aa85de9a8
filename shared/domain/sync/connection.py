"""A user's connection to a broker: what it is, and how well it is."""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

from shared.domain.ids import AccountKey, ConnectionId, UserId
from shared.domain.time import Instant


class ConnectionState(StrEnum):
    """Health of a connection as the user sees it."""

    ACTIVE = "active"
    THROTTLED = "throttled"
    NEEDS_REAUTH = "needs_reauth"
    PAUSED = "paused"
    FAILED = "failed"


class Health(BaseModel):
    """A state with its story: since when, why, and when we try again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: ConnectionState
    since: Instant
    reason: str = ""
    next_attempt_at: Instant | None = None


class PastHealth(BaseModel):
    """A state that is over: from `since` to `until`, with what was said of it last."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: ConnectionState
    since: Instant
    until: Instant
    reason: str = ""


class Connection(BaseModel):
    """One login at one broker.

    Shape: `sealed` holds the envelope-encrypted credentials (journal/connect/vault.py), alone.
    `login_at` is when the user last showed who they are, `logins` how often that was;
    `account_keys` are the accounts that it has ever reached; `past` is how it was before, oldest
    first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    user_id: UserId
    connection_id: ConnectionId
    broker: str
    environment: str
    label: str
    auth: Literal["api_key", "oauth"]
    sealed: str
    health: Health
    created_at: Instant
    login_at: Instant
    logins: int = 0
    next_due_at: Instant
    account_keys: tuple[AccountKey, ...] = ()
    past: tuple[PastHealth, ...] = ()
