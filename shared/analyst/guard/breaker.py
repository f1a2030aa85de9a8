"""Circuit breaker of one provider, in this process: while it is down, one question asks for all."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from shared.domain.errors import (
    AuthRejected,
    ContractBroken,
    QuotaSpent,
    RateLimited,
    RequestRejected,
    UpstreamUnavailable,
    Withheld,
)
from shared.ports import Clock

_log = logging.getLogger(__name__)

_PATIENCE = 5  # failures in a row until the provider counts as down
_FIRST_REST_S = 10.0
_LONGEST_REST_S = 300.0
_LASTING = (AuthRejected, QuotaSpent)  # neither a key nor an account mends itself
_DOWN = (*_LASTING, RateLimited, RequestRejected, UpstreamUnavailable)


@dataclass(slots=True)
class Breaker:
    """Counts failures in a row; each instance learns for itself that a provider is down.

    Shape: an answer that we cannot use is an answer: it closes the breaker.
    """

    name: str
    clock: Clock
    failures: int = 0
    _rests: int = 0
    _until: float = 0.0
    _probing: bool = False

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Let a question through and learn from how it goes.

        Raises: Withheld while the provider rests, or one question is finding out how it is.
        """
        probe = self._admit()
        try:
            yield
        except _DOWN as error:
            self._failed(probe=probe, why=error)
            raise
        except ContractBroken:
            self._answered()
            raise
        else:
            self._answered()
        finally:  # also after what tells nothing: it was cancelled, or never asked
            if probe:
                self._probing = False

    def _admit(self) -> bool:
        """Let pass or refuse; tell whether this one is the probe of a half-open breaker."""
        if not self._rests:
            return False
        left_s = self._until - self.clock.monotonic()
        if left_s > 0:
            raise Withheld(f"{self.name} is down: it is asked again in {left_s:.0f} s")
        if self._probing:
            raise Withheld(f"{self.name} was down: one question is finding out how it is")
        self._probing = True
        return True

    def _failed(self, *, probe: bool, why: Exception) -> None:
        lasting = isinstance(why, _LASTING)
        if self._rests and not (probe or lasting):
            return  # asked before it opened: thirty at once are one outage, not thirty
        self.failures += 1
        if not (probe or lasting) and self.failures < _PATIENCE:
            return
        doubled_s = _FIRST_REST_S * 2.0 ** min(self._rests, 10)
        rest_s = _LONGEST_REST_S if lasting else min(_LONGEST_REST_S, doubled_s)
        self._rests += 1
        self._until = self.clock.monotonic() + rest_s
        _log.warning(
            "breaker.opened",
            extra={"provider": self.name, "error": type(why).__name__, "rest_s": rest_s},
        )

    def _answered(self) -> None:
        if self._rests:
            _log.info("breaker.closed", extra={"provider": self.name})
        self.failures = self._rests = 0
