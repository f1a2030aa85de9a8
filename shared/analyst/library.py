"""The prompts: a file each, checked when loaded, never changed once released (LOCK.toml)."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.domain.bias import SectionDraft, Step
from shared.domain.errors import ConfigError
from shared.domain.ids import content_hash

OUTPUTS: Mapping[str, type[BaseModel]] = MappingProxyType({"SectionDraft": SectionDraft})
_FENCE = "+++\n"
_SPLIT = "\n---\n"  # what never changes stands above it: providers can cache that part


class Header(BaseModel):
    """The front-matter of a prompt file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Step
    version: int = Field(ge=1)
    model_class: str
    temperature: float = Field(ge=0, le=2)
    max_output_tokens: int = Field(gt=0)
    inputs: tuple[str, ...]
    output: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """One released prompt."""

    header: Header
    system: str
    body: Template

    @property
    def id(self) -> str:
        """Name step and version: "security.v1"."""
        return f"{self.header.id}.v{self.header.version}"

    @property
    def output(self) -> type[BaseModel]:
        """The schema of its answer."""
        return OUTPUTS[self.header.output]

    def fill(self, values: Mapping[str, str]) -> str:
        """Put the inputs in the place of their $names, in one pass.

        Raises: KeyError when an input is missing.
        """
        return self.body.substitute({name: values[name] for name in self.header.inputs})


@dataclass(frozen=True, slots=True)
class PromptLibrary:
    """The newest released prompt of each step; `set_id` names exactly these texts."""

    prompts: Mapping[Step, Prompt]
    set_id: str


@cache
def load_library() -> PromptLibrary:
    """Read the packaged prompts.

    Raises: ConfigError listing every prompt that is wrong, changed or not released.
    """
    folder = files("shared.analyst").joinpath("prompts")
    texts = {
        entry.name: entry.read_text(encoding="utf-8")
        for entry in folder.iterdir()
        if entry.name.endswith(".md")
    }
    return build_library(texts, folder.joinpath("LOCK.toml").read_text(encoding="utf-8"))


def build_library(texts: Mapping[str, str], lock: str) -> PromptLibrary:
    """Check the files against the lock and keep the newest of each step.

    Raises: ConfigError listing every fault.
    """
    released: dict[str, str] = tomllib.loads(lock)["sha256"]
    faults = [f"{name} is locked, but there is no such prompt" for name in released.keys() - texts]
    newest: dict[Step, Prompt] = {}
    for name, text in sorted(texts.items()):
        if released.get(name) != sha256(text):
            faults.append(f"{name} is not the text that LOCK.toml released: make a new version")
        try:
            prompt = parse_prompt(name, text)
        except ConfigError as error:
            faults += error.faults
            continue
        known = newest.get(prompt.header.id)
        if known is None or prompt.header.version > known.header.version:
            newest[prompt.header.id] = prompt
    faults += [f"no prompt for the step {step}" for step in Step if step not in newest]
    if faults:
        raise ConfigError(sorted(faults))
    used = {p.id: sha256(texts[f"{p.id}.md"]) for p in newest.values()}
    return PromptLibrary(MappingProxyType(newest), f"prompts-{content_hash(used)[:12]}")


def parse_prompt(name: str, text: str) -> Prompt:
    """Read one file and check that its header tells the truth.

    Raises: ConfigError.
    """
    try:
        before, front, body = text.split(_FENCE, 2)
        header = Header.model_validate(tomllib.loads(front))
        system, asked = body.split(_SPLIT, 1)
    except (ValueError, ValidationError) as error:  # TOML faults are ValueErrors too
        raise ConfigError([f"{name}: {error}"]) from error
    prompt = Prompt(header, system.strip(), Template(asked.strip()))
    faults = [] if not before else ["text before the front-matter"]
    if name != f"{prompt.id}.md":
        faults.append(f"is named for another prompt than {prompt.id}")
    if header.output not in OUTPUTS:
        faults.append(f"unknown output {header.output!r}")
    if not prompt.body.is_valid() or set(prompt.body.get_identifiers()) != set(header.inputs):
        found = ", ".join(prompt.body.get_identifiers())
        faults.append(f"the header's inputs are not the $names of the text ({found})")
    if Template(prompt.system).get_identifiers():
        faults.append("a $name stands above the line: that part never changes")
    if faults:
        raise ConfigError([f"{name}: {fault}" for fault in faults])
    return prompt


def sha256(text: str) -> str:
    """Hash a prompt's text as LOCK.toml holds it."""
    return hashlib.sha256(text.encode()).hexdigest()
