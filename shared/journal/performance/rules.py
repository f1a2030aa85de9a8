"""Rules of prop firms that accounts were given, one document an account."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.domain.errors import InvalidInput
from shared.domain.ids import AccountKey, UserId
from shared.domain.performance.prop_rules import PropRules
from shared.journal.tombstones import is_erased
from shared.ports import Clock, Create, Delete, Documents, Entropy, Key, Query, Update, Write
from shared.retry import compare_and_set
from shared.scanning import every


@dataclass(frozen=True, slots=True)
class PropRulesStore:
    """Repository of rules."""

    documents: Documents
    clock: Clock
    entropy: Entropy

    async def put(self, user_id: UserId, account_key: AccountKey, rules: PropRules | None) -> None:
        """Give an account rules, over those that it had; None takes them away.

        Idempotent.
        Raises: InvalidInput for an account that is not there, StoreUnavailable.
        """
        key = Key("prop_rules", (user_id, account_key))
        place = Key("accounts", (user_id, account_key))

        async def write() -> None:
            account, found = await self.documents.get_many([place, key])
            if account is None or is_erased(account.body):
                raise InvalidInput(f"there is no account {account_key!r}")
            if rules is None:
                await self.documents.commit([Delete(key)])
                return
            body = {"account_key": account_key, "rules": rules.model_dump(mode="json")}
            change: Write = Create(key, body)
            if found is not None:
                change = Update(key, body, found.version)
            await self.documents.commit([change])

        await compare_and_set(self.clock, self.entropy, write)

    async def all(self, user_id: UserId) -> Mapping[AccountKey, PropRules]:
        """Give the rules of all of a user's accounts that have some.

        Raises: StoreUnavailable.
        """
        query = Query("prop_rules", (user_id,))
        return {
            AccountKey(found.key.id): PropRules.model_validate(found.body["rules"])
            async for found in every(self.documents, query)
        }
