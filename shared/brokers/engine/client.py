"""The engine that asks brokers: sends, sorts answers into our errors, retries inside the budget.

It never logs a body or a header, and no error text carries one.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from shared.brokers.spec import BrokerSpec, Reply, Request
from shared.domain.errors import (
    AnswerLost,
    AuthRejected,
    BudgetSpent,
    ContractBroken,
    RateLimited,
    RequestRejected,
    UpstreamUnavailable,
)
from shared.domain.money import loads_exact
from shared.domain.time import as_utc
from shared.ports import Clock, Entropy

_TIMEOUT = httpx.Timeout(connect=5.0, read=20.0, write=10.0, pool=5.0)
_ATTEMPTS = 6
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 30.0
# 3,000 of Schwab's transactions, the longest answer that any broker documents, have about 5 MB.
_MAX_BODY_BYTES = 16_000_000


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
    """One login at one host, for one message; counts what it asked and how long it waited.

    Units: `deadline` on the clock's monotonic scale, no wait goes past it; `waited_s` seconds.
    """

    spec: BrokerSpec
    session: httpx.AsyncClient
    clock: Clock
    entropy: Entropy
    deadline: float
    renew: Callable[[], Awaitable[None]] | None = None  # puts a new login into `shown`
    shown: Mapping[str, str] = field(default_factory=dict, init=False)  # the login's headers
    renewed: bool = field(default=False, init=False)
    requests: int = field(default=0, init=False)
    asked_at: deque[float] = field(default_factory=deque, init=False)
    waited_s: float = field(default=0.0, init=False)

    @property
    def out_of_time(self) -> bool:
        """Whether the budget of this run is used up."""
        return self.clock.monotonic() >= self.deadline

    async def ask(self, request: Request) -> Any:
        """Ask and decode, numbers exact; what may pass is tried again inside the budget.

        A login that is refused is renewed once in a run, and the question asked again.
        Raises: AuthRejected, RequestRejected, ContractBroken at once; RateLimited,
        UpstreamUnavailable when it did not pass in time.
        """
        try:
            return await self._ask_patiently(request)
        except AuthRejected:
            if self.renew is None or self.renewed:
                raise
            self.renewed = True
            await self.renew()
            return await self._ask_patiently(request)

    async def _ask_patiently(self, request: Request) -> Any:
        retrying = AsyncRetrying(
            sleep=self._sleep,
            stop=self._gives_up,
            wait=self._wait_s,
            retry=retry_if_exception_type((RateLimited, UpstreamUnavailable)),
            reraise=True,
        )
        return await retrying(self.ask_once, request)

    async def ask_once(self, request: Request, host: str = "") -> Any:
        """Ask once and decode; `host` stands in for the session's own.

        Raises: as `ask`; AnswerLost when no whole answer came: nobody knows what was done.
        """
        await self._keep_the_limit()
        self.requests += 1
        try:
            response = await self.session.request(
                request.method,
                host + request.path,
                params=dict(request.params),
                json=request.json,
                data=request.form,
                headers={**self.shown, **request.headers},
            )
        except httpx.TransportError as error:
            raise AnswerLost(
                f"{self._named(request)}: no answer ({type(error).__name__})"
            ) from error
        body, unreadable = self._decode(response, request)
        if meant := self.spec.errors(Reply(request, response.status_code, body)):
            raise meant
        self._raise_for_status(response, request)
        if unreadable is not None:  # a cut body; the next try may be whole
            raise AnswerLost(f"{self._named(request)} gave no JSON") from unreadable
        return body

    def _named(self, request: Request) -> str:
        return f"{self.spec.title}: {request.method} {request.path}"

    def _raise_for_status(self, response: httpx.Response, request: Request) -> None:
        """Sort a status by what the caller does next, where the broker's error map is silent.

        Alpaca says 403 for wrong keys as often as 401; both mean that the user must reconnect.
        """
        status = response.status_code
        text = f"{self._named(request)} was answered with {status}"
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

    def _decode(
        self, response: httpx.Response, request: Request
    ) -> tuple[Any, ValueError | RecursionError | None]:
        if len(response.content) > _MAX_BODY_BYTES:
            raise ContractBroken(
                f"{self._named(request)} gave {len(response.content)} bytes, "
                f"at most {_MAX_BODY_BYTES} were expected"
            )
        try:
            return loads_exact(response.content), None
        except (ValueError, RecursionError) as error:
            return None, error

    def _retry_after_s(self, headers: Mapping[str, str]) -> float | None:
        try:
            return max(0.0, self._from_retry_after(headers["Retry-After"]))
        except (KeyError, ValueError, OverflowError):
            return self.spec.limit.reset_s(headers, self.clock.now())

    def _from_retry_after(self, text: str) -> float:
        if text.strip().isdecimal():
            return float(text)
        return (as_utc(parsedate_to_datetime(text)) - self.clock.now()).total_seconds()

    async def _keep_the_limit(self) -> None:
        """Wait until one more request stays within the broker's limit."""
        limit, now = self.spec.limit, self.clock.monotonic()
        while self.asked_at and self.asked_at[0] <= now - limit.window.total_seconds():
            self.asked_at.popleft()
        if len(self.asked_at) >= limit.requests:
            free_at = self.asked_at[0] + limit.window.total_seconds()
            if free_at > self.deadline:
                raise BudgetSpent(f"{self.spec.title}'s rate limit outlasts the time budget")
            await self._sleep(free_at - now)
            self.asked_at.popleft()
        self.asked_at.append(self.clock.monotonic())

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
