"""How a broker tells on its own that something was booked: data, and what a line comes to.

A stream is never the record: a line says no more than "read the history now".
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any


class Said(StrEnum):
    """What a line comes to."""

    BOOKED = "booked"  # the history may have grown
    NOTHING = "nothing"  # the stream is alive
    CLOSE = "close"  # the broker asks us to close it and to come again
    REFUSED = "refused"  # the login is not accepted


@dataclass(frozen=True, slots=True)
class Stream:
    """Where a broker streams, and how to read it.

    Shape: `hosts` environment -> base URL; a scheme of ws or wss makes it a websocket, on which
    `greeting` gives what is sent first (from the headers that show the login); other streams are
    answers without an end, a JSON value in each line. `paths` names one stream or several for the
    accounts behind a login. `read` must not raise, whatever the value.
    Units: `silence` is the longest that a stream says nothing, None where that proves nothing (a
    websocket is asked whether it lives by its own pings).
    """

    hosts: Mapping[str, str]
    paths: Callable[[Sequence[str]], Sequence[str]]
    read: Callable[[Any], Said]
    silence: timedelta | None = None
    greeting: Callable[[Mapping[str, str]], Sequence[Mapping[str, Any]]] = lambda _: ()

    def address(self, environment: str, path: str, own: str | None) -> str:
        """Write a stream's address; the user's own host may stand for the broker's."""
        host = self.hosts[environment]
        if own:
            host = f"ws{own.removeprefix('http')}" if host.startswith("ws") else own
        return host + path


class Lines:
    """Puts lines together from chunks that end anywhere."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._rest = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Give the lines that are whole now, without empty ones.

        Raises: ValueError for a line that is longer than any should be.
        """
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > self._longest:
            raise ValueError(f"a line of more than {self._longest} bytes")
        return [line for line in whole if line.strip()]
