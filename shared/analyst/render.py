"""Fills the {names} of a draft from facts; nothing else may put a number into prose."""

import re
from collections.abc import Iterable

from shared.analyst.facts import Facts
from shared.domain.errors import ContractBroken

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)


def placeholders(text: str) -> list[str]:
    """List what stands between braces, in order."""
    return _PLACEHOLDER.findall(text)


def without_placeholders(text: str) -> str:
    """Return the prose that the author wrote, a blank where each number goes."""
    return _PLACEHOLDER.sub(" ", text)


def render(text: str, facts: Facts) -> str:
    """Put the facts in the place of their names, in one pass: a value is never read again.

    Raises: ContractBroken for an unknown name, a missing value or a stray brace.
    """

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if not _NAME.fullmatch(name) or name not in facts:
            raise ContractBroken(f"prose names {name!r}, which does not exist")
        if facts[name].value is None:
            raise ContractBroken(f"prose names {name!r}, which is missing: {facts[name].reason}")
        return facts[name].text

    if "{" in without_placeholders(text) or "}" in without_placeholders(text):
        raise ContractBroken("prose has a brace that closes nothing")
    return _PLACEHOLDER.sub(value, text)


def render_all(texts: Iterable[str], facts: Facts) -> tuple[str, ...]:
    """Render several sentences.

    Raises: ContractBroken as `render`.
    """
    return tuple(render(text, facts) for text in texts)
