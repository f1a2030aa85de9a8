"""Asks the analysts of a step in their order; a failure costs one step one author, labelled."""

import logging
from collections.abc import Mapping, Sequence

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

    @classmethod
    def same_for_all(cls, analysts: Sequence[Analyst], *, absent: Sequence[str] = ()) -> "Router":
        """Ask the same analysts in the same order for every step."""
        return cls(dict.fromkeys(Step, analysts), absent=dict.fromkeys(Step, absent))

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
            except (RetryableError, PermanentError) as error:
                reasons.append(f"{analyst.name}: {type(error).__name__}: {error}")
                _log.warning(
                    "analyst.fell_back",
                    extra={"step": step, "analyst": analyst.name, "error": type(error).__name__},
                )
                continue
            return _labelled(section, reasons)
        section = await last.section(step, snapshot, forecast, earlier, deadline=deadline)
        return _labelled(section, reasons)


def _labelled(section: Section, reasons: Sequence[str]) -> Section:
    return section.model_copy(update={"degraded": "; ".join(reasons)}) if reasons else section
