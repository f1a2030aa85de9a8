"""What an examination says of one part."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from shared.domain.errors import DaybiasError


class Condition(StrEnum):
    """How a part is; broken means that something that was configured does not work."""

    OK = "ok"
    ABSENT = "absent"
    OLD = "old"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the examination; `detail` holds no secret."""

    part: str
    condition: Condition
    detail: str = ""


async def tried(part: str, work: Callable[[], Awaitable[str]]) -> Finding:
    """Tell what came of it: the word that it returned, or what failed."""
    try:
        return Finding(part, Condition.OK, await work())
    except DaybiasError as error:
        return Finding(part, Condition.BROKEN, str(error))
    except Exception as error:  # noqa: BLE001 - it tells of whatever is wrong; texts may hold keys
        return Finding(part, Condition.BROKEN, type(error).__name__)
