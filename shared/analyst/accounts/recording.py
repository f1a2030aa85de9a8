"""Keeps the calls behind one section: what was answered, what failed, what it cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from shared.analyst.accounts.prices import at_most_usd, cost_usd
from shared.analyst.library import Prompt
from shared.domain.bias import Snapshot
from shared.domain.errors import (
    AuthRejected,
    PermanentError,
    QuotaSpent,
    RateLimited,
    RequestRejected,
    RetryableError,
    Withheld,
)
from shared.domain.model_use import ModelUse, UseOutcome
from shared.ports import AnswerUnusable, Clock, LanguageModel, ModelAnswer, ModelRequest, Usage

_FREE = (RateLimited, AuthRejected, QuotaSpent, RequestRejected, Withheld)  # before a word


@dataclass(frozen=True, slots=True)
class Call:
    """One question to a model.

    Shape: `error` names what came instead of a usable answer; `answer` may be there all the same,
    since one that was blocked or cut is paid for. `free` tells that nothing was.
    """

    answer: ModelAnswer | None
    error: str | None
    elapsed_ms: int
    free: bool = False


class Recorder:
    """A language model whose calls are kept."""

    def __init__(self, model: LanguageModel, clock: Clock) -> None:
        self._model = model
        self._clock = clock
        self.calls: list[Call] = []

    @property
    def elapsed_ms(self) -> int:
        """How long all its calls took together."""
        return sum(call.elapsed_ms for call in self.calls)

    @property
    def now(self) -> datetime:
        """The instant by the same clock."""
        return self._clock.now()

    @property
    def provider(self) -> str:
        """The provider's own name."""
        return self._model.provider

    async def generate(self, request: ModelRequest) -> ModelAnswer:
        """Ask and note what came, and when.

        Raises: what the model raises.
        """
        started = self._clock.monotonic()
        try:
            answer = await self._model.generate(request)
        except (PermanentError, RetryableError) as error:
            paid = error.answer if isinstance(error, AnswerUnusable) else None
            name, free = type(error).__name__, isinstance(error, _FREE)
            self.calls.append(Call(paid, name, self._since(started), free))
            raise
        self.calls.append(Call(answer, None, self._since(started)))
        return answer

    async def check(self, *, timeout_s: float) -> None:
        """Check the model.

        Raises: what the model raises.
        """
        await self._model.check(timeout_s=timeout_s)

    async def close(self) -> None:
        """Leave the model to its owner."""

    def _since(self, started: float) -> int:
        return round((self._clock.monotonic() - started) * 1000)


def usable(calls: Sequence[Call]) -> tuple[ModelAnswer, ...]:
    """Return the answers that could be read."""
    return tuple(c.answer for c in calls if c.answer is not None and c.error is None)


def usage_of(calls: Sequence[Call]) -> Usage:
    """Add up the tokens of all calls, of those that could not be used too."""
    used = [call.answer.usage for call in calls if call.answer is not None]
    names = ("prompt", "cached", "output", "thinking")
    return Usage(*(sum(getattr(one, name) for one in used) for name in names))


def paid_usd(provider: str, calls: Sequence[Call], on: date) -> Decimal | None:
    """Add up what was paid; a call that ended without a count may have cost what nobody tells."""
    if any(call.answer is None and not call.free for call in calls):
        return None
    return cost_usd(provider, [c.answer for c in calls if c.answer is not None], on)


def most_usd(provider: str, calls: Sequence[Call], on: date) -> Decimal | None:
    """Add up what was paid at most, for caps; None where no bound is known."""
    if any(call.answer is None and not call.free for call in calls):
        return None
    return at_most_usd(provider, [c.answer for c in calls if c.answer is not None], on)


def use_of(prompt: Prompt, snapshot: Snapshot, recorder: Recorder, *, accepted: bool) -> ModelUse:
    """Tell what an attempt at a section used, and what came of it."""
    calls, now = recorder.calls, recorder.now
    answers, usage = usable(calls), usage_of(calls)
    return ModelUse(
        at=now,
        instrument=snapshot.instrument,
        session=snapshot.session,
        snapshot_hash=snapshot.hash,
        step=prompt.header.id,
        provider=recorder.provider,
        model=answers[-1].model if answers else "",
        prompt=prompt.id,
        outcome=_outcome(calls, accepted=accepted),
        calls=len(calls),
        prompt_tokens=usage.prompt,
        cached_tokens=usage.cached,
        output_tokens=usage.output,
        thinking_tokens=usage.thinking,
        cost_usd=paid_usd(recorder.provider, calls, now.date()),
        elapsed_ms=recorder.elapsed_ms,
    )


def told(use: ModelUse, calls: Sequence[Call]) -> dict[str, Any]:
    """Tell an operator of an attempt: who was asked what, what came of it, and what it took.

    Shape: names and counts alone, never a word that was sent or answered; `errors` by call.
    """
    names = {"instrument", "step", "provider", "model", "prompt", "arm", "outcome", "calls"}
    cost = "unknown" if use.cost_usd is None else str(use.cost_usd)
    return use.model_dump(mode="json", include=names) | {
        "session": use.session.isoformat(),
        "errors": [call.error for call in calls if call.error is not None],
        "cost_usd": cost,
        "duration_ms": use.elapsed_ms,
    }


def _outcome(calls: Sequence[Call], *, accepted: bool) -> UseOutcome:
    answers = len(usable(calls))
    if accepted:
        return UseOutcome.FIRST if answers == 1 else UseOutcome.REPAIRED
    if answers:
        return UseOutcome.REFUSED
    was_asked = any(call.error != Withheld.__name__ for call in calls)
    return UseOutcome.FAILED if was_asked else UseOutcome.WITHHELD
