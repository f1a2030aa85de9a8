import pytest

from shared.domain.currencies import is_currency, may_be_coin


@pytest.mark.parametrize("code", ["USD", "EUR", "JPY", "CNH", "XAU"])
def test_codes_of_iso_4217_are_currencies(code: str) -> None:
    assert is_currency(code)


@pytest.mark.parametrize("code", ["usd", "US", "XXX", "BTC", "USDT", "EUR ", ""])
def test_nothing_else_is_a_currency(code: str) -> None:
    assert not is_currency(code)


@pytest.mark.parametrize("code", ["BTC", "USDT", "XXBT", "ETH2.S", "1000SATS", "OP"])
def test_a_coin_is_known_by_its_shape(code: str) -> None:
    assert may_be_coin(code)


@pytest.mark.parametrize("code", ["", "b", "btc", "US DOLLAR", "-", "$", "A" * 17])
def test_what_has_not_that_shape_is_no_coin(code: str) -> None:
    assert not may_be_coin(code)
