"""Rows that the journal could not apply in full: never guessed, never silent."""

from dataclasses import dataclass, field

from shared.domain.ids import RowKey

MOST_FLAGS = 50  # they are shown with the position; the count goes on


@dataclass(frozen=True, slots=True)
class Flag:
    """A row, and what of it was not applied and why."""

    key: RowKey
    reason: str


@dataclass(slots=True)
class Flags:
    """The first flags in the order of the log, and the number of all."""

    count: int = 0
    first: list[Flag] = field(default_factory=list)

    def raise_for(self, key: RowKey, reason: str) -> None:
        """Note that something of a row was not applied."""
        self.count += 1
        if len(self.first) < MOST_FLAGS:
            self.first.append(Flag(key, reason))
