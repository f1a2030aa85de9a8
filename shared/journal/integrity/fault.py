"""A broken invariant, and where."""

from dataclasses import dataclass
from enum import StrEnum

from shared.ports import Key


class Check(StrEnum):
    """What is checked."""

    KEYS = "keys"  # a document is where its content says
    HASHES = "hashes"  # what is stored is what was hashed
    ORDER = "order"  # heads are the newest observations, run numbers come from the counter
    REFERENCES = "references"  # what is named is there
    RUNS = "runs"  # what was fetched is accounted for, by receipts
    CURSORS = "cursors"  # no cursor is beyond what was fetched, no day complete without its run
    DUPLICATES = "duplicates"  # no two accounts are one at their broker
    PROJECTIONS = "projections"  # what is computed equals a computation from the log


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken invariant: which document, and what is wrong with it."""

    check: Check
    key: Key
    found: str

    @property
    def place(self) -> str:
        """Name the document without its user."""
        return "/".join((self.key.collection, *self.key.path[1:]))
