"""Performance over HTTP: the report, and the rules that accounts are given."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from shared.domain.ids import AccountKey, UserId
from shared.domain.performance.groups import Dimension
from shared.domain.performance.prop_rules import CurrencyCode, PropRules
from shared.domain.time import ZoneName
from shared.http.accounts.owned import check_account
from shared.http.identity import Identify
from shared.journal.performance.report import Asked, PerformanceReport
from shared.journal.performance.reporting import Performances

_Currency = Annotated[CurrencyCode | None, Query(description="reporting currency")]


def performance_router(performances: Performances, identify: Identify) -> APIRouter:
    """Make the routes; `identify` names the user of a request or refuses it."""
    router = APIRouter()
    User = Annotated[UserId, Depends(identify)]  # noqa: N806 - a type

    @router.get("/v1/performance")
    async def performance(  # noqa: PLR0913, PLR0917 - the parameters of a report
        user: User,
        account: AccountKey | None = None,
        since: Annotated[date | None, Query(description="first trading day")] = None,
        until: Annotated[date | None, Query(description="the day after the last one")] = None,
        by: Annotated[list[Dimension] | None, Query(description="groups that are wanted")] = None,
        zone: Annotated[
            ZoneName, Query(description="in which hours are told")
        ] = "America/New_York",
        into: _Currency = None,
    ) -> PerformanceReport:
        """Every figure of a span: curve, statistics, groups, open profit, rules, conversion."""
        await check_account(performances.queries, user, account)
        span = {"since": since, "until": until}
        groups = tuple(dict.fromkeys(by or ()))
        asked = Asked(account_key=account, by=groups, zone=zone, into=into, **span)
        return await performances.report(user, asked)

    @router.put("/v1/accounts/{account}/rules", status_code=204)
    async def give_rules(user: User, account: AccountKey, rules: PropRules) -> None:
        """Give an account the rules of a prop firm, over those that it had."""
        await check_account(performances.queries, user, account)
        await performances.rules.put(user, account, rules)

    @router.delete("/v1/accounts/{account}/rules", status_code=204)
    async def take_rules(user: User, account: AccountKey) -> None:
        """Take an account's rules away."""
        await check_account(performances.queries, user, account)
        await performances.rules.put(user, account, None)

    return router
