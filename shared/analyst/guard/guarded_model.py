"""A provider behind its guard: breaker, money, a turn at the limit, and retries in the deadline."""

from asyncio import CancelledError
from dataclasses import dataclass, replace

from shared.analyst.accounts.prices import at_most_usd
from shared.analyst.guard.breaker import Breaker
from shared.analyst.guard.spending import Spending
from shared.analyst.guard.turns import Turns
from shared.domain.errors import (
    BudgetSpent,
    ContractBroken,
    RateLimited,
    RetryableError,
    UpstreamUnavailable,
    Withheld,
)
from shared.ports import AnswerUnusable, Clock, Entropy, LanguageModel, ModelAnswer, ModelRequest
from shared.retry import ask_again

_ATTEMPTS = 3
_LEAST_S = 1.0  # no answer comes in less
_WAITING = 0.5  # the share of the time that may pass until the turn: the rest is the model's


@dataclass(frozen=True, slots=True)
class GuardedModel:
    """A LanguageModel that may be asked at any time by anybody.

    Shape: without `spending` the calls cost no money, as those of a model on this machine.
    """

    model: LanguageModel
    turns: Turns
    breaker: Breaker
    spending: Spending | None
    clock: Clock
    entropy: Entropy

    @property
    def provider(self) -> str:
        """Name the provider that is guarded."""
        return self.model.provider

    async def generate(self, request: ModelRequest) -> ModelAnswer:
        """Ask, and ask again after a failure that may pass while there is time.

        Raises: as the model itself; Withheld while it is not asked at all; BudgetSpent when the
        turn or the answer would come too late; StoreUnavailable.
        """
        deadline = self.clock.monotonic() + request.timeout_s
        failures = list[RetryableError]()

        async def ask() -> ModelAnswer:
            try:
                return await self._ask(request, deadline)
            except (RateLimited, UpstreamUnavailable) as error:
                failures.append(error)
                raise

        give_up_at = deadline - _LEAST_S
        try:
            return await ask_again(
                self.clock, self.entropy, ask, attempts=_ATTEMPTS, give_up_at=give_up_at
            )
        except Withheld:
            if failures:  # this question was asked: its own failure is the reason, and may cost
                raise failures[-1] from None
            raise

    async def _ask(self, request: ModelRequest, deadline: float) -> ModelAnswer:
        with self.breaker.watch():
            if self.spending is None:
                return await self._in_turn(request, deadline)
            return await self._paid(self.spending, request, deadline)

    async def _paid(
        self, spending: Spending, request: ModelRequest, deadline: float
    ) -> ModelAnswer:
        await spending.promise()
        try:
            answer = await self._in_turn(request, deadline)
        except AnswerUnusable as error:
            await self._pay(spending, error.answer)
            raise
        except ContractBroken:
            await spending.pay(None)  # an answer of another shape may be paid for all the same
            raise
        except UpstreamUnavailable:
            if self.clock.monotonic() < deadline:
                spending.take_back()
            else:
                await spending.pay(None)  # given up on, it may still be written, and billed
            raise
        except CancelledError:
            spending.owe(None)
            raise
        except BaseException:
            spending.take_back()
            raise
        await self._pay(spending, answer)
        return answer

    async def _pay(self, spending: Spending, answer: ModelAnswer) -> None:
        await spending.pay(at_most_usd(self.provider, [answer], self.clock.now().date()))

    async def _in_turn(self, request: ModelRequest, deadline: float) -> ModelAnswer:
        now = self.clock.monotonic()
        await self.turns.take(request.asker, now + (deadline - now) * _WAITING)
        left_s = deadline - self.clock.monotonic()
        if left_s < _LEAST_S:
            raise BudgetSpent(f"{self.provider}: no time is left for an answer")
        return await self.model.generate(replace(request, timeout_s=left_s))

    async def check(self, *, timeout_s: float) -> None:
        """Return if the key is accepted and the model is there; a breaker has no say in it.

        Raises: as the model itself.
        """
        await self.model.check(timeout_s=timeout_s)

    async def close(self) -> None:
        """Release what the model has opened."""
        await self.model.close()
