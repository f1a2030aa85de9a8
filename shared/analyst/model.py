"""A language model as an analyst: asked once, checked, asked to repair once, then refused."""

import json
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError

from shared.analyst.accounts.ledger import Ledger
from shared.analyst.accounts.recording import Recorder, paid_usd, told, usable, use_of
from shared.analyst.checks.violation import Kind, Violation
from shared.analyst.deadline import Deadline
from shared.analyst.facts import Facts, facts_of
from shared.analyst.grounding import violations
from shared.analyst.inputs import fence, inputs_of
from shared.analyst.library import Prompt, PromptLibrary
from shared.analyst.section import Signature, build_section
from shared.domain.bias import Forecast, Section, SectionDraft, Snapshot, Step
from shared.domain.errors import (
    ContractBroken,
    PermanentError,
    RetryableError,
    UpstreamUnavailable,
)
from shared.ports import Clock, LanguageModel, ModelAnswer, ModelRequest

_log = logging.getLogger(__name__)

_LEAST_FOR_REPAIR_S = 1.0
_FAULTS_SHOWN = 10  # to the model
_FAULTS_TOLD = 3  # to the reader
_PLACE_SHOWN = 60  # characters: the name of an extra key is the model's own, and of any length


@dataclass(frozen=True, slots=True)
class _Asked:
    prompt: Prompt
    request: ModelRequest
    facts: Facts


@dataclass(frozen=True, slots=True)
class _Draft:
    draft: SectionDraft
    refused: tuple[Violation, ...] = ()


class ModelAnalyst:
    """Any LanguageModel with the prompt library.

    Shape: `ledger` is where every attempt is noted with its tokens and cost; `arm` is the arm of an
    experiment that this author is.
    """

    def __init__(
        self,
        model: LanguageModel,
        library: PromptLibrary,
        clock: Clock,
        *,
        ledger: Ledger | None = None,
        arm: str | None = None,
    ) -> None:
        self._model = model
        self._library = library
        self._clock = clock
        self._ledger = ledger
        self._arm = arm

    @property
    def name(self) -> str:
        """Name provider and prompt set."""
        return f"{self._model.provider}.{self._library.set_id}"

    async def section(
        self,
        step: Step,
        snapshot: Snapshot,
        forecast: Forecast,
        earlier: Sequence[Section],
        *,
        deadline: Deadline,
    ) -> Section:
        """Write one step by the deadline, a repair included.

        Raises: what the model raises; ContractBroken when its answer stays ungrounded after one
        repair; UpstreamUnavailable when no time is left for the repair.
        """
        prompt = self._library.prompts[step]
        facts = facts_of(snapshot, forecast if step is Step.SYNTHESIS else None)
        text = prompt.fill(inputs_of(step, snapshot, facts, earlier))
        request = _request(prompt, text, snapshot, deadline.left_s)
        recorder = Recorder(self._model, self._clock)
        try:
            grounded = await self._grounded(_Asked(prompt, request, facts), recorder, deadline)
        except (RetryableError, PermanentError):
            await self._note(prompt, snapshot, recorder, accepted=False)
            raise
        await self._note(prompt, snapshot, recorder, accepted=True)
        provider, today = self._model.provider, self._clock.now().date()
        signature = Signature(
            provider=provider,
            model=usable(recorder.calls)[-1].model,
            prompt=prompt.id,
            arm=self._arm,
            cost_usd=paid_usd(provider, recorder.calls, today),
            elapsed_ms=recorder.elapsed_ms,
            refused=tuple(sorted({str(fault.kind) for fault in grounded.refused})),
        )
        return build_section(step, grounded.draft, snapshot, facts, signature)

    async def _note(
        self, prompt: Prompt, snapshot: Snapshot, recorder: Recorder, *, accepted: bool
    ) -> None:
        use = use_of(prompt, snapshot, recorder, accepted=accepted)
        use = use.model_copy(update={"arm": self._arm})
        _log.info("analyst.asked", extra=told(use, recorder.calls))
        if self._ledger is not None:
            await self._ledger.note(use)

    async def _grounded(self, asked: _Asked, model: LanguageModel, deadline: Deadline) -> _Draft:
        prompt, facts = asked.prompt, asked.facts
        first = await model.generate(asked.request)
        draft, faults = self._checked(prompt, first, facts)
        if draft is not None:
            return _Draft(draft)
        left_s = deadline.left_s
        if left_s < _LEAST_FOR_REPAIR_S:
            raise UpstreamUnavailable(f"no time left to repair: {_told(faults)}")
        text = _repair(asked.request, first, faults)
        second = await model.generate(replace(asked.request, prompt=text, timeout_s=left_s))
        draft, again = self._checked(prompt, second, facts)
        if draft is None:
            raise ContractBroken(f"ungrounded after one repair: {_told(again)}")
        return _Draft(draft, faults)

    def _checked(
        self, prompt: Prompt, answer: ModelAnswer, facts: Facts
    ) -> tuple[SectionDraft | None, tuple[Violation, ...]]:
        """Return the draft when it is valid and grounded, else what is wrong with it; counted."""
        draft, faults = read_draft(prompt.header.id, answer.text, facts)
        fields = {"provider": self._model.provider, "model": answer.model, "prompt": prompt.id}
        if draft is not None:
            _log.info("analyst.grounded", extra=fields)
        else:
            kinds = dict(Counter(str(fault.kind) for fault in faults))
            _log.warning("analyst.refused", extra=fields | {"violations": kinds})
        return draft, faults


def _request(prompt: Prompt, text: str, snapshot: Snapshot, timeout_s: float) -> ModelRequest:
    return ModelRequest(
        system=prompt.system,
        prompt=text,
        schema=prompt.output,
        temperature=prompt.header.temperature,
        max_output_tokens=prompt.header.max_output_tokens,
        timeout_s=timeout_s,
        asker=snapshot.instrument,
        snapshot_hash=snapshot.hash,
        prompt_id=prompt.id,
    )


def read_draft(
    step: Step, answer: str, facts: Facts
) -> tuple[SectionDraft | None, tuple[Violation, ...]]:
    """Return a model's draft when it is valid and grounded, else None and all that is wrong."""
    try:
        draft = SectionDraft.model_validate_json(answer)
    except ValidationError as error:
        places = [(".".join(map(str, e["loc"])) or "answer", e["msg"]) for e in error.errors()]
        where = [(at[:_PLACE_SHOWN], message) for at, message in places]
        return None, tuple(Violation(Kind.SCHEMA, f"{at}: {message}") for at, message in where)
    faults = violations(step, draft, facts)
    return (None, faults) if faults else (draft, ())


def _told(faults: tuple[Violation, ...]) -> str:
    return "; ".join(str(fault) for fault in faults[:_FAULTS_TOLD])


def _repair(request: ModelRequest, answer: ModelAnswer, faults: tuple[Violation, ...]) -> str:
    # json.dumps: the refused text goes back as data, its line breaks cannot open a new heading
    return "\n".join(
        (
            request.prompt,
            "",
            "## Your draft was refused; write it again without these faults",
            *(f"- {json.dumps(str(f), ensure_ascii=False)}" for f in faults[:_FAULTS_SHOWN]),
            "The refused draft:",
            fence([answer.text]),
        )
    )
