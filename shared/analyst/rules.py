"""The deterministic analyst: equal snapshots give equal sections, byte for byte."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence

from shared.analyst.deadline import Deadline
from shared.analyst.facts import facts_of
from shared.analyst.grounding import grounded_part, violations
from shared.analyst.inputs import documents_for
from shared.analyst.section import Signature, build_section
from shared.analyst.steps import flux, leaders, macro, security, synthesis, technical
from shared.domain.bias import Forecast, Section, SectionDraft, Snapshot, Step

_log = logging.getLogger(__name__)

VERSION = "rules.v3"  # part of the key of stored answers: count it up when a text changes

LEFT_OUT = "a sentence of the rules did not pass the checks and is left out"
_HEADLINE = "{instrument}: what the rules had to say first did not pass the checks"

Writer = Callable[[Step, Snapshot, Forecast], SectionDraft]


class RulesAnalyst:
    """Writes every step from named numbers alone, and answers always: nobody comes after it."""

    name = VERSION

    def __init__(self, write: Writer | None = None) -> None:
        self._write = write or write_draft

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

        A text of ours that is not grounded is a defect: it is logged, and left out.
        """
        del earlier, deadline
        facts = facts_of(snapshot, forecast if step is Step.SYNTHESIS else None)
        draft = self._write(step, snapshot, forecast)
        if draft.findings:  # the rules read no texts: they say which are at hand
            draft = draft.model_copy(update={"documents": tuple(documents_for(step, facts))})
        if found := violations(step, draft, facts):
            kinds = dict(Counter(str(fault.kind) for fault in found))
            fields = {"step": step, "instrument": snapshot.instrument, "violations": kinds}
            _log.error("rules.ungrounded", extra=fields)
            draft = grounded_part(step, draft, facts, _HEADLINE)
        section = build_section(step, draft, snapshot, facts, Signature("rules", prompt=VERSION))
        return section.model_copy(update={"degraded": LEFT_OUT}) if found else section


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
