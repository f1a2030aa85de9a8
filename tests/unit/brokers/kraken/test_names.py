import pytest

from shared.brokers.kraken.names import Assets, asset_name, listed_pair, split_pair


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("XXBT", "BTC"),
        ("XBT", "BTC"),
        ("XBT.M", "BTC"),
        ("XXDG", "DOGE"),
        ("XETH", "ETH"),
        ("ETH2.S", "ETH"),
        ("ZUSD", "USD"),
        ("USD.HOLD", "USD"),
        ("EUR.M", "EUR"),
        ("ADA", "ADA"),
        ("ADA.S", "ADA"),
        ("DOT28.S", "DOT"),
        ("SOL.F", "SOL"),
        ("TRX.B", "TRX"),
        ("KSM.P", "KSM"),
        ("XTZ", "XTZ"),  # has an X of its own
        ("ZRX", "ZRX"),
        ("XCN", "XCN"),
        ("ZEUS", "ZEUS"),
        ("XRP", "XRP"),
    ],
)
def test_an_asset_has_one_name_in_every_wallet(code: str, name: str) -> None:
    assert asset_name(code) == name


@pytest.mark.parametrize(
    ("wsname", "assets"),
    [
        ("XBT/USD", Assets("BTC", "USD")),
        ("ETH/XBT", Assets("ETH", "BTC")),
        ("XDG/EUR", Assets("DOGE", "EUR")),
        ("ADA/USD", Assets("ADA", "USD")),
        ("ADAUSD", None),
        ("/USD", None),
        ("", None),
    ],
)
def test_a_listed_pair_is_named_by_both_assets(wsname: str, assets: Assets | None) -> None:
    assert listed_pair(wsname) == assets


@pytest.mark.parametrize(
    ("pair", "symbol"),
    [
        ("XXBTZUSD", "BTC/USD"),
        ("XETHZEUR", "ETH/EUR"),
        ("XICNXETH", "ICN/ETH"),
        ("ZEURZUSD", "EUR/USD"),
        ("ADAUSD", "ADA/USD"),
        ("SOLEUR", "SOL/EUR"),
        ("XBTUSDT", "BTC/USDT"),
        ("USDTZUSD", "USDT/USD"),
        ("XTZUSD", "XTZ/USD"),
        ("ADAXBT", "ADA/BTC"),
        ("USD", None),
        ("ABC", None),
    ],
)
def test_a_bare_pair_is_split_by_what_is_known_of_assets(pair: str, symbol: str | None) -> None:
    found = split_pair(pair)
    assert (found and found.symbol) == symbol
