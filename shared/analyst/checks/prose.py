"""One sentence of a draft as the checks read it: the author's own words, and the values in it."""

import re

from shared.analyst.render import placeholders, without_placeholders

# Texts whose reading is kept: the rules say the same sentences of every market, day after day.
KEPT = 4096
# A value in a sentence, by its name.
HELD = re.compile(r"\{([a-z0-9_]+)\}")
_NEGATED = re.compile(
    r"\b(?:not|no|neither|nor|never|without|no longer|hardly|nothing|none|isn't|aren't)\s+"
    r"(?:(?!and\b|but\b)[\w'-]+\s+){0,3}$"
    r"|\b(?:nobody|no one)\s+(?:(?!and\b|but\b)[\w'{}-]+\s+){0,6}$"
    r"|\b(?:far from|anything but)\s+(?:\w+\s+)?$",
    re.IGNORECASE,
)


class Prose:
    """A text with {names}.

    Shape: `own` is what the author wrote, with a blank for each value; `names` are in order.
    """

    __slots__ = ("names", "own", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.own = without_placeholders(text)
        self.names = placeholders(text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Prose) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)


def negated(before: str) -> bool:
    """Tell whether the word that follows this text is denied by it."""
    return _NEGATED.search(before) is not None
