"""Cuts the hashed lock file down to what a function imports."""

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# Imports whose distribution has another name; everything else is called what it is imported as.
_DISTRIBUTIONS = {
    "google.api_core": "google-api-core",
    "google.auth": "google-auth",
    "google.cloud.firestore": "google-cloud-firestore",
    "google.cloud.firestore_v1": "google-cloud-firestore",
    "google.cloud.pubsub": "google-cloud-pubsub",
    "google.cloud.pubsub_v1": "google-cloud-pubsub",
    "google.cloud.secretmanager": "google-cloud-secret-manager",
    "google.cloud.secretmanager_v1": "google-cloud-secret-manager",
    "google.genai": "google-genai",
    "google.oauth2": "google-auth",
    "google.protobuf": "protobuf",
    "google.pubsub_v1": "google-cloud-pubsub",
    "grpc": "grpcio",
}
# What starts every function: the framework, and uvicorn, whose extras (uvloop, httptools) it finds.
_ALWAYS = ("functions-framework", "uvicorn")
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==")


class NotLocked(Exception):
    """Something is imported that the lock file does not name."""


@dataclass(frozen=True)
class Pin:
    """One locked distribution: its lines with hashes, and who asked for it."""

    name: str
    lines: tuple[str, ...]
    via: frozenset[str]


def parse_lock(text: str) -> dict[str, Pin]:
    """Read the pins of a lock file written by `make lock`."""
    pins: dict[str, Pin] = {}
    block: list[str] = []
    for line in [*text.splitlines(), "end==0"]:
        if (match := _PIN.match(line)) and block:
            pin = _pin(block)
            pins[pin.name] = pin
        if match:
            block = [line]
        elif block:
            block.append(line)
    return pins


def _pin(block: list[str]) -> Pin:
    match = _PIN.match(block[0])
    assert match is not None  # noqa: S101 - a block begins with its pin
    comments = [line.strip().removeprefix("# via").strip("# ") for line in block if "#" in line]
    return Pin(
        match[1],
        tuple(line for line in block if "#" not in line),
        frozenset(name for name in comments if name),
    )


def distributions(imports: Iterable[str], pins: Mapping[str, Pin]) -> set[str]:
    """Name the locked distributions behind imported names.

    Raises: NotLocked.
    """
    return {found for name in imports if (found := _distribution(name, pins))}


def _distribution(name: str, pins: Mapping[str, Pin]) -> str | None:
    parts = name.split(".")
    if parts[0] in sys.stdlib_module_names:
        return None
    for length in range(len(parts), 0, -1):
        if found := _DISTRIBUTIONS.get(".".join(parts[:length])):
            return found
    found = parts[0].replace("_", "-")
    if found not in pins:
        raise NotLocked(f"{name} is imported, but infra/requirements/runtime.txt has no pin for it")
    return found


def requirements(imports: Iterable[str], lock: str) -> str:
    """Write the requirements of a function: pins with hashes, what they need included.

    Raises: NotLocked.
    """
    pins = parse_lock(lock)
    wanted = distributions(imports, pins) | set(_ALWAYS)
    while more := {n for n, pin in pins.items() if pin.via & wanted and n not in wanted}:
        wanted |= more
    lines = [line for name in sorted(wanted) for line in pins[name].lines]
    return "\n".join(["# cut from infra/requirements/runtime.txt by infra/package.py", *lines, ""])
