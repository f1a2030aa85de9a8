"""Discrepancies: one document a symbol in which broker and journal differ, until they agree.

open ──▶ acknowledged (the user knows why; opens again when the difference changes)
  └──────────┴──▶ resolved (both sides agree)
"""

from collections.abc import Mapping
from typing import Any

from shared.domain.errors import InvalidInput, NotFound
from shared.domain.ids import AccountKey, UserId, content_key
from shared.domain.time import to_micros
from shared.journal.reconciliation.causes import Suspect
from shared.journal.reconciliation.comparison import Agreement, Line
from shared.journal.reconciliation.result import Reconciliation
from shared.ports import (
    Body,
    Clock,
    Create,
    Document,
    Documents,
    Entropy,
    Key,
    Query,
    Update,
    Write,
)
from shared.retry import compare_and_set
from shared.scanning import batches, every

Suspects = Mapping[str, tuple[Suspect, ...]]  # by symbol, the likeliest first

_STANDING = ("open", "acknowledged")


async def keep(
    documents: Documents, user_id: UserId, result: Reconciliation, suspects: Suspects
) -> None:
    """Store a result and bring the account's discrepancies in line with it.

    The result comes last: as long as it is not there, all of it is done once more.
    Shape: an unknown result says nothing about discrepancies and leaves them as they are.
    Raises: Conflict when another writer was faster, StoreUnavailable.
    """
    key = Key("reconciliations", (user_id, result.account_key))
    (found,) = await documents.get_many([key])
    writes: list[Write] = []
    if result.state is not Agreement.UNKNOWN:
        writes += await _discrepancy_writes(documents, user_id, result, suspects)
    writes.append(_put(key, found, result.model_dump(mode="json")))
    for some in batches(writes):
        await documents.commit(some)


async def acknowledge(  # noqa: PLR0913, PLR0917 - ports, then what the user says of what
    documents: Documents,
    clock: Clock,
    entropy: Entropy,
    user_id: UserId,
    account_key: AccountKey,
    symbol: str,
    note: str,
) -> None:
    """Note that the user knows why a symbol differs; it stays shown, and opens when it changes.

    Raises: InvalidInput without a note, NotFound where nothing differs, StoreUnavailable.
    """
    if not note.strip():
        raise InvalidInput("say what is known of the difference")
    key = _key(user_id, account_key, symbol)

    async def write() -> None:
        (found,) = await documents.get_many([key])
        if found is None or found.body["state"] not in _STANDING:
            raise NotFound(f"{symbol} does not differ")
        told = {"state": "acknowledged", "note": note.strip(), "noted_us": to_micros(clock.now())}
        await documents.commit([Update(key, {**found.body, **told}, found.version)])

    await compare_and_set(clock, entropy, write)


async def _discrepancy_writes(
    documents: Documents, user_id: UserId, result: Reconciliation, suspects: Suspects
) -> list[Write]:
    where = {"account_key": result.account_key}
    query = Query("discrepancies", (user_id,), where=where, order_by="root")
    known = {found.key: found async for found in every(documents, query)}
    lines = {_key(user_id, result.account_key, line.symbol): line for line in result.differing}
    writes: list[Write] = []
    for key, line in lines.items():
        found = known.get(key)
        body = _standing(result, line, suspects.get(line.symbol, ()), found)
        writes.append(_put(key, found, body))
    for key, found in known.items():
        if key not in lines and found.body["state"] in _STANDING:
            over = {"state": "resolved", "resolved_us": to_micros(result.checked_at)}
            writes.append(Update(key, {**found.body, **over}, found.version))
    return writes


def _key(user_id: UserId, account_key: AccountKey, symbol: str) -> Key:
    return Key("discrepancies", (user_id, content_key("discrepancy", account_key, symbol)))


def _standing(
    result: Reconciliation, line: Line, suspects: tuple[Suspect, ...], found: Document | None
) -> dict[str, Any]:
    before: Body = found.body if found is not None and found.body["state"] in _STANDING else {}
    now_us, told = to_micros(result.checked_at), line.model_dump(mode="json")
    known = before and all(before[side] == told[side] for side in ("ours", "theirs"))
    return {
        **told,
        "account_key": result.account_key,
        "state": before["state"] if known else "open",
        "note": before.get("note", "") if known else "",
        "noted_us": before.get("noted_us") if known else None,
        "suspects": [one.model_dump(mode="json") for one in suspects],
        "since_us": before.get("since_us", now_us),
        "seen_us": now_us,
        "run": result.run,
        "resolved_us": None,
    }


def _put(key: Key, found: Document | None, body: dict[str, Any]) -> Write:
    return Create(key, body) if found is None else Update(key, body, found.version)
