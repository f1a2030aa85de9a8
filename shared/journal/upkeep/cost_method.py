"""How an account's cost is counted, as its user wants it: first in, first out, or on average."""

from dataclasses import dataclass

from shared.domain.ids import AccountKey, UserId
from shared.domain.journal.lots import CostMethod
from shared.domain.time import from_micros
from shared.journal.accounts import read_account
from shared.journal.projection.basis import COST_METHOD, cost_method
from shared.journal.projection.changes import publish_changed
from shared.journal.projection.staleness import stale_roots
from shared.journal.reconciliation.holdings import OurHoldings
from shared.ports import Clock, Documents, Entropy, MessageBus, Update
from shared.retry import compare_and_set


@dataclass(frozen=True, slots=True)
class CostMethods:
    """The use case."""

    documents: Documents
    bus: MessageBus
    clock: Clock
    entropy: Entropy

    async def choose(self, user_id: UserId, account_key: AccountKey, method: CostMethod) -> int:
        """Count an account's cost by a method from now on; return how many roots are built anew.

        Idempotent: chosen again after a crash, it lets build what was not.
        Raises: NotFound, StoreUnavailable.
        """

        async def write() -> bool:
            account = await read_account(self.documents, user_id, account_key)
            if cost_method(account) is method:
                return False
            body = {**account.body, COST_METHOD: method.value}
            await self.documents.commit([Update(account.key, body, account.version)])
            return True

        if await compare_and_set(self.clock, self.entropy, write):
            # what looks right may be overtaken by a build for the choice before
            roots = sorted(await OurHoldings(self.documents, user_id, account_key).gates())
        else:
            roots = list(await stale_roots(self.documents, user_id, account_key))
        await publish_changed(self.bus, user_id, account_key, roots, from_micros(0))
        return len(roots)
