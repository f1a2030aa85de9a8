"""What a broker tells, in words for people who compare brokers; the engine reads none of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Gives:
    """What comes of a broker's API and what does not, each in a few words without a full stop.

    Shape: `fills` what one record of a trade is; `fees` where costs are told; `events` what is told
    beside trades (cash, dividends, expiry, splits ...) and what of it is quarantined; `positions`
    what reconciliation compares; `corrections` how a trade that is taken back or changed is known;
    `streaming` what the broker can push.
    """

    fills: str
    fees: str
    events: str
    positions: str
    corrections: str
    streaming: str
