from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from shared.domain.execution import (
    AccountEvent,
    AssetClass,
    EventType,
    Execution,
    Ratio,
    StatedPnl,
)
from shared.domain.row_body import body_hash, row_body
from tests.rows import event, fill


def ended(kind: EventType = EventType.EXPIRY, quantity: str = "-2", **more: Any) -> AccountEvent:
    """An option that ends; what `more` names is otherwise."""
    fields = {
        "symbol": "SPY260417P00400000",
        "asset_class": AssetClass.OPTION,
        "price": Decimal(0),
        "multiplier": Decimal(100),
    }
    moved = event("e", "0", kind=kind, quantity=quantity, root="SPY")
    return moved.model_copy(update={**fields, **more})


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            fill("a", "1", "100", fee="0.5"),
            "bcbf75f367db22513a71bd73f5df676eedd850590ed5e50bf9da619c64ee2901",
        ),
        (
            event("e", "-0.5"),
            "9120162edd0cf49ce06437b8ac4d29dcd3977c3e35b04f574cc8db0cdfd0c9bb",
        ),
    ],
)
def test_a_row_without_the_newer_fields_keeps_its_first_hash(
    row: Execution | AccountEvent, expected: str
) -> None:
    assert body_hash(row_body(row)) == expected


def test_a_row_with_the_newer_fields_survives_its_body() -> None:
    told = fill("a", "2", "100", fee="0.5").model_copy(
        update={"base": "BTC", "stated_pnl": StatedPnl(amount=Decimal("1.25"))}
    )
    assert Execution.model_validate(row_body(told)) == told
    split = ended(EventType.SPLIT, ratio=Ratio(new=Decimal(1), old=Decimal(3)), action_id="7")
    assert AccountEvent.model_validate(row_body(split)) == split


def test_a_fee_in_the_coin_that_was_traded_is_counted_in_units() -> None:
    told = {**row_body(fill("a", "2", "100", fee="0.5", currency="BTC")), "base": "BTC"}
    assert Execution.model_validate(told).units_taken == Decimal("0.5")


def test_a_fee_that_takes_everything_that_was_bought_is_refused() -> None:
    told = {**row_body(fill("a", "2", "100", fee="2", currency="BTC")), "base": "BTC"}
    with pytest.raises(ValidationError, match="smaller than the quantity"):
        Execution.model_validate(told)


def test_what_has_no_sign_is_positive() -> None:
    with pytest.raises(ValidationError, match="must be positive"):
        AccountEvent.model_validate({**row_body(event("e", "0")), "closes": "-1"})


def test_a_size_is_told_in_one_way() -> None:
    with pytest.raises(ValidationError, match="without a sign"):
        AccountEvent.model_validate({**row_body(event("e", "0", quantity="1")), "closes": "1"})
