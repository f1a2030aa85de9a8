from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.brokers.spec import BrokerAccount, HeldPosition
from shared.brokers.topstepx.rows import (
    booked_at,
    booked_on,
    parse_trade,
    read_accounts,
    read_holdings,
    rows_of,
)
from shared.domain.errors import ContractBroken, UnparseableRow
from shared.domain.execution import AssetClass, Execution, Fee, RowStatus, Side, StatedPnl
from shared.domain.money import loads_exact
from shared.domain.time import parse_instant

SAMPLES = Path(__file__).parents[3] / "fixtures" / "topstepx"
ACCOUNT = BrokerAccount("21770041", "50KTC-V2-99123-11112222", "USD")
TRADE: dict[str, Any] = {
    "id": 2310458131,
    "accountId": 21770041,
    "contractId": "CON.F.US.MNQ.M26",
    "creationTimestamp": "2026-03-13T14:31:44.901+00:00",
    "price": Decimal("25336.250000000"),
    "profitAndLoss": Decimal("11.000000000"),
    "fees": Decimal("0.7400"),
    "commissions": Decimal("0.5000"),
    "side": 1,
    "size": 2,
    "voided": False,
    "orderId": 2640071297,
}


def sample(name: str) -> Any:
    return loads_exact((SAMPLES / name).read_bytes())


def fill(**changed: Any) -> Execution:
    row = parse_trade({**TRADE, **changed}, ACCOUNT).row
    assert isinstance(row, Execution)
    return row


def without(field: str) -> dict[str, Any]:
    return {name: value for name, value in TRADE.items() if name != field}


def test_a_trade_of_the_samples_is_read_whole() -> None:
    parsed = parse_trade(rows_of(sample("trades.json"))[0], ACCOUNT)
    assert parsed.row == Execution(
        execution_id="2310458131",
        order_id="2640071297",
        symbol="CON.F.US.MNQ.M26",
        root="MNQ",
        asset_class=AssetClass.FUTURE,
        side=Side.SELL,
        quantity=Decimal(2),
        price=Decimal("25336.25"),
        multiplier=Decimal(2),
        currency="USD",
        executed_at=parse_instant("2026-03-13T14:31:44.901Z"),
        fees=(
            Fee(amount=Decimal("0.74"), currency="USD"),
            Fee(amount=Decimal("0.50"), currency="USD"),
        ),
        stated_pnl=StatedPnl(amount=Decimal(11)),
    )


def test_side_zero_buys() -> None:
    assert fill(side=0).side is Side.BUY


def test_a_price_is_kept_without_its_trailing_zeros() -> None:
    assert '"price":"25336.25"' in fill().model_dump_json()


def test_a_voided_trade_keeps_its_identity_and_is_busted() -> None:
    voided = parse_trade({**TRADE, "voided": True}, ACCOUNT)
    assert voided.identity == parse_trade(TRADE, ACCOUNT).identity
    assert voided.row.status is RowStatus.BUSTED


def test_fills_that_are_alike_but_for_the_id_are_two() -> None:
    twins = [parse_trade(raw, ACCOUNT) for raw in rows_of(sample("trades.json"))[2:]]
    assert len({twin.identity for twin in twins}) == 2
    assert len({twin.row.executed_at for twin in twins if isinstance(twin.row, Execution)}) == 1


@pytest.mark.parametrize("result", [None, Decimal("0E-9"), Decimal("-5.5")])
def test_the_platforms_own_result_never_decides_whether_a_trade_counts(result: Any) -> None:
    told = fill(profitAndLoss=result).model_copy(update={"stated_pnl": None})
    assert told == fill().model_copy(update={"stated_pnl": None})


@pytest.mark.parametrize("result", [Decimal("0E-9"), Decimal("-5.5")])
def test_a_half_turn_that_closes_states_its_result_before_fees(result: Decimal) -> None:
    assert fill(profitAndLoss=result).stated_pnl == StatedPnl(amount=result)


def test_a_half_turn_that_opens_states_no_result() -> None:
    assert fill(profitAndLoss=None).stated_pnl is None


@pytest.mark.parametrize("gone", [without("fees"), {**TRADE, "fees": None}])
def test_without_fees_the_commission_is_the_cost(gone: dict[str, Any]) -> None:
    row = parse_trade(gone, ACCOUNT).row
    assert isinstance(row, Execution)
    assert [fee.amount for fee in row.fees] == [Decimal("0.5")]


def test_without_any_cost_none_is_made_up() -> None:
    assert fill(fees=None, commissions=None).fees == ()


def test_the_net_cost_is_the_sum_of_fees_and_commissions() -> None:
    assert sum(fee.amount for fee in fill().fees) == Decimal("1.24")


@pytest.mark.parametrize(
    ("contract_id", "root", "multiplier"),
    [
        ("CON.F.US.EP.Z25", "ES", "50"),
        ("CON.F.US.EP.H26", "ES", "50"),
        ("CON.F.US.MES.H26", "MES", "5"),
        ("CON.F.US.ENQ.M26", "NQ", "20"),
        ("CON.F.US.MGC.J26", "MGC", "10"),
        ("CON.F.US.JY6.U26", "6J", "12500000"),
        ("CON.F.US.TYA.M26", "ZN", "1000"),
        ("CON.F.US.MYM.M26", "MYM", "0.5"),
    ],
)
def test_a_contract_belongs_to_the_exchanges_root(
    contract_id: str, root: str, multiplier: str
) -> None:
    row = fill(contractId=contract_id)
    assert (row.symbol, row.root, row.multiplier) == (contract_id, root, Decimal(multiplier))


def test_the_table_agrees_with_the_contract_of_the_samples() -> None:
    contract = sample("contract_by_id.json")["contract"]
    assert fill(contractId=contract["id"]).multiplier == Decimal(
        contract["tickValue"] / contract["tickSize"]
    )


@pytest.mark.parametrize(
    "contract_id", ["CON.F.US.NEW.M26", "CON.F.US.EP", "ESM6", "CON.O.US.EP.M26"]
)
def test_a_future_of_unknown_size_is_told_and_never_guessed(contract_id: str) -> None:
    with pytest.raises(UnparseableRow, match=r"contractId: .* no future whose size is known"):
        fill(contractId=contract_id)


@pytest.mark.parametrize(
    "stamp",
    ["2026-03-13T14:30:05Z", "2026-03-13T14:30:05.0000000+00:00", "2026-03-13T09:30:05.0-05:00"],
)
def test_a_time_may_have_up_to_seven_decimals_and_any_offset(stamp: str) -> None:
    assert fill(creationTimestamp=stamp).executed_at == parse_instant("2026-03-13T14:30:05Z")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", None),
        ("id", 0),
        ("id", True),
        ("id", "2310458131"),
        ("accountId", 21770042),
        ("accountId", None),
        ("contractId", ""),
        ("contractId", 7),
        ("creationTimestamp", "2026-03-13T14:30:05"),
        ("creationTimestamp", None),
        ("price", None),
        ("price", 25336.25),
        ("fees", 0.74),
        ("fees", "free"),
        ("commissions", True),
        ("side", 7),
        ("side", False),
        ("side", None),
        ("size", 0),
        ("size", -1),
        ("size", True),
        ("size", Decimal("1.5")),
        ("voided", None),
        ("voided", 0),
        ("orderId", "x"),
    ],
)
def test_a_trade_with_a_wrong_field_is_unparseable(field: str, value: Any) -> None:
    with pytest.raises(UnparseableRow, match=field):
        fill(**{field: value})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.decimals(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(JSON)
def test_no_json_value_at_all_breaks_the_reading_of_rows(raw: Any) -> None:
    with suppress(UnparseableRow):
        parse_trade(raw, ACCOUNT)
    booked_at(raw), booked_on(raw)


@given(st.dictionaries(st.sampled_from(sorted(TRADE)), JSON))
def test_no_spoiled_trade_breaks_the_reading_of_rows(spoilt: dict[str, Any]) -> None:
    raw = {**TRADE, **spoilt}
    with suppress(UnparseableRow):
        parse_trade(raw, ACCOUNT).row.model_dump_json()
    booked_at(raw), booked_on(raw)


@given(st.decimals(min_value="-100", max_value="1e7", places=9), st.integers(1, 2**63 - 1))
def test_prices_and_ids_keep_every_digit(price: Decimal, trade_id: int) -> None:
    row = fill(price=price, id=trade_id)
    assert (row.price, row.execution_id) == (price, str(trade_id))


def test_a_trade_after_the_daily_break_belongs_to_the_next_day() -> None:
    friday, monday = date(2026, 3, 13), date(2026, 3, 16)
    assert booked_on({**TRADE, "creationTimestamp": "2026-03-13T20:59:59Z"}) == friday
    assert booked_on({**TRADE, "creationTimestamp": "2026-03-15T22:00:00Z"}) == monday


def test_a_trade_without_a_readable_time_has_no_day() -> None:
    assert booked_on({**TRADE, "creationTimestamp": "0001-01-01T00:00:00Z"}) is None
    assert booked_on({}) is None


def test_every_account_of_the_samples_is_read_whether_active_or_not() -> None:
    found = [(a.account_id, a.number) for a in read_accounts(sample("accounts.json"))]
    assert found == [
        ("21770041", "50KTC-V2-99123-11112222"),
        ("21770042", "EXPRESS-V2-99123-33334444"),
        ("21770043", "PRAC-V2-99123-55556666"),
    ]


def held_positions(body: Any) -> tuple[HeldPosition, ...]:
    return read_holdings([sample("accounts.json"), body], ACCOUNT).positions


def test_the_balance_is_the_accounts_own() -> None:
    holdings = read_holdings([sample("accounts.json"), sample("positions.json")], ACCOUNT)
    assert holdings.cash == Decimal("51240.18")


def test_holdings_of_an_account_that_vanished_break_the_contract() -> None:
    gone = BrokerAccount("7", "GONE", "USD")
    with pytest.raises(ContractBroken, match="0 accounts"):
        read_holdings([sample("accounts.json"), sample("positions.json")], gone)


def test_short_positions_are_negative() -> None:
    (held,) = held_positions(sample("positions.json"))
    assert (held.symbol, held.root, held.quantity, held.average_price) == (
        "CON.F.US.MGC.J26",
        "MGC",
        Decimal(-3),
        Decimal("2951.4"),
    )


def test_a_position_in_an_unknown_future_is_told_under_its_whole_id() -> None:
    body = sample("positions.json")
    body["positions"][0]["contractId"] = "CON.F.US.NEW.M26"
    assert held_positions(body)[0].root == "CON.F.US.NEW.M26"


BROKEN = [
    None,
    [],
    {},
    sample("errors.json")["200_list_omitted"],
    sample("errors.json")["200_account_not_found"],
]


@pytest.mark.parametrize("body", BROKEN)
@pytest.mark.parametrize("read", [rows_of, read_accounts, held_positions])
def test_an_answer_without_its_list_is_not_an_empty_one(read: Any, body: Any) -> None:
    with pytest.raises(ContractBroken):
        read(body)


@pytest.mark.parametrize("row", [1, {}, {"id": 1}, {"id": "1", "name": "A"}])
def test_an_account_of_another_shape_breaks_the_contract(row: Any) -> None:
    with pytest.raises(ContractBroken):
        read_accounts({"accounts": [row], "success": True})


@pytest.mark.parametrize(("field", "value"), [("type", 0), ("size", 0), ("averagePrice", None)])
def test_a_position_of_another_shape_breaks_the_contract(field: str, value: Any) -> None:
    body = sample("positions.json")
    body["positions"][0][field] = value
    with pytest.raises(ContractBroken):
        held_positions(body)
