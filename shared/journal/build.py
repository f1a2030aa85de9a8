"""Build the projections of an account's changed roots: a pure function of the log, written down.

The position document of a root is its gate: every batch for the root carries a compare-and-set on
it. It is read before the log, so whoever commits has read a log at least as new as the one behind
what is there; whoever was overtaken loses the compare-and-set and starts again. A build goes back
to the checkpoint before the earliest change that it knows of; a change that it does not know yet
has a message of its own, which goes back further. Builds of one account take turns within a
process, so that pages that arrive together are built together.
"""

import asyncio
from dataclasses import dataclass, replace
from weakref import WeakValueDictionary

from shared.domain.journal.ledger import Basis, Ledger
from shared.domain.messages import JournalChanged
from shared.journal.projection.basis import basis_digest, read_basis
from shared.journal.projection.checkpoints import SEGMENT_ROWS, Place, RootLog
from shared.journal.projection.documents import gate_body, gate_key
from shared.journal.projection.gated_writes import UNDER_WAY, Gate, GatedWrites
from shared.journal.projection.marks import includes, mark_key, mark_writes, stored_pages
from shared.journal.projection.root_build import Distrusted, Plan, RootBuild
from shared.journal.storing.log import NO_ROOT
from shared.journal.tombstones import is_deleted_user
from shared.ports import Clock, Document, Documents, Entropy, Key, Query
from shared.retry import compare_and_set


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did: roots looked at, those whose projections it wrote, documents written."""

    roots: int = 0
    rebuilt: int = 0
    writes: int = 0


class BuildJournal:
    """The consumer of JournalChanged."""

    def __init__(
        self,
        documents: Documents,
        clock: Clock,
        entropy: Entropy,
        *,
        segment_rows: int = SEGMENT_ROWS,
    ) -> None:
        self._documents = documents
        self._segment_rows = segment_rows
        self._clock = clock
        self._entropy = entropy
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def build(self, message: JournalChanged) -> BuildReport:
        """Bring the projections of the named roots up to their log.

        Idempotent: a root whose projections show its log already is not written.
        Raises: StoreUnavailable.
        """
        report = BuildReport()
        turn = self._turns.setdefault(f"{message.user_id}/{message.account_key}", asyncio.Lock())
        async with turn:
            for root in message.roots or (NO_ROOT,):
                written = await self._build_root(message, root)
                report = BuildReport(
                    report.roots + 1, report.rebuilt + (written > 0), report.writes + written
                )
        return report

    async def _build_root(self, message: JournalChanged, root: str) -> int:
        attempt = _Attempt(self._documents, message, root, self._segment_rows)
        return await compare_and_set(
            self._clock, self._entropy, lambda: attempt.run(self._entropy.token())
        )


class _Attempt:
    """One root's build; each `run` reads everything anew."""

    def __init__(
        self, documents: Documents, message: JournalChanged, root: str, segment_rows: int
    ) -> None:
        self._documents = documents
        self._message = message
        self._segment_rows = segment_rows
        self._log = RootLog(documents, message.user_id, message.account_key, root)
        self._gate_key = gate_key(message.user_id, message.account_key, root)

    async def run(self, token: str) -> int:
        """Bring the root up to its log; return how many documents were written."""
        log = self._log
        named = [Key("users", (log.user_id,)), Key("accounts", (log.user_id, log.account_key))]
        user, account, gate, noted = await self._documents.get_many(
            [*named, self._gate_key, mark_key(self._gate_key)]
        )
        if is_deleted_user(user) or includes(noted, self._message):
            return 0
        mark, changed_us = await stored_pages(self._documents, noted, self._message, log.root)
        basis = await read_basis(self._documents, *log.owner, log.root, account)
        if gate is None and not basis.opening and not await self._has_rows():
            return 0  # a deleted account leaves no trace here
        marks = mark_writes(self._gate_key, noted, mark)
        plan = await self._plan(gate, basis, changed_us)
        try:
            return await RootBuild(plan, self._writes(gate, plan, token)).run(marks)
        except Distrusted:
            plan = replace(plan, start=_beginning(plan.basis_digest), trusted=False)
            return await RootBuild(plan, self._writes(gate, plan, token)).run(marks)

    async def _has_rows(self) -> bool:
        where = {"account_key": self._log.account_key, "root": self._log.root}
        query = Query("executions", (self._log.user_id,), where=where, order_by="at_us", limit=1)
        return bool((await self._documents.scan(query)).documents)

    async def _plan(self, gate: Document | None, basis: Basis, changed_us: int) -> Plan:
        digest = basis_digest(basis)
        shown = {} if gate is None else gate.body
        ended = not shown.get("log_version", UNDER_WAY).startswith(UNDER_WAY)
        trusted = ended and shown.get("basis") == digest
        place = await self._log.before(changed_us) if trusted else None
        return Plan(
            log=self._log,
            basis=basis,
            basis_digest=digest,
            start=place or _beginning(digest),
            trusted=trusted,
            segments=shown["segments"] if trusted else 0,
            segment_rows=self._segment_rows,
        )

    def _writes(self, gate: Document | None, plan: Plan, token: str) -> GatedWrites:
        empty = gate_body(plan.log.account_key, Ledger(plan.log.root, plan.basis), "", "")
        shown = empty if gate is None else gate.body
        return GatedWrites(self._documents, Gate(self._gate_key, gate, shown), token)


def _beginning(basis_digest: str) -> Place:
    return Place(0, 0, None, basis_digest, None)
