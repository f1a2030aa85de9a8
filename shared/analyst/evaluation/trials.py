"""One section asked for once, and everything that can be told of how it came about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from shared.analyst.checks.violation import Kind, Violation
from shared.analyst.deadline import Deadline
from shared.analyst.facts import Facts, facts_of
from shared.analyst.grounding import violations
from shared.analyst.library import PromptLibrary
from shared.analyst.model import ModelAnalyst, read_draft
from shared.analyst.prices import cost_usd
from shared.analyst.rules import VERSION, RulesAnalyst, write_draft
from shared.domain.bias import FEATURE_STEPS, Forecast, Section, SectionDraft, Snapshot, Step
from shared.domain.errors import (
    AuthRejected,
    PermanentError,
    QuotaSpent,
    RateLimited,
    RequestRejected,
    RetryableError,
)
from shared.ports import AnswerUnusable, Clock, LanguageModel, ModelAnswer, ModelRequest, Usage

_FREE = (RateLimited, AuthRejected, QuotaSpent, RequestRejected)  # refused before a word
PLAIN, RERUN = "plain", "rerun"  # other purposes name the group that was inverted


class Outcome(StrEnum):
    """What came of asking."""

    FIRST = "first"  # the first draft was accepted
    REPAIRED = "repaired"  # the second was
    REFUSED = "refused"  # neither was; in production another author writes
    FAILED = "failed"  # the provider gave no answer; in production another author writes


@dataclass(frozen=True, slots=True)
class Case:
    """A frozen snapshot with its forecast, and the rules' five sections for the synthesis."""

    snapshot: Snapshot
    forecast: Forecast
    earlier: tuple[Section, ...]

    def facts(self, step: Step) -> Facts:
        """Collect what a step may name."""
        return facts_of(self.snapshot, self.forecast if step is Step.SYNTHESIS else None)


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


@dataclass(frozen=True, slots=True)
class Trial:
    """One section.

    Shape: `faults` are those of the first draft, `left` those that the repair left; `draft` is the
    accepted one. `cost_usd` None = unknown.
    """

    step: Step
    prompt: str
    case: str  # the snapshot's hash, of before an inversion
    purpose: str
    outcome: Outcome
    elapsed_ms: int
    calls: tuple[Call, ...] = ()
    faults: tuple[Violation, ...] = ()
    left: tuple[Violation, ...] = ()
    draft: SectionDraft | None = None
    error: str | None = None
    cost_usd: Decimal | None = None
    model: str = ""

    @property
    def answers(self) -> tuple[ModelAnswer, ...]:
        """The answers that could be read."""
        return _usable(self.calls)

    @property
    def usage(self) -> Usage:
        """Tokens of all its calls."""
        used = [call.answer.usage for call in self.calls if call.answer is not None]
        return Usage(
            *(sum(getattr(u, n) for u in used) for n in ("prompt", "cached", "output", "thinking"))
        )

    @property
    def schema_valid(self) -> bool | None:
        """Whether the first draft had the asked shape; None without any answer."""
        if not self.answers and self.draft is None:
            return None
        return all(fault.kind is not Kind.SCHEMA for fault in self.faults)


async def case_of(snapshot: Snapshot, forecast: Forecast) -> Case:
    """Let the rules write what the synthesis reads, so that each step is judged by itself."""
    rules = RulesAnalyst()
    earlier = [await rules.section(step, snapshot, forecast, ()) for step in FEATURE_STEPS]
    return Case(snapshot, forecast, tuple(earlier))


class Recorder:
    """A language model whose calls are kept."""

    def __init__(self, model: LanguageModel, clock: Clock) -> None:
        self._model = model
        self._clock = clock
        self.calls: list[Call] = []

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


@dataclass(frozen=True, slots=True)
class Asked:
    """What is tried: a step of a case by the prompts of a library, and for which purpose."""

    step: Step
    case: Case
    library: PromptLibrary
    purpose: str = PLAIN
    original: str = ""  # the hash of the snapshot that was inverted

    @property
    def name(self) -> str:
        """The snapshot that the trial belongs to."""
        return self.original or self.case.snapshot.hash


async def try_model(asked: Asked, model: LanguageModel, clock: Clock, deadline_s: float) -> Trial:
    """Let a model write a section exactly as it would in production, and look at every draft."""
    recorder = Recorder(model, clock)
    analyst = ModelAnalyst(recorder, asked.library, clock)
    started, error = clock.monotonic(), None
    case, step = asked.case, asked.step
    try:
        deadline = Deadline.within(clock, deadline_s)
        await analyst.section(step, case.snapshot, case.forecast, case.earlier, deadline=deadline)
    except (PermanentError, RetryableError) as fault:
        error = type(fault).__name__
    elapsed_ms = round((clock.monotonic() - started) * 1000)
    answers = _usable(recorder.calls)
    drafts = [read_draft(step, answer.text, case.facts(step)) for answer in answers]
    return Trial(
        step=step,
        prompt=asked.library.prompts[step].id,
        case=asked.name,
        purpose=asked.purpose,
        outcome=_outcome(drafts, error),
        elapsed_ms=elapsed_ms,
        calls=tuple(recorder.calls),
        faults=drafts[0][1] if drafts else (),
        left=drafts[1][1] if len(drafts) > 1 else (),
        draft=drafts[-1][0] if drafts and error is None else None,
        error=error,
        cost_usd=_cost(model.provider, recorder.calls, clock.now().date()),
        model=answers[-1].model if answers else "",
    )


def try_rules(asked: Asked) -> Trial:
    """Let the rules write the section: the baseline, which costs nothing and never varies."""
    case, step = asked.case, asked.step
    draft = write_draft(step, case.snapshot, case.forecast)
    faults = violations(step, draft, case.facts(step))
    return Trial(
        step=step,
        prompt=VERSION,
        case=asked.name,
        purpose=asked.purpose,
        outcome=Outcome.REFUSED if faults else Outcome.FIRST,
        elapsed_ms=0,
        faults=faults,
        draft=draft,
        cost_usd=Decimal(0),
        model=VERSION,
    )


def _outcome(
    drafts: Sequence[tuple[SectionDraft | None, tuple[Violation, ...]]], error: str | None
) -> Outcome:
    if error is None:
        return Outcome.FIRST if len(drafts) == 1 else Outcome.REPAIRED
    return Outcome.REFUSED if drafts else Outcome.FAILED


def _usable(calls: Sequence[Call]) -> tuple[ModelAnswer, ...]:
    return tuple(c.answer for c in calls if c.answer is not None and c.error is None)


def _cost(provider: str, calls: Sequence[Call], on: date) -> Decimal | None:
    """Add up what was paid; a call that ended without a count may have cost what nobody tells."""
    if any(call.answer is None and not call.free for call in calls):
        return None
    return cost_usd(provider, [c.answer for c in calls if c.answer is not None], on)
