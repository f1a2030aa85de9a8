"""What speaks for a cause of a difference, gathered from the store."""

from collections.abc import Mapping, Sequence

from shared.domain.ids import RowKey
from shared.domain.journal.flags import Flag
from shared.journal.reconciliation.causes import Evidence, Suspect, suspects
from shared.journal.reconciliation.comparison import Line
from shared.journal.reconciliation.holdings import OurHoldings
from shared.ports import Body, Documents, Query
from shared.scanning import every


async def suspected(
    documents: Documents, ours: OurHoldings, lines: Sequence[Line]
) -> Mapping[str, tuple[Suspect, ...]]:
    """Rank the causes of each line that differs, by symbol.

    Raises: StoreUnavailable.
    """
    if not lines:
        return {}
    unread = await _unread(documents, ours)
    gates = await ours.gates()
    found = {}
    for line in lines:
        log = await ours.log(line.root)
        named = [row["reason"] for row in unread if _names(row, line)]
        evidence = Evidence(
            line=line,
            log=[(entry.key, entry.row) for entry in log],
            unread=named,
            unread_others=len(unread) - len(named),
            flags=_flags(gates.get(line.root, {})),
            begins_late=True,
        )
        found[line.symbol] = suspects(evidence)
    return found


async def _unread(documents: Documents, ours: OurHoldings) -> list[Body]:
    where = {"account_key": ours.account_key}
    query = Query("quarantine", (ours.user_id,), where, order_by="at_us")
    rows = [found.body async for found in every(documents, query)]
    return [row for row in rows if row["state"] == "open"]


def _names(row: Body, line: Line) -> bool:
    return f'"{line.symbol}"' in row["raw"] or f'"{line.root}"' in row["raw"]


def _flags(gate: Body) -> list[Flag]:
    return [Flag(RowKey(one["key"]), one["reason"]) for one in gate.get("flags", [])]
