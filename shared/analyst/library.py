"""The prompts: a file each, checked when loaded, never changed once released (LOCK.toml)."""

import hashlib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib.resources import files
from string import Template
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.analyst.drafts import claims_first
from shared.domain.bias import SectionDraft, Step
from shared.domain.errors import ConfigError
from shared.domain.ids import content_hash

OUTPUTS: Mapping[str, Callable[[Step], type[BaseModel]]] = MappingProxyType(
    {"SectionDraft": lambda _: SectionDraft, "ClaimsFirst": claims_first}
)
_FENCE = "+++\n"
_SPLIT = "\n---\n"  # what never changes stands above it: providers can cache that part


class Header(BaseModel):
    """The front-matter of a prompt file.

    Shape: `hypothesis` says what a version is to do better than `changed_from`, the one before it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Step
    version: int = Field(ge=1)
    model_class: str
    temperature: float = Field(ge=0, le=2)
    max_output_tokens: int = Field(gt=0)
    inputs: tuple[str, ...]
    output: str
    changed_from: int | None = Field(default=None, ge=1)
    hypothesis: str = ""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One released prompt."""

    header: Header
    system: str
    body: Template
    sha256: str

    @property
    def id(self) -> str:
        """Name step and version: "security.v1"."""
        return f"{self.header.id}.v{self.header.version}"

    @property
    def output(self) -> type[BaseModel]:
        """The schema of its answer."""
        return OUTPUTS[self.header.output](self.header.id)

    def fill(self, values: Mapping[str, str]) -> str:
        """Put the inputs in the place of their $names, in one pass.

        Raises: KeyError when an input is missing.
        """
        return self.body.substitute({name: values[name] for name in self.header.inputs})


@dataclass(frozen=True)
class PromptLibrary:
    """One prompt for each step out of all that were released; `set_id` names exactly these.

    Shape: `released` is by id, such as "security.v1".
    """

    prompts: Mapping[Step, Prompt]
    released: Mapping[str, Prompt]

    @cached_property
    def set_id(self) -> str:
        """Name the chosen texts by their content, and by the schemas that are sent with them."""
        used = {p.id: (p.sha256, p.output.model_json_schema()) for p in self.prompts.values()}
        return f"prompts-{content_hash(used)[:12]}"

    def choose(self, versions: Mapping[Step, int]) -> "PromptLibrary":
        """Take these versions instead; a step that is not named keeps its own.

        Raises: ConfigError naming every version that was never released.
        """
        wanted = {step: f"{step}.v{number}" for step, number in versions.items()}
        unknown = sorted(set(wanted.values()) - self.released.keys())
        if unknown:
            known = ", ".join(sorted(self.released))
            raise ConfigError([f"no prompt {name}; released are {known}" for name in unknown])
        chosen = {step: self.released[name] for step, name in wanted.items()}
        return replace(self, prompts=MappingProxyType({**self.prompts, **chosen}))

    def versions(self, step: Step) -> tuple[Prompt, ...]:
        """List the released prompts of a step, the oldest first."""
        own = [p for p in self.released.values() if p.header.id is step]
        return tuple(sorted(own, key=lambda p: p.header.version))


@cache
def load_library() -> PromptLibrary:
    """Read the packaged prompts; the newest of each step is chosen.

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
    """Check the files against the lock and choose the newest of each step.

    Raises: ConfigError listing every fault.
    """
    locked: dict[str, str] = tomllib.loads(lock)["sha256"]
    faults = [f"{name} is locked, but there is no such prompt" for name in locked.keys() - texts]
    released: dict[str, Prompt] = {}
    for name, text in sorted(texts.items()):
        if locked.get(name) != sha256(text):
            faults.append(f"{name} is not the text that LOCK.toml released: make a new version")
        try:
            prompt = parse_prompt(name, text)
        except ConfigError as error:
            faults += error.faults
            continue
        released[prompt.id] = prompt
    ordered = sorted(released.values(), key=lambda p: p.header.version)
    newest = {prompt.header.id: prompt for prompt in ordered}
    faults += [f"no prompt for the step {step}" for step in Step if step not in newest]
    if faults:
        raise ConfigError(sorted(faults))
    return PromptLibrary(MappingProxyType(newest), MappingProxyType(released))


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
    prompt = Prompt(header, system.strip(), Template(asked.strip()), sha256(text))
    faults = [] if not before else ["text before the front-matter"]
    if name != f"{prompt.id}.md":
        faults.append(f"is named for another prompt than {prompt.id}")
    if header.output not in OUTPUTS:
        faults.append(f"unknown output {header.output!r}")
    if header.version > 1 and not (header.hypothesis and header.changed_from):
        faults.append("a later version says what it is changed from, and its hypothesis")
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
