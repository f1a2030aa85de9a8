"""What documents name must be there: accounts, rows, logins."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass

from shared.domain.ids import AccountKey, UserId, account_key
from shared.journal.imports.importing import FILES
from shared.journal.integrity.fault import Check, Fault
from shared.journal.projection.checkpoints import RootLog
from shared.ports import Document, Documents, Key, Query
from shared.scanning import every

# What belongs to an account by a field, and has no other check of its own.
_OF_AN_ACCOUNT = (
    *("receipts", "position_reports", "quarantine", "discrepancies", "annotations", "prop_rules"),
    *("opening_lots", "round_trips", "positions", "daily", "checkpoints"),
)
_BATCH = 200


@dataclass(frozen=True, slots=True)
class _Known:
    accounts: Collection[str]
    logins: Collection[str]


async def reference_faults(documents: Documents, user_id: UserId) -> AsyncIterator[Fault]:
    """Check that everything belongs to an account, accounts to logins, annotations to rows.

    Raises: StoreUnavailable.
    """
    accounts = [found async for found in every(documents, Query("accounts", (user_id,)))]
    logins = {found.key.id async for found in every(documents, Query("connections", (user_id,)))}
    known = _Known({account.key.id for account in accounts}, logins)
    for account in accounts:
        for fault in _account_faults(account, known):
            yield fault
    for collection in _OF_AN_ACCOUNT:
        async for found in every(documents, Query(collection, (user_id,))):
            if found.body["account_key"] not in known.accounts:
                text = f"account {found.body['account_key']} is not there"
                yield Fault(Check.REFERENCES, found.key, text)
            elif collection == "checkpoints" and found.key != _place(documents, user_id, found):
                yield Fault(Check.KEYS, found.key, "is not where its owner and number say")
    async for fault in _anchor_faults(documents, user_id):
        yield fault


def _place(documents: Documents, user_id: UserId, checkpoint: Document) -> Key:
    body = checkpoint.body
    log = RootLog(documents, user_id, AccountKey(body["account_key"]), body["root"])
    return log.key(body["number"])


def _account_faults(account: Document, known: _Known) -> list[Fault]:
    body, faults = account.body, list[Fault]()
    wanted = account_key(body["broker"], body["environment"], body["account_id"])
    if AccountKey(account.key.id) != wanted:
        faults.append(Fault(Check.KEYS, account.key, f"its content has the key {wanted}"))
    if body["broker"] != FILES:
        missing = sorted(set(body["connection_ids"]) - set(known.logins))
        faults += [
            Fault(Check.REFERENCES, account.key, f"login {one} is not there") for one in missing
        ]
    return faults


async def _anchor_faults(documents: Documents, user_id: UserId) -> AsyncIterator[Fault]:
    said = [found async for found in every(documents, Query("annotations", (user_id,)))]
    for begin in range(0, len(said), _BATCH):
        some = said[begin : begin + _BATCH]
        keys = [Key("executions", (user_id, one.body["anchor"])) for one in some]
        for one, row in zip(some, await documents.get_many(keys), strict=True):
            if row is None:
                yield Fault(Check.REFERENCES, one.key, f"row {one.body['anchor']} is not there")
