from decimal import Decimal

import pytest

from shared.domain.futures.contracts import CONTRACTS
from shared.market.registry import load_instruments

FUTURES = [i for i in load_instruments().values() if i.asset_class.endswith("_future")]


@pytest.mark.parametrize("instrument", FUTURES, ids=lambda i: i.symbol)
def test_our_instruments_have_the_point_value_and_tick_of_their_contract(instrument):
    contract = CONTRACTS[instrument.symbol]
    assert contract.point_value == instrument.point_value
    assert contract.tick == instrument.tick


@pytest.mark.parametrize(
    ("root", "tick_value"),
    [("ES", "12.5"), ("MES", "1.25"), ("MNQ", "0.5"), ("6E", "6.25"), ("ZN", "15.625")],
)
def test_a_tick_is_worth_its_points(root, tick_value):
    assert CONTRACTS[root].tick_value == Decimal(tick_value)


@pytest.mark.parametrize(
    ("micro", "whole", "times"),
    [
        ("MES", "ES", 10),
        ("MNQ", "NQ", 10),
        ("M2K", "RTY", 10),
        ("MYM", "YM", 10),
        ("MCL", "CL", 10),
        ("MGC", "GC", 10),
        ("SIL", "SI", 5),
        ("MHG", "HG", 10),
        ("M6E", "6E", 10),
        ("M6B", "6B", 10),
        ("M6A", "6A", 10),
        ("MNG", "NG", 10),
        ("MBT", "BTC", 50),
        ("MET", "ETH", 500),
        ("MJY", "6J", 10),
    ],
)
def test_a_micro_is_the_documented_part_of_the_whole(micro, whole, times):
    assert CONTRACTS[micro].point_value * times == CONTRACTS[whole].point_value


def test_a_tick_that_is_not_settled_has_no_value():
    assert CONTRACTS["SR3"].tick_value is None
