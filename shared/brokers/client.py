"""The engine that asks brokers: sends, sorts answers into our errors, retries inside the budget.

It never logs a body or a header, and no error text carries one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from shared.brokers.spec import BrokerSpec, Params
from shared.domain.errors import (
    AuthRejected,
    ContractBroken,
    RateLimited,
    RequestRejected,
    RetryableError,
    UpstreamUnavailable,
)
from shared.domain.money import loads_exact
from shared.domain.time import as_utc
from shared.ports import Clock, Entropy

_TIMEOUT = httpx.Timeout(connect=5.0, read=20.0, write=10.0, pool=5.0)
_ATTEMPTS = 6
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 30.0
# A page of 100 rows has about 40 kB; with this bound even a page of nothing but unreadable rows,
# quoted once more, fits into a message.
_MAX_BODY_BYTES = 4_000_000


class _Borrowed(httpx.AsyncBaseTransport):
    """A transport whose owner closes it: runs come and go, connections stay warm."""

    def __init__(self, owned: httpx.AsyncBaseTransport) -> None:
        self._owned = owned

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._owned.handle_async_request(request)


def open_session(
    base_url: str, headers: Mapping[str, str], transport: httpx.AsyncBaseTransport
) -> httpx.AsyncClient:
    """Prepare a session that follows no redirects and reads nothing from the environment."""
    return httpx.AsyncClient(
        base_url=base_url,
        headers=headers,
        transport=_Borrowed(transport),
        timeout=_TIMEOUT,
        follow_redirects=False,
        trust_env=False,
    )


@dataclass(slots=True)
class BrokerClient:
    """One login at one host, for one run; counts what it asked and how long it waited.

    Units: `deadline` on the clock's monotonic scale, no wait goes past it; `waited_s` seconds.
    """

    spec: BrokerSpec
    session: httpx.AsyncClient
    clock: Clock
    entropy: Entropy
    deadline: float
    requests: int = field(default=0, init=False)
    waited_s: float = field(default=0.0, init=False)

    @property
    def out_of_time(self) -> bool:
        """Whether the budget of this run is used up."""
        return self.clock.monotonic() >= self.deadline

    async def get(self, path: str, params: Params | None = None) -> Any:
        """Ask and decode, numbers exact; what may pass is tried again inside the budget.

        Raises: AuthRejected, RequestRejected, ContractBroken at once; RateLimited,
        UpstreamUnavailable when it did not pass in time.
        """
        retrying = AsyncRetrying(
            sleep=self._sleep,
            stop=self._gives_up,
            wait=self._wait_s,
            retry=retry_if_exception_type(RetryableError),
            reraise=True,
        )
        return await retrying(self._get_once, path, params or {})

    async def _get_once(self, path: str, params: Params) -> Any:
        self.requests += 1
        try:
            response = await self.session.get(path, params=dict(params))
        except httpx.TransportError as error:
            raise UpstreamUnavailable(
                f"{self.spec.title}: no answer to GET {path} ({type(error).__name__})"
            ) from error
        self._raise_for_status(response, path)
        return self._decode(response, path)

    def _raise_for_status(self, response: httpx.Response, path: str) -> None:
        """Sort a status by what the caller does next; the one place that does.

        Alpaca says 403 for wrong keys as often as 401; both mean that the user must reconnect.
        """
        status = response.status_code
        text = f"{self.spec.title}: GET {path} was answered with {status}"
        if response.is_success:
            return
        if status in (401, 403):
            raise AuthRejected(text)
        if status == 429:
            raise RateLimited(text, retry_after_s=self._retry_after_s(response.headers))
        if status == 408 or status >= 500:
            raise UpstreamUnavailable(text)
        if response.is_redirect:
            raise ContractBroken(f"{text}: a redirect is never normal here")
        raise RequestRejected(text, status=status)

    def _decode(self, response: httpx.Response, path: str) -> Any:
        if len(response.content) > _MAX_BODY_BYTES:
            raise ContractBroken(
                f"{self.spec.title}: GET {path} gave {len(response.content)} bytes, "
                f"at most {_MAX_BODY_BYTES} were expected"
            )
        try:
            return loads_exact(response.content)
        except (ValueError, RecursionError) as error:  # a cut body; the next try may be whole
            raise UpstreamUnavailable(f"{self.spec.title}: GET {path} gave no JSON") from error

    def _retry_after_s(self, headers: Mapping[str, str]) -> float | None:
        for name, read in (
            ("Retry-After", self._from_retry_after),
            (self.spec.reset_header, self._from_reset),
        ):
            try:
                return max(0.0, read(headers[name]))
            except (KeyError, ValueError, OverflowError):
                continue
        return None

    def _from_retry_after(self, text: str) -> float:
        if text.strip().isdecimal():
            return float(text)
        return (as_utc(parsedate_to_datetime(text)) - self.clock.now()).total_seconds()

    def _from_reset(self, text: str) -> float:
        epoch_s: float = int(text)
        return epoch_s - self.clock.now().timestamp()

    def _wait_s(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, RateLimited) and error.retry_after_s is not None:
            return error.retry_after_s + self.entropy.uniform(0.0, _FIRST_WAIT_S)
        longest = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2**state.attempt_number)
        return self.entropy.uniform(0.0, longest)

    def _gives_up(self, state: RetryCallState) -> bool:
        ready_at = self.clock.monotonic() + state.upcoming_sleep
        return state.attempt_number >= _ATTEMPTS or ready_at > self.deadline

    async def _sleep(self, seconds: float) -> None:
        self.waited_s += seconds
        await self.clock.sleep(seconds)
