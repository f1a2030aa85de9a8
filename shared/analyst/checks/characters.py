"""Letters that look like others, marks that are not seen, and words that are spaced out."""

import re
from collections.abc import Iterator
from functools import lru_cache

from shared.analyst.checks.prose import KEPT, Prose
from shared.analyst.checks.violation import Kind, Violation

_PLAIN = re.compile(
    r"[A-Za-z0-9À-ÖØ-öø-ÿ .,;:!?'\"()\-/&{}_%$€£¥+"
    r"\u00a0\u2013\u2014\u2019\u2018\u201c\u201d\u2026]"
)
_SPACED = re.compile(r"(?<![\w'])(?:[^\W\d_][ .\-_'\u2019]){3,}[^\W\d_](?![\w])")
_SIGNS = re.compile(r"[%‰$€£¥+<>=\u00b1\u00d7\u00f7\u2248\u2265\u2264~^*#@_`|\\]")


@lru_cache(maxsize=KEPT)
def check(prose: Prose) -> tuple[Violation, ...]:
    """List what cannot be read for what it is; prose is plain text in Latin letters."""
    return tuple(_faults(prose))


def _faults(prose: Prose) -> Iterator[Violation]:
    odd = [c for c in prose.text if not _PLAIN.fullmatch(c)]
    if odd:
        named = ", ".join(f"U+{ord(c):04X}" for c in dict.fromkeys(odd))
        yield Violation(Kind.SCRIPT, f"characters that plain prose has not: {named}")
    if sign := _SIGNS.search(prose.own):
        text = f"the sign {sign.group()!r} in {prose.text!r}: a value brings its own unit and sign"
        yield Violation(Kind.UNIT, text)
    if spaced := _SPACED.search(prose.own):
        yield Violation(Kind.SCRIPT, f"the spaced-out word {spaced.group()!r}")
