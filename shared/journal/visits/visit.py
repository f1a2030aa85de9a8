"""One message's visit to all accounts behind a login: each with its own run, cursor and fate."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from shared.brokers.engine.client import BrokerClient
from shared.brokers.spec import BrokerAccount
from shared.domain.errors import AuthRejected, BudgetSpent, DaybiasError, PermanentError
from shared.domain.ids import account_key
from shared.domain.messages import SyncRequested
from shared.domain.sync.connection import Connection
from shared.journal.accounts import Account, Accounts
from shared.journal.runs import Runs
from shared.journal.visits.account_run import AccountReport, AccountRun, Outcome, Workplace
from shared.ports import Outgoing

_log = logging.getLogger(__name__)

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What one message did, account by account.

    Shape: `notice` is what the user should know though all went well.
    Units: `waited_s` seconds spent on rate limits and retries.
    """

    outcome: Outcome
    accounts: tuple[AccountReport, ...] = ()
    requests: int = 0
    waited_s: float = 0.0
    reason: str = ""
    notice: str = ""

    @property
    def run(self) -> int:
        """The number of the run over the account that was read last; 0 without any."""
        return self.accounts[-1].run if self.accounts else 0

    @property
    def pages(self) -> int:
        """Pages published."""
        return sum(account.pages for account in self.accounts)

    @property
    def rows(self) -> int:
        """Rows published."""
        return sum(account.rows for account in self.accounts)

    @property
    def unread(self) -> int:
        """Rows published as they are, because they could not be read."""
        return sum(account.unread for account in self.accounts)


@dataclass(frozen=True, slots=True)
class Visit:
    """One message's visit to all accounts behind a login."""

    place: Workplace
    client: BrokerClient
    connection: Connection
    request: SyncRequested

    async def go(self) -> SyncReport:
        """Read each account, the one first that has waited longest; an account may fail alone.

        Raises: AuthRejected, RateLimited, UpstreamUnavailable, LeaseHeld, StoreUnavailable, and
        what the listing of accounts is refused for.
        """
        listed = await self._listed()
        reports: list[AccountReport] = []
        waiting: list[tuple[Account, BrokerAccount]] = []
        for found in listed:
            try:
                known = await self._detailed(found)
                waiting.append((await self._account(known), known))
            except AuthRejected:
                raise
            except PermanentError as error:
                reports.append(_failed(found.account_id, error))
        waiting.sort(key=lambda pair: pair[0].cursor or _NEVER)  # who has waited longest
        waiting = [pair for pair in waiting if not self._is_done(pair[0])]
        while waiting and not (self.client.out_of_time and reports):
            account, known = waiting.pop(0)
            report = await self._visit(account, known)
            if report is None:
                waiting.append((account, known))
                break
            reports.append(report)
        return await self._summary(reports, unvisited=len(waiting))

    async def _listed(self) -> Sequence[BrokerAccount]:
        """List the accounts, and mark those that are listed no more."""
        listed = await list_accounts(self.client)
        broker, environment = self.connection.broker, self.connection.environment
        keys = {account_key(broker, environment, one.account_id) for one in listed}
        place = self.place
        before = await place.connections.note_accounts(self.connection, keys)
        accounts = Accounts(place.documents, place.clock, place.entropy)
        for key in sorted(set(before) - keys):
            await accounts.note_vanished(self.connection.user_id, key)
        return listed

    async def _detailed(self, found: BrokerAccount) -> BrokerAccount:
        detail = self.client.spec.accounts.detail
        if detail is None:
            return found
        return detail.read(await self.client.ask(detail.request(found)), found)

    async def _account(self, found: BrokerAccount) -> Account:
        place = self.place
        accounts = Accounts(place.documents, place.clock, place.entropy)
        limit = found.history_limit or self.client.spec.history_limit
        account = await accounts.ensure(self.connection, found, limit)
        runs = Runs(place.documents, place.clock, place.entropy)
        if await runs.abandon_overdue(account, self.client.spec.zone):
            account = await accounts.ensure(self.connection, found)  # the cursor went back
        return account

    def _is_done(self, account: Account) -> bool:
        """Tell whether an earlier message of this chain has brought the account up to date."""
        if self.request.reason != "continue" or account.read_at is None:
            return False
        return account.read_at >= self.request.requested_at  # the cursor may end where books do

    async def _visit(self, account: Account, found: BrokerAccount) -> AccountReport | None:
        """Run one account; None when the time was over before anything was read."""
        # only what was cut has its overlap behind it: the others were not read by this chain
        continued = self.request.reason == "continue" and account.cut
        run = AccountRun(self.place, self.client, self.connection, account, found, continued)
        try:
            return await run.go()
        except AuthRejected:
            raise
        except BudgetSpent:
            return None
        except PermanentError as error:  # of this account; the others are read all the same
            _log.exception(
                "sync.account_failed", extra={"connection_id": self.connection.connection_id}
            )
            return _failed(account.account_id, error)

    async def _summary(self, reports: list[AccountReport], *, unvisited: int) -> SyncReport:
        cut = unvisited or any(one.outcome is Outcome.CONTINUED for one in reports)
        if cut:
            await self._continue_later()
        failed = [one for one in reports if one.outcome is Outcome.FAILED]
        reason = "; ".join(one.reason for one in failed)
        if failed and len(reports) > 1:
            reason = f"{len(failed)} of {len(reports)} accounts could not be read: {reason}"
        outcome = Outcome.CONTINUED if cut else Outcome.COMPLETE
        if failed and len(failed) == len(reports):
            outcome = Outcome.FAILED
        return SyncReport(outcome, tuple(reports), reason=reason)

    async def _continue_later(self) -> None:
        first = self.request.reason != "continue"
        began_at = self.place.clock.now() if first else self.request.requested_at
        rest = self.request.model_copy(update={"reason": "continue", "requested_at": began_at})
        await self.place.bus.publish([Outgoing(rest.topic_name(), rest.encode())])


async def list_accounts(client: BrokerClient) -> Sequence[BrokerAccount]:
    """List the accounts behind a login that is shown.

    Raises: as `BrokerClient.ask`.
    """
    endpoint = client.spec.accounts
    listed = endpoint.read(await client.ask(endpoint.request))
    if endpoint.further is not None:
        listed = await endpoint.further(client.ask, listed)
    if not endpoint.named_by:
        return listed
    return [replace(one, account_id=client.identity, number=client.identity) for one in listed]


def _failed(account_id: str, error: DaybiasError) -> AccountReport:
    return AccountReport(account_id, Outcome.FAILED, reason=str(error))
