"""A connection to Redis that gives up soon: what it keeps can be done without."""

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from shared.domain.errors import ConfigError

REST_S = 5.0  # how long a Redis that did not answer is left alone
_PATIENCE_S = 0.5


def open_redis(url: str) -> Redis:
    """Make a client; nothing is dialled yet.

    Raises: ConfigError for what is not a Redis URL.
    """
    try:
        return Redis.from_url(
            url,
            socket_connect_timeout=_PATIENCE_S,
            socket_timeout=_PATIENCE_S,
            retry=Retry(NoBackoff(), 1),  # once: a connection may have been closed while it idled
        )
    except ValueError as error:  # its text repeats the URL, which may hold a password
        raise ConfigError(["DAYBIAS_REDIS_URL: not a redis:// or rediss:// URL"]) from error
