"""Asking data providers over HTTP: politely, patiently, with answers sorted into our errors.

No error text carries an address with its query, a header or a body.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from shared.domain.errors import (
    AuthRejected,
    ContractBroken,
    NotFound,
    RateLimited,
    RequestRejected,
    UpstreamUnavailable,
)
from shared.domain.time import as_utc
from shared.ports import Clock, Entropy
from shared.retry import ask_again

TIMEOUT = httpx.Timeout(connect=5.0, read=60.0, write=10.0, pool=5.0)
_LARGEST = 128 * 1024 * 1024
_UNCHANGED = 304


@dataclass(frozen=True, slots=True)
class Ask:
    """One question; `path` is what an error may name, `host` begins with its scheme."""

    host: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Asker:
    """Asks one provider.

    Units: `pace_s` seconds at least from one request to the next.
    """

    title: str
    client: httpx.AsyncClient
    clock: Clock
    entropy: Entropy
    pace_s: float
    attempts: int = 4
    _free_at: float = 0.0

    async def ask(self, ask: Ask) -> httpx.Response:
        """Ask until there is an answer; 304 is one.

        Raises: RateLimited, UpstreamUnavailable, AuthRejected, NotFound, RequestRejected (with the
        answer's own words apart, see `said`), ContractBroken for a redirect or an endless body.
        """

        async def once() -> httpx.Response:
            await self._keep_pace()
            return self._sorted(await self._send(ask), ask)

        return await ask_again(self.clock, self.entropy, once, attempts=self.attempts)

    async def _keep_pace(self) -> None:
        wait_s = self._free_at - self.clock.monotonic()
        if wait_s > 0:
            await self.clock.sleep(wait_s)
        self._free_at = self.clock.monotonic() + self.pace_s

    async def _send(self, ask: Ask) -> httpx.Response:
        try:
            return await self.client.request(
                "GET" if ask.form is None else "POST",
                ask.host + ask.path,
                params=dict(ask.params) or None,
                data=ask.form,
                headers=dict(ask.headers),
            )
        except httpx.TransportError as error:
            raise UpstreamUnavailable(
                f"{self.title}: {ask.path}: no whole answer ({type(error).__name__})"
            ) from error

    def _sorted(self, response: httpx.Response, ask: Ask) -> httpx.Response:
        status = response.status_code
        text = f"{self.title}: {ask.path} was answered with {status}"
        if len(response.content) > _LARGEST:
            raise ContractBroken(f"{self.title}: {ask.path} gave {len(response.content)} bytes")
        if response.is_success or status == _UNCHANGED:
            return response
        if status == 429:
            raise RateLimited(text, retry_after_s=self._retry_after_s(response))
        if status == 408 or status >= 500:
            raise UpstreamUnavailable(text)
        if status == 401:
            raise AuthRejected(text)
        if status == 404:
            raise NotFound(text)
        if response.is_redirect:
            raise ContractBroken(f"{text}: a redirect is never normal here")
        raise Refused(text, response)

    def _retry_after_s(self, response: httpx.Response) -> float | None:
        text = response.headers.get("Retry-After", "").strip()
        if text.isdecimal():
            return float(text)
        try:
            told = as_utc(parsedate_to_datetime(text))
        except ValueError:
            return None
        return max(0.0, (told - self.clock.now()).total_seconds())


class Refused(RequestRejected):
    """A request that was refused for a reason that only its provider's adapter can read."""

    def __init__(self, message: str, response: httpx.Response) -> None:
        super().__init__(message, status=response.status_code)
        self.response = response

    def says(self, *words: str) -> bool:
        """Tell whether the answer's text holds one of these."""
        return any(word in self.response.text for word in words)


def read_object(response: httpx.Response, title: str) -> dict[str, Any]:
    """Decode a body that must be a JSON object.

    Raises: ContractBroken.
    """
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError) as error:
        raise ContractBroken(f"{title}: the answer is not JSON") from error
    if not isinstance(body, dict):
        raise ContractBroken(f"{title}: expected an object, found {type(body).__name__}")
    return body
