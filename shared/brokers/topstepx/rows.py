"""TopstepX's (ProjectX Gateway API) trades, accounts and positions, read into our own values.

Source: https://gateway.docs.projectx.com pages "Search for Trades", "Search for Account", "Search
for Positions" (read 2026-11); samples in tests/fixtures/topstepx. What is not documented there is
marked unverified where it is used.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from shared.brokers.rows import fields_of, id_of, text_of, time_of, told, unparseable
from shared.brokers.spec import BrokerAccount, HeldPosition, Holdings, ParsedRow
from shared.brokers.topstepx.contracts import product_of
from shared.domain.errors import ContractBroken, UnparseableRow
from shared.domain.execution import AssetClass, Execution, Fee, RowStatus, Side, StatedPnl
from shared.domain.journal.trading_day import trading_day
from shared.domain.money import parse_decimal
from shared.domain.time import parse_instant

_CURRENCY = "USD"  # no row names one (unverified)
_SIDES = {0: Side.BUY, 1: Side.SELL}
_SIGNS = {1: 1, 2: -1}  # type of a position: long, short


def parse_trade(raw: Any, account: BrokerAccount) -> ParsedRow:
    """Normalize one half-turn, which is one fill; a voided one keeps its identity.

    Raises: UnparseableRow.
    """
    row = fields_of(raw)
    trade_id, of_account = id_of(row, "id"), id_of(row, "accountId")
    if of_account != account.account_id:
        raise UnparseableRow(f"accountId: expected {account.account_id}, found {of_account}")
    try:
        return ParsedRow((trade_id,), _fill(row, trade_id))
    except ValidationError as error:  # of the normalized row
        raise unparseable(error) from error


def _fill(row: dict[str, Any], trade_id: str) -> Execution:
    contract_id = text_of(row, "contractId")
    product = product_of(contract_id)
    return Execution(
        execution_id=trade_id,
        order_id=None if row.get("orderId") is None else id_of(row, "orderId"),
        symbol=contract_id,
        root=product.root,
        asset_class=AssetClass.FUTURE,
        side=_SIDES[_one_of(row, "side", _SIDES)],
        quantity=_contracts(row),
        price=parse_decimal(row.get("price"), "price"),
        multiplier=product.multiplier,
        currency=_CURRENCY,
        executed_at=time_of(row, "creationTimestamp", parse_instant),
        fees=_fees(row),
        status=RowStatus.BUSTED if _is_voided(row) else RowStatus.BOOKED,
        stated_pnl=_stated_pnl(row),
    )


def _stated_pnl(row: dict[str, Any]) -> StatedPnl | None:
    """Keep what a half-turn that closed something earned, before fees; null opens, 0 may close."""
    if row.get("profitAndLoss") is None:
        return None
    return StatedPnl(amount=parse_decimal(row["profitAndLoss"], "profitAndLoss"))


def _fees(row: dict[str, Any]) -> tuple[Fee, ...]:
    """Keep both costs of a half-turn, for its whole size; the net figure is after their sum.

    Whether `fees` already holds `commissions` is unverified. The documented sample speaks for two
    costs: its 1.40 for one ES is the exchange's and the NFA's fee alone. Either may be absent.
    """
    given = (name for name in ("fees", "commissions") if row.get(name) is not None)
    return tuple(Fee(amount=parse_decimal(row[name], name), currency=_CURRENCY) for name in given)


def _is_voided(row: dict[str, Any]) -> bool:
    voided = row.get("voided")
    if not isinstance(voided, bool):
        raise UnparseableRow(f"voided: expected true or false, found {voided!r}")
    return voided


def _contracts(row: dict[str, Any]) -> Decimal:
    size = row.get("size")
    if type(size) is not int or size <= 0:  # True is an int, but no size
        raise UnparseableRow(f"size: expected a number of contracts, found {size!r}")
    return parse_decimal(size, "size")


def _one_of(row: dict[str, Any], field: str, known: dict[int, Any]) -> int:
    value = row.get(field)
    if type(value) is not int or value not in known:
        raise UnparseableRow(
            f"{field}: expected one of {', '.join(map(str, known))}, found {value!r}"
        )
    return value


def booked_at(raw: Any) -> datetime | None:
    """Tell when a half-turn was booked."""
    return told(raw, "creationTimestamp", parse_instant)


def booked_on(raw: Any) -> date | None:
    """Tell the trading day of a half-turn: it ends at 17:00 in New York."""
    at = booked_at(raw)
    return trading_day(AssetClass.FUTURE, at) if at else None


def read_accounts(body: Any) -> tuple[BrokerAccount, ...]:
    """Read the accounts behind a login, those that are blown or passed among them.

    Raises: ContractBroken.
    """
    try:
        return tuple(_account(fields_of(raw)) for raw in listed(body, "accounts"))
    except UnparseableRow as error:
        raise ContractBroken(f"TopstepX's accounts: {error}") from error


def _account(row: dict[str, Any]) -> BrokerAccount:
    return BrokerAccount(
        account_id=id_of(row, "id"),
        number=text_of(row, "name"),
        currency=_CURRENCY,
    )


def read_holdings(bodies: Sequence[Any], account: BrokerAccount) -> Holdings:
    """Read the balance from the accounts, and what is held; short quantities are negative.

    Raises: ContractBroken, also when the account is not among the accounts.
    """
    accounts, positions = bodies
    try:
        found = [fields_of(raw) for raw in listed(accounts, "accounts")]
        balances = [row.get("balance") for row in found if id_of(row, "id") == account.account_id]
        if len(balances) != 1:
            raise ContractBroken(f"TopstepX: {len(balances)} accounts where one was expected")
        return Holdings(
            cash=parse_decimal(balances[0], "balance"),
            positions=tuple(_position(fields_of(raw)) for raw in listed(positions, "positions")),
        )
    except UnparseableRow as error:
        raise ContractBroken(f"TopstepX's holdings: {error}") from error


def _position(row: dict[str, Any]) -> HeldPosition:
    contract_id = text_of(row, "contractId")
    return HeldPosition(
        symbol=contract_id,
        root=_root_of(contract_id),
        quantity=_contracts(row) * _SIGNS[_one_of(row, "type", _SIGNS)],
        average_price=parse_decimal(row.get("averagePrice"), "averagePrice"),
        asset_class=AssetClass.FUTURE,
    )


def _root_of(contract_id: str) -> str:
    """Name what is held; of an unknown future the whole id, which no fill of ours can match."""
    try:
        return product_of(contract_id).root
    except UnparseableRow:
        return contract_id


def rows_of(body: Any) -> list[Any]:
    """Take the trades of an answer; a list that is missing is an error and not "no trades".

    Raises: ContractBroken.
    """
    return listed(body, "trades")


def listed(body: Any, field: str) -> list[Any]:
    """Take the list that an answer of success carries.

    Raises: ContractBroken.
    """
    if not isinstance(body, dict) or body.get("success") is not True:
        raise ContractBroken(f"TopstepX: expected an answer of success with {field}")
    found = body.get(field)
    if not isinstance(found, list):
        raise ContractBroken(f"TopstepX: {field}: expected an array, found {type(found).__name__}")
    return found
