"""Accounts that are one at their broker, reached by two logins: their executions give them away.

A broker that tells no id of an account has one account here for each key of it; and what came by a
login that was deleted stays beside what a new one brings.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import combinations

from shared.domain.ids import AccountKey, UserId
from shared.journal.integrity.fault import Check, Fault
from shared.journal.tombstones import is_erased
from shared.ports import Document, Documents, Query
from shared.scanning import every

_A_FEW = 50
# What tells an execution, at one broker and in one environment: its id, its instant.
_Mark = tuple[str, int]


async def same_accounts(
    documents: Documents, user_id: UserId
) -> dict[AccountKey, tuple[AccountKey, ...]]:
    """Name for each account those that are the same, by the newest executions of both.

    Raises: StoreUnavailable.
    """
    newest: dict[str, set[_Mark]] = {}
    found: defaultdict[AccountKey, list[AccountKey]] = defaultdict(list)
    async for pair in _pairs(documents, user_id):
        for one in pair:
            if one.key.id not in newest:
                page = await documents.scan(_executions(one, limit=_A_FEW))
                newest[one.key.id] = set(_marks(page.documents))
        first, second = (AccountKey(one.key.id) for one in pair)
        if newest[first] & newest[second]:
            found[first].append(second)
            found[second].append(first)
    return {key: tuple(others) for key, others in found.items()}


async def duplicate_faults(documents: Documents, user_id: UserId) -> AsyncIterator[Fault]:
    """Check that no two accounts have executions in common, counting all of them.

    Raises: StoreUnavailable.
    """
    async for first, second in _pairs(documents, user_id):
        known = {mark async for mark in _all_marks(documents, first)}
        count = 0
        async for mark in _all_marks(documents, second):
            count += mark in known
        if count:
            executions = "an execution" if count == 1 else f"{count} executions"
            text = f"shares {executions} with account {first.key.id}: they are one, and count twice"
            yield Fault(Check.DUPLICATES, second.key, text)


async def _pairs(documents: Documents, user_id: UserId) -> AsyncIterator[tuple[Document, Document]]:
    """Give the pairs that may be one: of one broker and environment, and behind no common login."""
    places: defaultdict[tuple[str, str], list[Document]] = defaultdict(list)
    async for account in every(documents, Query("accounts", (user_id,))):
        if not is_erased(account.body):
            places[account.body["broker"], account.body["environment"]].append(account)
    for accounts in places.values():
        for first, second in combinations(accounts, 2):
            if not {*first.body["connection_ids"]} & {*second.body["connection_ids"]}:
                yield first, second


def _executions(account: Document, limit: int) -> Query:
    return Query(
        "executions",
        account.key.path[:1],
        where={"account_key": account.key.id},
        order_by="at_us",
        descending=True,
        limit=limit,
    )


async def _all_marks(documents: Documents, account: Document) -> AsyncIterator[_Mark]:
    async for row in every(documents, _executions(account, limit=500)):
        for mark in _marks([row]):
            yield mark


def _marks(rows: Iterable[Document]) -> Iterator[_Mark]:
    for row in rows:
        if row.body["kind"] == "execution":
            yield row.body["body"]["execution_id"], row.body["at_us"]
