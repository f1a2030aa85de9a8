from decimal import Decimal
from typing import Any

import pytest

from shared.domain.execution import AccountEvent, AssetClass, EventType, Side, as_fill
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


def test_a_fill_is_its_own() -> None:
    bought = fill("a", "1", "100")
    assert as_fill(bought) is bought


@pytest.mark.parametrize(("quantity", "side"), [("-2", Side.SELL), ("2", Side.BUY)])
def test_an_option_that_ends_is_given_or_taken_at_nothing(quantity: str, side: Side) -> None:
    found = as_fill(ended(quantity=quantity))
    assert found is not None
    assert (found.side, found.quantity, found.price, found.multiplier, found.root) == (
        side,
        Decimal(2),
        Decimal(0),
        Decimal(100),
        "SPY",
    )


@pytest.mark.parametrize("kind", [EventType.SPLIT, EventType.TRANSFER])
def test_what_moves_a_position_at_no_price_is_no_fill(kind: EventType) -> None:
    assert as_fill(ended(kind)) is None


@pytest.mark.parametrize("missing", ["symbol", "root", "asset_class", "price", "quantity"])
def test_an_event_that_does_not_say_what_it_moves_is_no_fill(missing: str) -> None:
    assert as_fill(ended(**{missing: None})) is None
