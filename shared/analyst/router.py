"""Asks the analysts of a step in their order; a failure costs one step one author, labelled."""

import logging
from collections.abc import Mapping, Sequence
from traceback import format_tb

from shared.analyst.analyst import Analyst
from shared.analyst.deadline import Deadline
from shared.domain.bias import Forecast, Section, Snapshot, Step
from shared.domain.errors import PermanentError, RetryableError

_log = logging.getLogger(__name__)


class Router:
    """An analyst made of several.

    Shape: `orders` holds for each step its analysts, the preferred one first; `absent` says in
    words which preferred analysts of a step are not there at all, such as for want of a key.
    """

    def __init__(
        self,
        orders: Mapping[Step, Sequence[Analyst]],
        *,
        absent: Mapping[Step, Sequence[str]] | None = None,
    ) -> None:
        self._orders = orders
        self._absent = absent or {}

    @property
    def name(self) -> str:
        """Name every analyst that may have written, in the order of first use."""
        names = [analyst.name for step in Step for analyst in self._orders[step]]
        return "+".join(dict.fromkeys(names))

    async def section(
        self,
        step: Step,
        snapshot: Snapshot,
        forecast: Forecast,
        earlier: Sequence[Section],
        *,
        deadline: Deadline,
    ) -> Section:
        """Return the first section that an analyst of the step could write.

        Shape: each may take what leaves as much to those after it; the last one waits for nothing.
        Raises: what the last analyst raised when all have failed.
        """
        reasons = list(self._absent.get(step, ()))
        *preferred, last = self._orders[step]
        for after, analyst in zip(range(len(preferred) - 1, -1, -1), preferred, strict=True):
            share = deadline.share(after)
            try:
                section = await analyst.section(step, snapshot, forecast, earlier, deadline=share)
            except Exception as error:  # noqa: BLE001 - no author's fault may cost the other five steps
                reasons.append(_fallen_back(step, analyst.name, error))
                continue
            return _labelled(section, reasons, snapshot)
        section = await last.section(step, snapshot, forecast, earlier, deadline=deadline)
        return _labelled(section, reasons, snapshot)


def _fallen_back(step: Step, name: str, error: Exception) -> str:
    """Tell why an author was passed over; what is no error of ours may repeat a secret."""
    kind = type(error).__name__
    extra = {"step": step, "analyst": name, "error": kind}
    if isinstance(error, RetryableError | PermanentError):
        _log.warning("analyst.fell_back", extra=extra)
        return f"{name}: {kind}: {error}"
    # where, not what: a foreign error's own words may repeat a key, a question or an answer
    where = "".join(format_tb(error.__traceback__))
    _log.error("analyst.broke", extra=extra | {"where": where})
    return f"{name}: {kind}"


def _labelled(section: Section, reasons: Sequence[str], snapshot: Snapshot) -> Section:
    names = {"instrument": snapshot.instrument, "step": section.step, "provider": section.provider}
    _log.info("analyst.wrote", extra=names | {"passed_over": len(reasons)})
    if not reasons:
        return section
    why = [*reasons, section.degraded] if section.degraded else reasons
    return section.model_copy(update={"degraded": "; ".join(why)})
