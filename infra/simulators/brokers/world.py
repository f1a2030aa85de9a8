"""What every simulated broker is built on: `World`, `Refused`, and how calls show who asks.

A broker's folder holds `world.py` (a dataclass that derives from `World` and defines `route`) and
`sample.py` (`sample(now)` gives a `Sample`, which `http_door PORT BROKER` then serves).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qs

from infra.simulators.brokers.faults import Faults
from infra.simulators.brokers.wire import Answer, Call


class Refused(Exception):
    """An error answer on its way out; each broker words its own."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


@dataclass
class World(ABC):
    """A broker as its doors see it.

    Shape: `now` is the world's clock (a replay's, a test's); `calls` lists what was asked.
    """

    now: Callable[[], datetime]
    faults: Faults = field(default_factory=Faults)
    calls: list[Call] = field(default_factory=list)

    def handle(self, call: Call) -> Answer:
        """Answer one call; faults come last, so that they can spoil a right answer."""
        self.calls.append(call)
        return self.faults.apply(call, self.answered(call))

    def answered(self, call: Call) -> Answer:
        """Answer one call as if nothing ever went wrong; a refusal is an answer too."""
        try:
            return self.route(call)
        except Refused as refused:
            return refused.answer

    @abstractmethod
    def route(self, call: Call) -> Answer:
        """Find what is asked for.

        Raises: Refused.
        """


@dataclass(frozen=True)
class Sample:
    """A small world to try things on, and how a person connects to it.

    Shape: `environment` and `login` as the broker's spec names them; `credentials` by the names of
    that login's fields.
    """

    world: World
    environment: str
    login: str
    credentials: Mapping[str, str]


def bearer(call: Call) -> str:
    """Read the token that a call shows; an empty text where it shows none."""
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def form(call: Call) -> dict[str, str]:
    """Read a form-encoded body; of a field that is given twice the first counts."""
    return {name: values[0] for name, values in parse_qs(call.body.decode()).items()}


def serves(call: Call, hosts: Mapping[str, str], environment: str) -> bool:
    """Tell whether the host that was called is this environment's.

    A host that belongs to no environment, such as a loopback door, serves all of them.
    """
    return call.host not in hosts.values() or call.host == hosts[environment]
