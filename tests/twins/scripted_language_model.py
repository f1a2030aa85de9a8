"""A language model that says what it was told to, for tests of what is done with answers."""

from collections.abc import Sequence

from shared.ports import ModelAnswer, ModelRequest, Usage
from tests.twins.manual_clock import ManualClock


class ScriptedLanguageModel:
    """Gives the script's lines in order, the last again and again; an error in it is raised."""

    provider = "gemini"

    def __init__(
        self, script: Sequence[str | Exception], clock: ManualClock, *, takes_s: float = 1.0
    ) -> None:
        self._script = list(script)
        self._clock = clock
        self._takes_s = takes_s
        self.requests: list[ModelRequest] = []

    async def generate(self, request: ModelRequest) -> ModelAnswer:
        self.requests.append(request)
        await self._clock.sleep(self._takes_s)
        said = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if isinstance(said, Exception):
            raise said
        return ModelAnswer(said, "gemini-3.5-flash", Usage(prompt=1000, output=100))

    async def check(self, *, timeout_s: float) -> None:
        """Every key and model is good."""

    async def close(self) -> None:
        """Nothing is open."""
