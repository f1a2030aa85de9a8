"""An author that is another one for each arm of an experiment."""

from collections.abc import Mapping, Sequence

from shared.analyst.analyst import Analyst
from shared.analyst.deadline import Deadline
from shared.analyst.experiments.declared import Experiment
from shared.domain.bias import Forecast, Section, Snapshot, Step


class AssignedAnalyst:
    """Lets the arm that a session is assigned to write, outside of the experiment the usual author.

    Shape: `arms` by name, each of the experiment's.
    """

    def __init__(self, experiment: Experiment, arms: Mapping[str, Analyst], usual: Analyst) -> None:
        self._experiment = experiment
        self._arms = arms
        self._usual = usual

    @property
    def name(self) -> str:
        """Name the usual author and the declaration: stored answers of another one are not ours."""
        return f"{self._usual.name}~{self._experiment.key}"

    async def section(
        self,
        step: Step,
        snapshot: Snapshot,
        forecast: Forecast,
        earlier: Sequence[Section],
        *,
        deadline: Deadline,
    ) -> Section:
        """Write one step.

        Raises: what the assigned author raises.
        """
        arm = self._experiment.arm_of(snapshot.instrument, snapshot.session)
        author = self._usual if arm is None else self._arms[arm.name]
        return await author.section(step, snapshot, forecast, earlier, deadline=deadline)
