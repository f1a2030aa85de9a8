"""One section asked for once, and everything that can be told of how it came about."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from shared.analyst.accounts.recording import Call, Recorder, paid_usd, usable, usage_of
from shared.analyst.checks.violation import Kind, Violation
from shared.analyst.deadline import Deadline
from shared.analyst.facts import Facts, facts_of
from shared.analyst.grounding import violations
from shared.analyst.library import PromptLibrary
from shared.analyst.model import ModelAnalyst, read_draft
from shared.analyst.rules import VERSION, RulesAnalyst, write_draft
from shared.domain.bias import FEATURE_STEPS, Forecast, Section, SectionDraft, Snapshot, Step
from shared.domain.errors import PermanentError, RetryableError
from shared.domain.model_use import UseOutcome as Outcome
from shared.ports import Clock, LanguageModel, ModelAnswer, Usage

PLAIN, RERUN = "plain", "rerun"  # other purposes name the group that was inverted


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
        return usable(self.calls)

    @property
    def usage(self) -> Usage:
        """Tokens of all its calls."""
        return usage_of(self.calls)

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
    answers = usable(recorder.calls)
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
        cost_usd=paid_usd(model.provider, recorder.calls, clock.now().date()),
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
