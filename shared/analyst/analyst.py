"""Who writes a section: the protocol that the rules, the models and the router share."""

from collections.abc import Sequence
from typing import Protocol

from shared.analyst.deadline import Deadline
from shared.domain.bias import Forecast, Section, Snapshot, Step


class Analyst(Protocol):
    """An author of sections."""

    @property
    def name(self) -> str:
        """Name author and version, for labels and for the key of stored answers."""
        ...

    async def section(
        self,
        step: Step,
        snapshot: Snapshot,
        forecast: Forecast,
        earlier: Sequence[Section],
        *,
        deadline: Deadline,
    ) -> Section:
        """Write one step by the deadline; `earlier` holds the five others for the synthesis.

        Raises: RetryableError or PermanentError when this author cannot; another one then writes.
        """
        ...
