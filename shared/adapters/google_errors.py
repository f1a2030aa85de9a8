"""Google's errors in our words, sorted by what the caller does next."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from google.api_core import exceptions as google
from google.api_core.retry import AsyncRetry, if_exception_type

from shared.domain.errors import ConfigError, StoreUnavailable

TIMEOUT_S = 20.0


def patience(timeout_s: float) -> dict[str, Any]:
    """Say how long a call may take, its retries included.

    The clients' own policies go on for a minute, also after "too large" (which comes as a 429).
    """
    unavailable = if_exception_type(google.ServiceUnavailable)
    retry = AsyncRetry(unavailable, initial=0.1, maximum=2.0, multiplier=2.0, timeout=timeout_s)
    return {"retry": retry, "timeout": timeout_s}


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise our error for Google's, leaving those that the caller knows better.

    Raises: StoreUnavailable, ConfigError when this service is not allowed or not set up.
    """
    try:
        yield
    except (
        google.ServerError,  # 5xx: unavailable, deadline exceeded, internal
        google.TooManyRequests,
        google.Aborted,
        google.RetryError,
    ) as error:
        raise StoreUnavailable(f"{what}: {_brief(error)}") from error
    except (google.Unauthenticated, google.Forbidden, google.FailedPrecondition) as error:
        raise ConfigError([f"{what}: {_brief(error)}"]) from error


def _brief(error: google.GoogleAPIError) -> str:
    return f"{type(error).__name__}: {str(error)[:200]}"
