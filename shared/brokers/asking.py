"""What passes between the engine and a broker: questions, answers, and what these mean.

A part of the spec, and imported from there.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from shared.domain.errors import DaybiasError

Params = Mapping[str, str]
Credentials = Mapping[str, str]

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a broker: a GET, or a POST where it carries `json`, a `form` or `content`.

    Shape: `path` under the host of the environment; `headers` beside those of the login; `content`
    is a body to be sent as it stands, for brokers that want its bytes signed; `host` is a base URL,
    or the name of one of the spec's doors, that stands in for the environment's own (not where the
    user has put a host in its place).
    `shared` tells that the answer serves every account of a login: one message asks it once.
    Units: `cost` in points of the broker's rate limits.
    """

    path: str
    params: Params = field(default_factory=dict)
    json: Mapping[str, Any] | None = None
    form: Params | None = None
    headers: Params = field(default_factory=dict)
    content: str | None = None
    host: str = ""
    shared: bool = False
    cost: int = 1

    @property
    def method(self) -> str:
        """The HTTP method that it is asked with."""
        bodies = (self.json, self.form, self.content)
        return "GET" if all(body is None for body in bodies) else "POST"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as an error map sees it.

    Shape: `request` as the walk put it, without signature; `body` is None where it could not be
    decoded; `headers` by lower-case name; `repeats` counts how often `Again` was the meaning of the
    answers to this question before; `at` is when it came, by our clock.
    """

    request: Request
    status: int
    body: Any
    headers: Params = field(default_factory=dict)
    repeats: int = 0
    at: datetime = _LONG_AGO


@dataclass(frozen=True, slots=True)
class Again:
    """What an answer means that is no failure: put this question now (a ticket, a moved host).

    Shape: `resync` has the broker's clock read first.
    Units: `after_s` seconds to wait before.
    """

    request: Request
    after_s: float = 0.0
    resync: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """What a signature may be made of beside the request and the credentials.

    Shape: `now` by the broker's clock as far as it is known; `nonce` greater than every one that
    this login has used, 0 where the scheme counts none.
    """

    now: datetime
    nonce: int = 0


Sign = Callable[[Request, Credentials, Moment], Request]


# Asks the broker and gives the decoded body; raises what the broker's answer means.
Ask = Callable[[Request], Awaitable[Any]]
# Says what an answer means where that is not what HTTP says, also for answers of status 200; None
# where HTTP's own meaning holds. Must not raise, and must quote nothing of the body.
ErrorMap = Callable[[Reply], DaybiasError | Again | None]
