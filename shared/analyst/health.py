"""Whether the language models can be asked: found out once at start, and by `daybias doctor`."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from shared.domain.errors import (
    AuthRejected,
    DaybiasError,
    QuotaSpent,
    RateLimited,
    RequestRejected,
    UpstreamUnavailable,
)
from shared.ports import LanguageModel

_log = logging.getLogger(__name__)

TIMEOUT_S = 10.0


class ModelState(StrEnum):
    """How a provider stands, by what a person does about it."""

    OK = "ok"
    NO_KEY = "no key"
    WRONG_KEY = "wrong key"
    NO_MODEL = "no such model"
    SPENT = "quota spent"
    UNREACHABLE = "unreachable"
    STRANGE = "strange answer"
    UNKNOWN = "not checked yet"


FINE = frozenset({ModelState.OK, ModelState.NO_KEY, ModelState.UNKNOWN})
_BY_ERROR: tuple[tuple[type[DaybiasError], ModelState], ...] = (
    (AuthRejected, ModelState.WRONG_KEY),
    (RequestRejected, ModelState.NO_MODEL),
    (QuotaSpent, ModelState.SPENT),
    (RateLimited, ModelState.SPENT),
    (UpstreamUnavailable, ModelState.UNREACHABLE),
)


@dataclass(frozen=True, slots=True)
class ModelHealth:
    """One provider's state; `detail` repeats no key."""

    provider: str
    state: ModelState
    detail: str = ""


async def check_model(model: LanguageModel, *, timeout_s: float = TIMEOUT_S) -> ModelHealth:
    """Tell how a model stands; an error of the provider is a state, not an exception."""
    try:
        await model.check(timeout_s=timeout_s)
    except DaybiasError as error:
        state = next((s for kind, s in _BY_ERROR if isinstance(error, kind)), ModelState.STRANGE)
        return ModelHealth(model.provider, state, str(error))
    return ModelHealth(model.provider, ModelState.OK)


class ModelHealths:
    """What is known of the providers of a process.

    Shape: `absent` says in words why a provider has no model.
    """

    def __init__(self, models: Mapping[str, LanguageModel], absent: Mapping[str, str]) -> None:
        self._models = models
        missing = [ModelHealth(name, ModelState.NO_KEY, why) for name, why in absent.items()]
        unknown = [ModelHealth(name, ModelState.UNKNOWN) for name in models]
        self._known = {health.provider: health for health in (*missing, *unknown)}
        self._task: asyncio.Task[None] | None = None

    @property
    def known(self) -> tuple[ModelHealth, ...]:
        """Every provider's state by name, as it was when last checked."""
        return tuple(self._known[name] for name in sorted(self._known))

    async def check(self) -> tuple[ModelHealth, ...]:
        """Ask every provider, and log what a person has to do something about."""
        found = await asyncio.gather(*(check_model(model) for model in self._models.values()))
        for health in found:
            self._known[health.provider] = health
            level = logging.INFO if health.state in FINE else logging.ERROR
            fields = {"provider": health.provider, "state": str(health.state)}
            _log.log(level, "models.checked", extra=fields | {"detail": health.detail})
        return self.known

    def begin(self) -> None:
        """Check beside whatever else is done: the rules answer before the providers do."""

        async def checking() -> None:
            await self.check()

        self._task = asyncio.create_task(checking())

    async def close(self) -> None:
        """Give up a check that is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
