"""A router that asks the same analysts for every step."""

from collections.abc import Sequence

from shared.analyst.analyst import Analyst
from shared.analyst.router import Router
from shared.domain.bias import Step


def same_for_all(analysts: Sequence[Analyst], *, absent: Sequence[str] = ()) -> Router:
    return Router(dict.fromkeys(Step, analysts), absent=dict.fromkeys(Step, absent))
