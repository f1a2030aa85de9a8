"""Every error of ours, sorted by what the caller does next.

DaybiasError
├── ConfigError              refuse to start
├── RetryableError           the same call may work later (HTTP 503, redelivery)
│   ├── RateLimited          ... not before `retry_after_s`
│   ├── UpstreamUnavailable  a broker, provider or model is down or too slow
│   │   └── AnswerLost       ... and nobody knows whether it did what was asked
│   ├── StoreUnavailable     documents, bus or secrets are out of reach
│   ├── LeaseHeld            another worker has it
│   ├── BudgetSpent          the time budget of this call is used up
│   └── Withheld             we do not ask for now: it was down, or today's money is spent
├── PermanentError           will fail again (HTTP 4xx or 502; acknowledge, alert)
│   ├── AuthRejected         credentials are refused: the user must reconnect
│   ├── QuotaSpent           an allowance is used up: a person or the next day must renew it
│   ├── RequestRejected      the other side says the request is wrong
│   ├── ContractBroken       the other side's answer has not the documented shape
│   ├── InvalidInput         our caller sent something we cannot use
│   └── NotFound             what was asked for does not exist
├── SkippableError           one record is bad, the rest is fine
│   └── UnparseableRow
└── Conflict                 compare-and-set lost: read again and retry
    ├── AlreadyExists
    └── VersionChanged
"""

from collections.abc import Sequence


class DaybiasError(Exception):
    """Root of all our errors."""


class ConfigError(DaybiasError):
    """A setting or secret is missing or wrong; lists all faults at once."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("configuration: " + "; ".join(faults))
        self.faults = tuple(faults)


class RetryableError(DaybiasError):
    """The same call may work later."""


class RateLimited(RetryableError):
    """The other side asks to wait.

    Units: `retry_after_s` seconds, None when it did not say how long.
    """

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class UpstreamUnavailable(RetryableError):
    """A broker, data provider or model is down, unreachable or too slow."""


class AnswerLost(UpstreamUnavailable):
    """No answer came: what was asked may have been done or not."""


class StoreUnavailable(RetryableError):
    """Documents, bus or secrets are out of reach."""


class LeaseHeld(RetryableError):
    """Another worker holds the lease."""


class BudgetSpent(RetryableError):
    """The time budget of this call is used up; the work goes on in the next message."""


class Withheld(RetryableError):
    """We do not ask for now, on purpose: the other side was down, or today's money is spent."""


class PermanentError(DaybiasError):
    """Will fail again."""


class AuthRejected(PermanentError):
    """The credentials are refused; the user must reconnect.

    Shape: `bare` tells that the text is a status alone: what to do about it is still to be said.
    """

    def __init__(self, message: str, *, bare: bool = False) -> None:
        super().__init__(message)
        self.bare = bare


class QuotaSpent(PermanentError):
    """An allowance of money or of a day is used up; waiting some seconds does not help."""


class RequestRejected(PermanentError):
    """The other side says that the request itself is wrong."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class ContractBroken(PermanentError):
    """An answer has not the documented shape; nothing of it was used."""


class InvalidInput(PermanentError):
    """A caller sent something that cannot be used.

    Shape: `expected` names what would have been accepted, for the problem answer.
    """

    def __init__(self, message: str, *, expected: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.expected = tuple(expected)


class NotFound(PermanentError):
    """What was asked for does not exist."""


class SkippableError(DaybiasError):
    """One record is bad, the rest is fine."""


class UnparseableRow(SkippableError):
    """A broker's row cannot be read; it goes to quarantine with its raw payload."""


class Conflict(DaybiasError):
    """Compare-and-set lost against another writer: read again and retry."""


class AlreadyExists(Conflict):
    """A document to be created is already there."""


class VersionChanged(Conflict):
    """A document to be updated or deleted has another version, or is gone."""
