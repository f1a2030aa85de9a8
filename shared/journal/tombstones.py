"""What was deleted stays deleted: messages still under way must not bring it back."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from shared.domain.ids import AccountKey, UserId
from shared.journal.accounts import set_back
from shared.ports import Body, Clock, Delete, Document, Documents, Entropy, Key, Query, Update
from shared.retry import compare_and_set
from shared.scanning import every

_BATCH = 400
# Everything that carries an account's key, with the field that its index is ordered by.
_KEPT_BY_ACCOUNT = (
    ("round_trips", "closed_us"),
    ("positions", "root"),
    ("daily", "day"),
    ("discrepancies", "root"),
    ("opening_lots", "held_us"),
    ("checkpoints", "until_us"),
    ("position_reports", "at_us"),
    ("coverage", "year"),
    ("quarantine", "at_us"),
    ("annotations", "anchor_us"),
)


def tombstone_keys(user_id: UserId, account_key: AccountKey) -> list[Key]:
    """Name the two documents that can forbid a write."""
    return [Key("users", (user_id,)), Key("accounts", (user_id, account_key))]


def is_deleted(user: Document | None, account: Document | None, run: int) -> bool:
    """Tell whether rows of this run belong to a deleted user or account.

    Shape: an account carries `deleted_through_run`, the last run before its deletion; a later run
    comes from a connection that was made anew.
    """
    if is_deleted_user(user):
        return True
    return account is not None and run <= account.body.get("deleted_through_run", 0)


def is_deleted_user(user: Document | None) -> bool:
    """Tell whether a user was deleted; without a document a user is simply new."""
    return user is not None and user.body.get("deleted_at") is not None


def is_erased(account: Body) -> bool:
    """Tell whether only an account's tombstone is left: no run came after its deletion."""
    deleted: int | None = account.get("deleted_through_run")
    return deleted is not None and deleted >= account["last_run"]


@dataclass(frozen=True, slots=True)
class Erasure:
    """Erases for good, in an order in which a crash leaves nothing that cannot be erased later."""

    documents: Documents
    clock: Clock
    entropy: Entropy

    async def erase(self, user_id: UserId, account_key: AccountKey) -> None:
        """Write the tombstone, then remove rows, runs and everything computed from them.

        Idempotent: what is gone stays gone.
        Raises: StoreUnavailable.
        """
        await self._entomb(user_id, account_key)
        # a build that had begun may write once more: it is found by one more pass
        while await self._remove_all(user_id, account_key):
            pass

    async def _remove_all(self, user_id: UserId, account_key: AccountKey) -> int:
        count, keys = 0, list[Key]()
        async for key in self._keys(user_id, account_key):
            keys.append(key)
            if len(keys) == _BATCH:
                count += await self._remove(keys)
                keys = []
        return count + await self._remove(keys)

    async def _keys(self, user_id: UserId, account_key: AccountKey) -> AsyncIterator[Key]:
        """Yield what there is of an account: rows before what is computed from them."""
        where = {"account_key": account_key}
        rows = Query("executions", (user_id,), where, order_by="at_us")
        async for row in every(self.documents, rows):
            async for key in self._with_history(row):
                yield key
        runs = Query("runs", (user_id,), where, order_by="run")
        async for run in every(self.documents, runs):
            async for key in self._with_receipts(user_id, run):
                yield key
        for collection, order in _KEPT_BY_ACCOUNT:
            query = Query(collection, (user_id,), where, order_by=order)
            async for found in every(self.documents, query):
                yield found.key
                if collection == "positions":
                    yield Key("build_marks", found.key.path)
        single = [Key(kept, (user_id, account_key)) for kept in ("reconciliations", "prop_rules")]
        for one in await self.documents.get_many(single):
            if one is not None:
                yield one.key

    async def _entomb(self, user_id: UserId, account_key: AccountKey) -> None:
        places = [Key("accounts", (user_id, account_key)), Key("counters", (user_id, account_key))]

        async def write() -> None:
            account, counter = await self.documents.get_many(places)
            if account is None:
                return
            last_run = counter.body["last_run"] if counter else 0
            body = {**set_back(account.body, None), "deleted_through_run": last_run}
            await self.documents.commit([Update(account.key, body, account.version)])

        await compare_and_set(self.clock, self.entropy, write)

    async def _with_history(self, row: Document) -> AsyncIterator[Key]:
        if row.body["version"] > 1:
            async for older in every(self.documents, Query("history", row.key.path)):
                yield older.key
        yield row.key

    async def _with_receipts(self, user_id: UserId, run: Document) -> AsyncIterator[Key]:
        where = {"account_key": run.body["account_key"], "run": run.body["run"]}
        receipts = Query("receipts", (user_id,), where, order_by="page")
        async for receipt in every(self.documents, receipts):
            yield receipt.key
        yield run.key

    async def _remove(self, keys: Sequence[Key]) -> int:
        if keys:
            await self.documents.commit([Delete(key) for key in keys])
        return len(keys)
