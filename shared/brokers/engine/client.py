"""The engine that asks brokers: sends, sorts answers into our errors, retries inside the budget.

It never logs a body or a header, and no error text carries one.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from shared.brokers.engine.limiter import Limiter, Spending
from shared.brokers.engine.session import Session
from shared.brokers.spec import Again, BrokerSpec, Moment, Reply, Request
from shared.domain.errors import (
    AnswerLost,
    AuthRejected,
    BudgetSpent,
    ContractBroken,
    DaybiasError,
    RateLimited,
    RequestRejected,
    UpstreamUnavailable,
)
from shared.domain.ids import canonical_json
from shared.domain.time import as_utc
from shared.ports import Clock, Entropy

_ATTEMPTS = 6
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 30.0
_REPEATS = 200  # of one question whose answers say "again": a report of a minute, asked each second


@dataclass(slots=True)
class BrokerClient:
    """One login at one host, for one message; counts what it asked and how long it waited.

    Units: `deadline` on the clock's monotonic scale, no wait goes past it; `waited_s` seconds.
    """

    spec: BrokerSpec
    session: Session
    clock: Clock
    entropy: Entropy
    deadline: float
    one_host: bool = False  # the user's own host stands for all that the broker names
    doors: Mapping[str, str] = field(default_factory=dict)  # of the environment
    renew: Callable[[], Awaitable[None]] | None = None  # puts a new login into `shown`
    shown: Mapping[str, str] = field(default_factory=dict, init=False)  # the login's headers
    sign: Callable[[Request, Moment], Request] | None = field(default=None, init=False)
    next_nonce: Callable[[], Awaitable[int]] | None = field(default=None, init=False)
    share: Callable[[int, str], Awaitable[None]] | None = None  # spends of limits that many share
    application: str = field(default="", init=False)  # digest of the one that was consented to
    identity: str = field(default="", init=False)  # names the account where the broker does not
    home: str = field(default="", init=False)  # where the login says that its environment is
    renewed: bool = field(default=False, init=False)
    requests: int = field(default=0, init=False)
    waited_s: float = field(default=0.0, init=False)
    _limiter: Limiter = field(init=False)
    _has_room: bool = field(default=False, init=False)  # points are taken for one request
    _ahead: timedelta = field(default_factory=timedelta, init=False)  # of our clock, the broker's
    _shared: dict[str, Any] = field(default_factory=dict, init=False)  # answers for all accounts

    def __post_init__(self) -> None:
        """Begin with nothing asked."""
        limits = (self.spec.limit, *self.spec.more_limits)
        self._limiter = Limiter(self.spec.title, limits, self.clock, self.deadline, self.wait)

    @property
    def spending(self) -> Spending:
        """What still counts against this login's limits."""
        return self._limiter.spending()

    def go_on_from(self, spending: Spending) -> None:
        """Keep within the limits from what an earlier message of this login has spent."""
        self._limiter.go_on_from(spending)

    @property
    def out_of_time(self) -> bool:
        """Whether the budget of this run is used up."""
        return self.clock.monotonic() >= self.deadline

    async def ask(self, request: Request) -> Any:
        """Ask and decode, numbers exact; what may pass is tried again inside the budget.

        A login that is refused is renewed once in a run, and the question asked again. Where the
        login is good all the same, it was a permission that is missing: RequestRejected.
        Raises: AuthRejected, RequestRejected, ContractBroken at once; RateLimited,
        UpstreamUnavailable when it did not pass in time; BudgetSpent when the broker's own waits
        outlast the time.
        """
        if not request.shared:
            return await self._ask_renewing(request)
        mark = _mark(request)
        if mark not in self._shared:
            self._shared[mark] = await self._ask_renewing(request)
        return self._shared[mark]

    def knows(self, request: Request) -> bool:
        """Tell whether an answer is there that serves every account: it costs no time."""
        return request.shared and _mark(request) in self._shared

    def forget_shared(self) -> None:
        """Have answers that serve every account asked for anew."""
        self._shared.clear()

    async def _ask_renewing(self, request: Request) -> Any:
        try:
            return await self._ask_patiently(request)
        except AuthRejected as error:
            if self.renew is None or self.renewed:
                raise await self._meant(error, request) from error
        self.renewed = True
        await self.renew()
        try:
            return await self._ask_patiently(request)
        except AuthRejected as error:
            raise await self._meant(error, request) from error

    async def _meant(self, refused: AuthRejected, request: Request) -> DaybiasError:
        """Tell a permission that is missing from a login that is refused."""
        whoami = self.spec.whoami
        if whoami is None or request == whoami:
            return refused
        try:
            await self._ask_patiently(whoami)
        except AuthRejected:
            return refused
        return RequestRejected(
            f"{self._named(request)} is not open to this login, which is good: "
            "give its key the permission to read there"
        )

    async def _ask_patiently(self, request: Request) -> Any:
        for attempt in range(1, _ATTEMPTS):
            try:
                return await self.ask_once(request)
            except (RateLimited, UpstreamUnavailable) as error:
                wait_s = self._wait_s(error, attempt)
                if self.clock.monotonic() + wait_s > self.deadline:
                    raise
            await self.wait(wait_s)
        return await self.ask_once(request)

    async def ask_once(self, request: Request, host: str = "") -> Any:
        """Ask once and decode; `host` stands in for the session's own.

        Where the broker says "again", in its own way, that is a part of asking once.
        Raises: as `ask`; AnswerLost when no whole answer came: nobody knows what was done.
        """
        for repeats in range(_REPEATS):
            found = await self._exchange(request, host, repeats)
            if not isinstance(found, Again):
                return found
            await self._wait_for_again(found)
            request = found.request
        raise ContractBroken(f"{self._named(request)}: asked again {_REPEATS} times, without end")

    async def _wait_for_again(self, again: Again) -> None:
        if self.clock.monotonic() + again.after_s > self.deadline:
            raise BudgetSpent(f"{self.spec.title} asks to wait longer than the time budget")
        if again.after_s:
            await self.wait(again.after_s)
        if again.resync and self.spec.time is not None:
            told = self.spec.time.read(await self._exchange(self.spec.time.request, "", 0))
            self._ahead = told - self.clock.now()

    async def _exchange(self, request: Request, host: str, repeats: int) -> Any:
        """Send and decode one request; give Again where that is what the answer means."""
        response = await self._send(request, host)
        body, unreadable = self._decode(response, request)
        headers = {name.lower(): value for name, value in response.headers.items()}
        status, at = response.status_code, self.clock.now()
        if meant := self.spec.errors(Reply(request, status, body, headers, repeats, at)):
            if isinstance(meant, Again):
                return meant
            raise meant
        self._raise_for_status(response, request)
        if unreadable is not None:  # a cut body; the next try may be whole
            raise AnswerLost(f"{self._named(request)} gave nothing to be read") from unreadable
        return body

    async def _send(self, request: Request, host: str) -> httpx.Response:
        if self._has_room:
            self._has_room = False
        else:
            await self._take(request.cost, request.host)
        self.requests += 1
        signed = await self._signed(request)
        if not self.one_host:
            host = self.doors.get(signed.host, signed.host) or host or self.home
        try:
            return await self.session.exchange(
                signed.method,
                host + signed.path,
                {**self.shown, **signed.headers},
                params=dict(signed.params) or None,  # an empty one would cut a signed query off
                json=signed.json,
                data=signed.form,
                content=signed.content,
            )
        except httpx.TransportError as error:
            raise AnswerLost(
                f"{self._named(request)}: no answer ({type(error).__name__})"
            ) from error

    async def make_room(self) -> None:
        """Wait for the limits now, so that the next request is sent without any wait.

        Raises: BudgetSpent when the limits outlast the time, StoreUnavailable.
        """
        if not self._has_room:
            await self._take(1, "")
            self._has_room = True

    async def _take(self, cost: int, door: str) -> None:
        await self._limiter.take(cost, door)
        if self.share is not None:
            await self.share(cost, door)

    async def _signed(self, request: Request) -> Request:
        if self.sign is None:
            return request
        nonce = await self.next_nonce() if self.next_nonce is not None else 0
        return self.sign(request, Moment(self.clock.now() + self._ahead, nonce))

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
            raise AuthRejected(text, bare=True)
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
        if len(response.content) > self.spec.largest_answer:
            raise ContractBroken(
                f"{self._named(request)} gave {len(response.content)} bytes, "
                f"at most {self.spec.largest_answer} were expected"
            )
        try:
            return self.spec.decode(response.content), None
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

    def _wait_s(self, error: RateLimited | UpstreamUnavailable, attempt: int) -> float:
        if isinstance(error, RateLimited) and error.retry_after_s is not None:
            return error.retry_after_s + self.entropy.uniform(0.0, _FIRST_WAIT_S)
        return self.entropy.uniform(0.0, min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2**attempt))

    async def wait(self, seconds: float) -> None:
        """Wait, and count it."""
        self.waited_s += seconds
        await self.clock.sleep(seconds)


def _mark(request: Request) -> str:
    return canonical_json([request.path, request.params, request.json, request.form])
