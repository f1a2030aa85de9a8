"""Until when each language model knew the world, from cutoffs.toml."""

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

# By provider and model.
CutOffs = Mapping[tuple[str, str], date]


class _CutOff(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    provider: str
    model: str
    known_until: date
    source: str
    read: date


@cache
def load_cutoffs() -> CutOffs:
    """Read the table; a model that is not in it has no known cut-off."""
    text = (files("shared.bias.scorecard") / "cutoffs.toml").read_text(encoding="utf-8")
    rows = (_CutOff.model_validate(raw) for raw in tomllib.loads(text)["cutoffs"])
    return {(row.provider, row.model): row.known_until for row in rows}
