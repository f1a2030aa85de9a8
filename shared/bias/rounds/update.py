"""Takes the snapshots of the moments after the close: pre-open, and after High events."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

from shared.bias.serving.service import BiasService
from shared.domain.bias import Unavailable

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class UpdateReport:
    """What a round of updates did, by instrument.

    Shape: `not_due` = the close is the moment that holds, and its snapshot is the record's.
    """

    written: list[str] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    not_due: list[str] = field(default_factory=list)
    unavailable: list[Unavailable] = field(default_factory=list)


class UpdateRound:
    """What the scheduler asks for, so that a moment's answer does not wait for its first reader."""

    def __init__(self, service: BiasService, symbols: Iterable[str]) -> None:
        self._service = service
        self._symbols = tuple(symbols)

    async def run(self) -> UpdateReport:
        """Have an answer to the moment that holds now, for each instrument that can have one.

        Idempotent: one snapshot a moment; the next round finds it.
        Raises: what the first instrument that failed raised, after all others are written.
        """
        asked = (self._service.update(symbol) for symbol in self._symbols)
        answers = await asyncio.gather(*asked, return_exceptions=True)
        report = UpdateReport()
        for symbol, answer in zip(self._symbols, answers, strict=True):
            if isinstance(answer, BaseException):
                raise answer
            if answer is None:
                report.not_due.append(symbol)
            elif isinstance(answer, Unavailable):
                report.unavailable.append(answer)
            elif answer.cache == "fresh":
                report.written.append(symbol)
            else:
                report.already.append(symbol)
        _log.info("bias.updated", extra={"written": len(report.written)})
        return report
