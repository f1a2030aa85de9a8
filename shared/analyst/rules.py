"""The deterministic analyst: equal snapshots give equal sections, byte for byte."""

from collections.abc import Sequence

from shared.analyst.deadline import Deadline
from shared.analyst.facts import facts_of
from shared.analyst.grounding import violations
from shared.analyst.inputs import documents_for
from shared.analyst.section import Signature, build_section
from shared.analyst.steps import flux, leaders, macro, security, synthesis, technical
from shared.domain.bias import Forecast, Section, SectionDraft, Snapshot, Step
from shared.domain.errors import ContractBroken

VERSION = "rules.v3"  # part of the key of stored answers: count it up when a text changes


class RulesAnalyst:
    """Writes every step from named numbers alone."""

    name = VERSION

    async def section(
        self,
        step: Step,
        snapshot: Snapshot,
        forecast: Forecast,
        earlier: Sequence[Section],
        *,
        deadline: Deadline | None = None,
    ) -> Section:
        """Write one step; the rules read the snapshot, not what others wrote, and wait for nothing.

        Raises: ContractBroken when a text of ours is not grounded, which is a defect.
        """
        del earlier, deadline
        facts = facts_of(snapshot, forecast if step is Step.SYNTHESIS else None)
        draft = write_draft(step, snapshot, forecast)
        if draft.findings:  # the rules read no texts: they say which are at hand
            draft = draft.model_copy(update={"documents": tuple(documents_for(step, facts))})
        if found := violations(step, draft, facts):
            raise ContractBroken(f"the rules' {step} is not grounded: {'; '.join(map(str, found))}")
        return build_section(step, draft, snapshot, facts, Signature("rules", prompt=VERSION))


def write_draft(step: Step, snapshot: Snapshot, forecast: Forecast) -> SectionDraft:
    """Choose what is notable in a step and say it."""
    facts = facts_of(snapshot, forecast if step is Step.SYNTHESIS else None)
    match step:
        case Step.SECURITY:
            return security.write(facts)
        case Step.MACRO:
            return macro.write(facts, snapshot)
        case Step.FLUX:
            return flux.write(facts)
        case Step.LEADERS:
            return leaders.write(facts)
        case Step.TECHNICAL:
            return technical.write(facts)
        case Step.SYNTHESIS:
            return synthesis.write(facts, snapshot)
