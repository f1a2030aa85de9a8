"""Which rows of an account are left out of its figures: what builds read of annotations."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.domain.annotation import Subject
from shared.domain.ids import AccountKey, RowKey, UserId
from shared.ports import Documents, JsonScalar, Query
from shared.scanning import every


@dataclass(slots=True)
class Excluded:
    """What is left out of the figures of one root, by the rows that name it."""

    executions: set[RowKey] = field(default_factory=set)
    round_trips: set[RowKey] = field(default_factory=set)


async def excluded_rows(
    documents: Documents, user_id: UserId, account_key: AccountKey
) -> Mapping[str, Excluded]:
    """List what is left out of an account's figures, by root.

    Shape: a root of which nothing is left out gives an empty entry.
    Raises: StoreUnavailable.
    """
    where: dict[str, JsonScalar] = {"account_key": account_key, "excluded": True}
    query = Query("annotations", (user_id,), where, order_by="anchor_us")
    found: defaultdict[str, Excluded] = defaultdict(Excluded)
    async for one in every(documents, query):
        of_root = found[one.body["root"]]
        is_fill = one.body["subject"] == Subject.EXECUTION
        (of_root.executions if is_fill else of_root.round_trips).add(RowKey(one.body["anchor"]))
    return found
