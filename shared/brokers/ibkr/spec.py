"""Interactive Brokers' Flex Web Service as a value: login, accounts, reports, what is held.

One report of the last days serves the list of accounts, the history and the positions of all
accounts. Which accounts there are follows from the user's query: there is no list.
Source: IBKR Campus "Flex Web Service"; ibkrguides.com "Flex Web Service Version 3".
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

from shared.brokers.gives import Gives
from shared.brokers.ibkr.columns import refuse_missing
from shared.brokers.ibkr.corrections import is_trade
from shared.brokers.ibkr.documents import ACTIVITY, Statement, decode, raw_statements, statements_of
from shared.brokers.ibkr.fields import currency, instant_of, instrument_of, number
from shared.brokers.ibkr.rows import booked_on, parse_row, rows_of
from shared.brokers.ibkr.service import meaning, recent_activity, show_login
from shared.brokers.ibkr.walk import by_report
from shared.brokers.rows import text_of
from shared.brokers.spec import (
    AccountsEndpoint,
    AuthScheme,
    BrokerAccount,
    BrokerSpec,
    HeldPosition,
    HistoryEndpoint,
    Holdings,
    HoldingsEndpoint,
    RateLimit,
)
from shared.domain.errors import ContractBroken, InvalidInput, UnparseableRow
from shared.domain.sync.schedule import Schedule
from shared.domain.time import NEW_YORK, as_utc

_HOST = "https://ndcdyn.interactivebrokers.com"
_CLOSE = time(17)  # from then on a trade may belong to the next day's statement

_LOGIN = (
    "Needed: a token of the Flex Web Service and the id of a saved Activity Flex Query, both from "
    "Performance & Reports > Flex Queries. A token lasts a year at most: choose the longest."
)
_QUERY = (
    "The query: format XML, dates yyyyMMdd, times HHmmss, separator ;, Trades with Executions and "
    "canceled trades and all ids (tradeID, transactionID, ibExecID, ibOrderID, origTradeID), "
    "Account Information, Open Positions (Summary), Cash Report, Cash Transactions, Corporate "
    "Actions, Transfers."
)
_TODAY = (
    "Statements come once a day, after the close. A second query, of trade confirmations and the "
    "period Today, shows today's fills some minutes after they happen."
)
_PAIRS = "Currencies that were traded as pairs are not in IBKR's positions and cannot be compared."


def read_accounts(body: Any) -> tuple[BrokerAccount, ...]:
    """Read which accounts a report has, after making sure that it gives what is needed.

    Raises: ContractBroken, InvalidInput where the query lacks columns.
    """
    found = raw_statements(body, ACTIVITY)
    if not found:
        raise ContractBroken("IBKR: the report has no account; add one to the query")
    refuse_missing(found)
    accounts: dict[str, BrokerAccount] = {}
    for statement in found:
        try:
            name = text_of(statement, "accountId")
            accounts[name] = BrokerAccount(name, name, _base_currency(statement))
        except UnparseableRow as error:
            raise ContractBroken(f"IBKR's statement: {error}") from error
    return tuple(accounts.values())


def _base_currency(statement: dict[str, Any]) -> str:
    for row in statement["rows"]:
        if row["row"] == "AccountInformation" and row.get("currency"):
            return currency(row, "currency")
    raise InvalidInput(
        "Interactive Brokers: the Flex query does not say in which currency an account is kept; "
        "edit it in the Client Portal and add Account Information with its Currency",
        expected=("AccountInformation.currency",),
    )


def read_holdings(bodies: Sequence[Any], account: BrokerAccount) -> Holdings | None:
    """Read cash and positions at the end of a statement; None where the query does not give them.

    Raises: ContractBroken.
    """
    (body,) = bodies
    last = statements_of(body, account)[-1]
    if not {"OpenPositions", "CashReport"} <= last.sections:
        return None
    try:
        cash = [
            number(row, "endingCash")
            for row in last.of("CashReportCurrency")
            if row.get("currency") == account.currency
        ]
        # lots say the same a second time
        summed = (r for r in last.of("OpenPosition") if r.get("levelOfDetail") == "SUMMARY")
        positions = tuple(_position(row) for row in summed)
        return Holdings(sum(cash, Decimal(0)), positions, _as_of(last))
    except UnparseableRow as error:
        raise ContractBroken(f"IBKR's open positions: {error}") from error


def _position(row: dict[str, Any]) -> HeldPosition:
    instrument = instrument_of(row)
    price = number(row, "costBasisPrice") if row.get("costBasisPrice") else None
    return HeldPosition(
        symbol=instrument.symbol,
        root=instrument.root,
        quantity=number(row, "position"),
        average_price=price,
        asset_class=instrument.asset_class,
    )


def _as_of(statement: Statement) -> datetime:
    """Tell until when trades are in the statement's positions.

    An evening's futures belong to the next day's statement, an evening's stocks to this one: the
    close, or the last trade that this one has.
    """
    close = as_utc(datetime.combine(statement.last_day, _CLOSE, NEW_YORK))
    trades = [instant_of(row) for row in statement.of("Trade") if is_trade(row) and _is_timed(row)]
    return max([close, *trades])


def _is_timed(row: dict[str, Any]) -> bool:
    try:
        instant_of(row)
    except UnparseableRow:
        return False
    return True


SPEC = BrokerSpec(
    name="ibkr",
    title="Interactive Brokers",
    hosts={"live": _HOST, "paper": _HOST},  # paper accounts have a login and queries of their own
    auth={
        "api_key": AuthScheme(
            ("token", "query_id"),
            lambda _: {},
            sign=show_login,
            optional=("confirmations_query_id",),
        )
    },
    accounts=AccountsEndpoint(recent_activity(), read_accounts),
    history=(
        HistoryEndpoint(
            name="statements",
            walk=by_report(timedelta(days=90)),  # 365 are allowed; a quarter keeps answers small
            parse=parse_row,
            booked_on=booked_on,
            rows=rows_of,
            account_field="accountId",
        ),
    ),
    holdings=HoldingsEndpoint(lambda _: (recent_activity(),), read_holdings, settled=True),
    overlap=timedelta(days=10),  # corrections come days later
    first_window=timedelta(days=90),
    zone=NEW_YORK,
    limit=RateLimit(1, timedelta(seconds=1)),
    gives=Gives(
        fills="each fill; today's from trade confirmations until the statement has them",
        fees="in the fill; of fills that were cancelled or corrected apart",
        events="expiry, exercise, assignment, deliveries, cash, dividends, interest, fees, "
        "conversions, transfers, splits, renamings; quarantined: mergers, spin-offs, bonds",
        positions="quantities and cash at the end of the last statement's day",
        corrections="a row that cancels, a later number of the execution; the first stays, busted",
        streaming="none in Flex",
    ),
    errors=meaning,
    decode=decode,
    largest_answer=64_000_000,  # a very active quarter; the whole answer is one document
    more_limits=(RateLimit(10, timedelta(minutes=1)),),
    history_limit=timedelta(days=4 * 365),  # how far back it really answers is unverified
    schedule=Schedule(period=timedelta(hours=1)),  # reports are not for active polling
    headers={"User-Agent": "Python/3.11"},  # one is required, and this form is known to pass
    notices=(_LOGIN, _QUERY, _TODAY, _PAIRS),
)
