"""What was measured of each prompt, kept in the repository: read by the docs and the scorecard."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from shared.domain.bias import Step


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of one prompt with one model.

    Shape: `figures` as `summarize` gives them; `data` names the frozen snapshots' source.
    """

    on: date
    data: str
    provider: str
    model: str
    step: Step
    prompt: str
    figures: Mapping[str, Any]

    @property
    def runs(self) -> int:
        """How many runs the flip rate is counted over."""
        return int(self.figures["repeatability"]["runs"])

    @property
    def flip_rate(self) -> float | None:
        """The share of reruns whose lean differs; None for steps without a lean."""
        rate: float | None = self.figures["repeatability"]["flip_rate"]
        return rate


@cache
def load_measured() -> tuple[Measured, ...]:
    """Read what is packaged, in the order of steps, prompts and models."""
    text = files("shared.analyst.evaluation").joinpath("measured.json").read_text("utf-8")
    return tuple(
        Measured(
            on=date.fromisoformat(row["on"]),
            data=row["data"],
            provider=row["provider"],
            model=row["model"],
            step=Step(row["step"]),
            prompt=row["prompt"],
            figures=row["figures"],
        )
        for row in json.loads(text)
    )


def steadiness() -> list[dict[str, Any]]:
    """Tell how often a model answers the same question with another lean.

    Shape: provider, model, prompt, on (the day), snapshots, runs, flip_rate.
    """
    return [
        {
            "provider": one.provider,
            "model": one.model,
            "prompt": one.prompt,
            "on": one.on.isoformat(),
            "snapshots": one.figures["repeatability"]["snapshots"],
            "runs": one.runs,
            "flip_rate": one.flip_rate,
        }
        for one in load_measured()
        if one.flip_rate is not None
    ]


def rows_of(report: Mapping[str, Any], data: str) -> list[dict[str, Any]]:
    """Turn a report of the harness into rows of the file."""
    shared = {"data": data} | {name: report[name] for name in ("on", "provider", "model")}
    names = ("step", "prompt")
    return [
        shared
        | {name: result[name] for name in names}
        | {"figures": {k: v for k, v in result.items() if k not in names}}
        for result in report["results"]
    ]


def merged(
    known: Iterable[Mapping[str, Any]], new: Iterable[Mapping[str, Any]]
) -> Sequence[Mapping[str, Any]]:
    """Put new rows in the place of those of the same prompt and model, in a lasting order."""
    order = [str(step) for step in Step]
    rows = {(row["step"], row["prompt"], row["provider"], row["model"]): row for row in known}
    rows |= {(row["step"], row["prompt"], row["provider"], row["model"]): row for row in new}
    return [rows[key] for key in sorted(rows, key=lambda key: (order.index(key[0]), *key[1:]))]
