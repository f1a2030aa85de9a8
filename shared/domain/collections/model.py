"""What a collection of documents is declared by."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Index:
    """One ordered access path: equality on `equal`, then order by `order_by`, then by id.

    Shape: `group` makes it serve scans across all parents; `serves` names the question it answers.
    `reads` is what one answer costs. `both_ways` makes it serve descending scans too: Firestore
    reads an index in one direction, and only those of a single field exist in both by themselves.
    """

    equal: tuple[str, ...]
    order_by: str | None
    serves: str
    group: bool = False
    both_ways: bool = False
    reads: str = "1 a document of the page"

    @property
    def composite(self) -> bool:
        """Whether Firestore must be told of it: it has several fields, or serves a group."""
        return self.order_by is not None and (bool(self.equal) or self.group)


_DEPTHS: dict[str | None, int] = {None: 0, "users": 1, "executions": 2}  # of those with children


class Backup(StrEnum):
    """What an archive of a user does with a collection below `users`."""

    KEPT = "kept"
    REBUILT = "rebuilt"  # a pure function of what is kept


@dataclass(frozen=True, slots=True)
class Collection:
    """A kind of document: where it lives, what one is, how it is found, how many there may be.

    Shape: `copies` says what is kept here a second time, and why; `backup` concerns what is below
    a user.
    """

    name: str
    holds: str
    key: str  # how the id is made
    growth: str
    parent: str | None = None
    indexes: tuple[Index, ...] = ()
    copies: str = ""
    backup: Backup = Backup.KEPT

    @property
    def depth(self) -> int:
        """How many ids its key has."""
        return _DEPTHS[self.parent] + 1
