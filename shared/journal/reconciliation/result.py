"""How an account stood when it was last held against its broker."""

from pydantic import BaseModel, ConfigDict

from shared.domain.ids import AccountKey
from shared.domain.time import Instant
from shared.journal.reconciliation.balances import Balance
from shared.journal.reconciliation.comparison import Agreement, Line


class Reconciliation(BaseModel):
    """The result for one account.

    Shape: `reason` says why it is unknown, else ""; `as_of` and `run` are the report's, None
    without one; `lines` is the union of both sides, by symbol, empty when unknown. `balance`
    compares cash, None without a report; `opening_report` is the report that opening lots were
    worked out from, None as long as there is none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    account_key: AccountKey
    state: Agreement
    reason: str = ""
    as_of: Instant | None = None
    run: int | None = None
    checked_at: Instant
    lines: tuple[Line, ...] = ()
    balance: Balance | None = None
    opening_report: str | None = None

    @property
    def differing(self) -> tuple[Line, ...]:
        """List the symbols in which the sides differ."""
        return tuple(line for line in self.lines if not line.equal)
