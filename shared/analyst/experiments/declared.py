"""What an experiment is, and which arm a session of an instrument belongs to."""

import tomllib
from collections.abc import Sequence
from datetime import date
from importlib.resources import files
from itertools import combinations
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from shared.domain.bias import Step
from shared.domain.errors import ConfigError
from shared.domain.ids import content_hash


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Arm(_Frozen):
    """One way of asking: versions of prompts, a model of the provider, or both."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    prompts: dict[Step, int] = Field(default_factory=dict)
    model: str | None = None


class Experiment(_Frozen):
    """What is compared, between which sessions, and what is expected of it."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    version: int = Field(ge=1)
    hypothesis: str = Field(min_length=1)
    provider: Literal["gemini", "openai", "local"]
    since: date
    until: date
    arms: tuple[Arm, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _is_a_comparison(self) -> Self:
        if self.until < self.since:
            raise ValueError(f"{self.id} ends before it begins")
        if len({arm.name for arm in self.arms}) < len(self.arms):
            raise ValueError(f"{self.id} has two arms of one name")
        return self

    @property
    def key(self) -> str:
        """Name exactly this declaration: id, version and a hash of all that it says."""
        return f"{self.id}.v{self.version}-{content_hash(self.model_dump(mode='json'))[:8]}"

    def arm_of(self, instrument: str, session: date) -> Arm | None:
        """Assign a session of an instrument; None outside of the experiment's time."""
        if not self.since <= session <= self.until:
            return None
        drawn = content_hash([self.id, self.version, instrument, session.isoformat()])
        return self.arms[int(drawn[:12], 16) % len(self.arms)]

    def label(self, arm: Arm) -> str:
        """Name an arm as answers and attempts carry it."""
        return f"{self.key}/{arm.name}"


def load_experiments(path: Path | None = None) -> tuple[Experiment, ...]:
    """Read the packaged declarations, or those of a file.

    Raises: ConfigError for a declaration that is wrong, or two of one provider at one time.
    """
    if path is None:
        source = files("shared.analyst.experiments").joinpath("experiments.toml")
        return read_experiments(source.read_text("utf-8"))
    try:
        return read_experiments(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError([f"{path}: {error.strerror}"]) from error


def read_experiments(text: str) -> tuple[Experiment, ...]:
    """Read declarations.

    Raises: ConfigError as `load_experiments`, with every fault at once.
    """
    try:
        stated = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"experiments: {error}"]) from error
    rows = stated.pop("experiments", [])
    if stated or not isinstance(rows, list):
        raise ConfigError(["experiments: the file holds [[experiments]] tables and nothing else"])
    found, faults = list[Experiment](), list[str]()
    for number, row in enumerate(rows, 1):
        try:
            found.append(Experiment.model_validate(row))
        except ValidationError as error:
            faults += [f"experiment {number}: {_told(fault)}" for fault in error.errors()]
    if faults := faults or _overlaps(found):
        raise ConfigError(faults)
    return tuple(found)


def _told(fault: ErrorDetails) -> str:
    place = ".".join(map(str, fault["loc"]))
    return f"{place}: {fault['msg']}" if place else fault["msg"]


def _overlaps(found: Sequence[Experiment]) -> list[str]:
    """Two at once would each change what the other measures."""
    return [
        f"experiments {a.id} and {b.id} run at the same time"
        for a, b in combinations(found, 2)
        if a.provider == b.provider and a.since <= b.until and b.since <= a.until
    ]
