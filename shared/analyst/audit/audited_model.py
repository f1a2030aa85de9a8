"""A LanguageModel whose every question and answer is kept."""

import logging
from dataclasses import asdict, dataclass

from shared.analyst.audit.calls import ModelCalls
from shared.domain.errors import DaybiasError, StoreUnavailable
from shared.ports import AnswerUnusable, LanguageModel, ModelAnswer, ModelRequest

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AuditedModel:
    """Passes questions on and keeps them; a store that is out of reach costs no answer."""

    model: LanguageModel
    calls: ModelCalls

    @property
    def provider(self) -> str:
        """Name the provider behind."""
        return self.model.provider

    async def generate(self, request: ModelRequest) -> ModelAnswer:
        """Ask, and keep what came of it.

        Raises: as the model itself.
        """
        try:
            answer = await self.model.generate(request)
        except DaybiasError as error:
            said = error.answer if isinstance(error, AnswerUnusable) else None
            await self._keep(request, said, f"{type(error).__name__}: {error}")
            raise
        await self._keep(request, answer, None)
        return answer

    async def _keep(
        self, request: ModelRequest, answer: ModelAnswer | None, failure: str | None
    ) -> None:
        said = None if answer is None else asdict(answer)
        try:
            await self.calls.put(self.provider, request, said, failure)
        except StoreUnavailable:
            _log.warning("audit.not_kept", extra={"provider": self.provider})

    async def check(self, *, timeout_s: float) -> None:
        """Return if the model can be asked.

        Raises: as the model itself.
        """
        await self.model.check(timeout_s=timeout_s)

    async def close(self) -> None:
        """Release what the model has opened."""
        await self.model.close()
