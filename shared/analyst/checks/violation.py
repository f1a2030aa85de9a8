"""A fault of a draft: its kind, which is counted, and a sentence that its author can act on."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What went wrong, in one word for metrics; released words never change their meaning."""

    SCHEMA = "schema"  # not JSON, or not of the asked shape
    SHAPE = "shape"  # empty, too long, a finding without a name, findings without a claim
    UNKNOWN_NAME = "unknown-name"
    UNNAMED = "unnamed"  # a value without a word for what it is: any other could stand there
    MISSING_VALUE = "missing-value"
    BRACE = "brace"
    NUMBER = "number"  # a digit of any script
    NUMBER_WORD = "number-word"
    UNIT = "unit"
    GLUED = "glued"  # something that touches a placeholder and would change its value
    SCRIPT = "script"  # letters or marks that only look like others, or are not seen at all
    DATE = "date"
    INSTRUMENT = "instrument"
    EVENT = "event"
    LEVEL = "level"
    DIRECTION = "direction"  # a word of direction against the value beside it
    RELATION = "relation"  # unknown, or of the wrong arity
    FALSE_CLAIM = "false-claim"
    LABEL_SIDE = "label-side"
    LEAN = "lean"
    CERTAINTY = "certainty"  # a promise, or advice


@dataclass(frozen=True, slots=True)
class Violation:
    """One fault."""

    kind: Kind
    text: str

    def __str__(self) -> str:
        """Say what is wrong."""
        return self.text
