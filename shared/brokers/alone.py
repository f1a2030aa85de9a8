"""A fill as its own answer has it, where a walk would have joined it with other answers."""

from dataclasses import dataclass

from shared.domain.execution import Execution


@dataclass(frozen=True, slots=True)
class Alone:
    """A fill that is shown and never stored.

    Shape: `unknown` names the fields that only other answers tell; what stands there is no guess of
    a symbol or a size, but what stands in for it.
    """

    execution: Execution
    unknown: tuple[str, ...]
