"""A language model as an analyst: asked once, checked, asked to repair once, then refused."""

import json
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError

from shared.analyst.checks.violation import Kind, Violation
from shared.analyst.deadline import Deadline
from shared.analyst.facts import Facts, facts_of
from shared.analyst.grounding import violations
from shared.analyst.inputs import fence, inputs_of
from shared.analyst.library import Prompt, PromptLibrary
from shared.analyst.prices import cost_usd
from shared.analyst.section import Signature, build_section
from shared.domain.bias import Forecast, Section, SectionDraft, Snapshot, Step
from shared.domain.errors import ContractBroken, UpstreamUnavailable
from shared.ports import Clock, LanguageModel, ModelAnswer, ModelRequest

_log = logging.getLogger(__name__)

_LEAST_FOR_REPAIR_S = 1.0
_FAULTS_SHOWN = 10  # to the model
_FAULTS_TOLD = 3  # to the reader


@dataclass(frozen=True, slots=True)
class _Draft:
    draft: SectionDraft
    answers: tuple[ModelAnswer, ...]
    refused: tuple[Violation, ...] = ()


class ModelAnalyst:
    """Any LanguageModel with the prompt library."""

    def __init__(self, model: LanguageModel, library: PromptLibrary, clock: Clock) -> None:
        self._model = model
        self._library = library
        self._clock = clock

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
        started = self._clock.monotonic()
        prompt = self._library.prompts[step]
        facts = facts_of(snapshot, forecast if step is Step.SYNTHESIS else None)
        text = prompt.fill(inputs_of(step, snapshot, facts, earlier))
        request = _request(prompt, text, snapshot.instrument, deadline.left_s)
        grounded = await self._grounded(prompt, request, facts, deadline)
        provider, today = self._model.provider, self._clock.now().date()
        signature = Signature(
            provider=provider,
            model=grounded.answers[-1].model,
            prompt=prompt.id,
            cost_usd=cost_usd(provider, grounded.answers, today),
            elapsed_ms=round((self._clock.monotonic() - started) * 1000),
            refused=tuple(sorted({str(fault.kind) for fault in grounded.refused})),
        )
        return build_section(step, grounded.draft, snapshot, facts, signature)

    async def _grounded(
        self, prompt: Prompt, request: ModelRequest, facts: Facts, deadline: Deadline
    ) -> _Draft:
        first = await self._model.generate(request)
        draft, faults = self._checked(prompt, first, facts)
        if draft is not None:
            return _Draft(draft, (first,))
        left_s = deadline.left_s
        if left_s < _LEAST_FOR_REPAIR_S:
            raise UpstreamUnavailable(f"no time left to repair: {_told(faults)}")
        repair = replace(request, prompt=_repair(request, first, faults), timeout_s=left_s)
        second = await self._model.generate(repair)
        draft, again = self._checked(prompt, second, facts)
        if draft is None:
            raise ContractBroken(f"ungrounded after one repair: {_told(again)}")
        return _Draft(draft, (first, second), faults)

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


def _request(prompt: Prompt, text: str, asker: str, timeout_s: float) -> ModelRequest:
    return ModelRequest(
        system=prompt.system,
        prompt=text,
        schema=prompt.output,
        temperature=prompt.header.temperature,
        max_output_tokens=prompt.header.max_output_tokens,
        timeout_s=timeout_s,
        asker=asker,
    )


def read_draft(
    step: Step, answer: str, facts: Facts
) -> tuple[SectionDraft | None, tuple[Violation, ...]]:
    """Return a model's draft when it is valid and grounded, else None and all that is wrong."""
    try:
        draft = SectionDraft.model_validate_json(answer)
    except ValidationError as error:
        where = [(".".join(map(str, e["loc"])) or "answer", e["msg"]) for e in error.errors()]
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
