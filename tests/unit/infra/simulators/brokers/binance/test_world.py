"""The simulator is held to Binance's documents, so that it is not our own opinion of itself."""

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infra.simulators.brokers.binance.limits import Weights
from infra.simulators.brokers.binance.query import ms
from infra.simulators.brokers.binance.user import User
from infra.simulators.brokers.binance.world import BinanceWorld
from infra.simulators.brokers.wire import Answer, Call
from shared.brokers.binance.signing import signature_of

NOW = datetime(2026, 3, 16, 14, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
COIN, PRICE = Decimal(1), Decimal(100)
TRADES, CONTRACTS = "/api/v3/myTrades", "/fapi/v1/userTrades"


class Clock:
    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(clock: Clock) -> BinanceWorld:
    return BinanceWorld(clock.now)


@pytest.fixture
def user(world: BinanceWorld) -> User:
    return world.add_user(7, "k1", "s1")


def ask(
    world: BinanceWorld,
    path: str,
    *,
    secret: str = "s1",
    key: str = "k1",
    host: str = "127.0.0.1",
    at_ms: int | None = None,
    **query: Any,
) -> Answer:
    stamped = {**query, "timestamp": ms(world.now()) if at_ms is None else at_ms}
    payload = urlencode(stamped, quote_via=quote)
    raw = f"{payload}&signature={quote(signature_of(secret, payload), safe='')}"
    headers = {"x-mbx-apikey": key}
    return world.handle(Call("GET", host, path, dict(parse_qsl(raw)), headers, raw_query=raw))


def said(answered: Answer) -> tuple[int, int]:
    return answered.status, json.loads(answered.body)["code"]


def ids(world: BinanceWorld, path: str = TRADES, **query: Any) -> list[int]:
    answered = ask(world, path, symbol="BTCUSDT", **query)
    assert answered.status == 200, answered.body
    return [row["id"] for row in json.loads(answered.body)]


def trade(world: BinanceWorld, user: User, count: int = 1, age: timedelta = HOUR) -> None:
    for _ in range(count):
        world.fill(user, "BTCUSDT", "BUY", COIN, price=PRICE, at=NOW - age)


def contract(world: BinanceWorld, user: User, age: timedelta = HOUR, **more: Any) -> None:
    world.contract(user, "BTCUSDT", "BUY", COIN, price=PRICE, at=NOW - age, **more)


@pytest.mark.parametrize(
    ("how", "refusal"),
    [
        ({"key": ""}, (401, -2014)),
        ({"key": "k9"}, (401, -2015)),
        ({"secret": "wrong"}, (400, -1022)),
        ({"host": "testnet.binance.vision"}, (401, -2015)),
    ],
    ids=["no key", "unknown key", "wrong secret", "wrong environment"],
)
def test_who_does_not_show_himself_is_refused(
    world: BinanceWorld, user: User, how: dict[str, str], refusal: tuple[int, int]
) -> None:
    assert said(ask(world, "/api/v3/account", **how)) == refusal


def test_the_signature_is_over_the_query_as_it_was_sent(world: BinanceWorld, user: User) -> None:
    payload = f"timestamp={ms(NOW)}&omitZeroBalances=true"
    raw = f"{payload}&signature={signature_of('s1', payload).upper()}"  # in hex, either case
    turned = f"omitZeroBalances=true&timestamp={ms(NOW)}&signature={signature_of('s1', payload)}"
    statuses = []
    for one in (raw, turned, payload):
        call = Call(
            "GET",
            "127.0.0.1",
            "/api/v3/account",
            dict(parse_qsl(one)),
            {"x-mbx-apikey": "k1"},
            raw_query=one,
        )
        statuses.append(world.handle(call).status)
    assert statuses == [200, 400, 400]


def test_an_ed25519_signature_is_verified_with_the_public_key(world: BinanceWorld) -> None:
    private = Ed25519PrivateKey.generate()
    world.add_user(8, "k2", private.public_key())
    payload = f"timestamp={ms(NOW)}"
    signature = b64encode(private.sign(payload.encode())).decode()
    statuses = []
    for one in (signature, "AAAA", "!"):
        raw = f"{payload}&signature={quote(one, safe='')}"
        query = dict(parse_qsl(raw))
        headers = {"x-mbx-apikey": "k2"}
        call = Call("GET", "127.0.0.1", "/api/v3/account", query, headers, raw_query=raw)
        statuses.append(world.handle(call).status)
    assert statuses == [200, 400, 400]


@pytest.mark.parametrize(
    ("off_ms", "status"), [(0, 200), (999, 200), (1000, 400), (-5000, 200), (-5001, 400)]
)
def test_a_request_may_be_a_second_early_and_five_late(
    world: BinanceWorld, user: User, off_ms: int, status: int
) -> None:
    assert ask(world, "/api/v3/account", at_ms=ms(NOW) + off_ms).status == status


def test_a_wider_window_lets_later_requests_in(world: BinanceWorld, user: User) -> None:
    at = ms(NOW) - 30_000
    assert ask(world, "/api/v3/account", at_ms=at, recvWindow=60_000).status == 200


def test_the_clock_is_public_and_takes_no_parameters(world: BinanceWorld) -> None:
    world.ahead = timedelta(seconds=90)
    plain = world.handle(Call("GET", "127.0.0.1", "/api/v3/time", {}, {}))
    assert json.loads(plain.body) == {"serverTime": ms(NOW) + 90_000}
    assert said(ask(world, "/api/v3/time")) == (400, -1104)


def test_without_an_id_the_newest_rows_are_given_oldest_first(
    world: BinanceWorld, user: User
) -> None:
    trade(world, user, 5)
    assert ids(world, limit=2) == [4, 5]


def test_an_id_belongs_to_what_it_gives(world: BinanceWorld, user: User) -> None:
    trade(world, user, 5)
    assert (ids(world, fromId=2, limit=3), ids(world, fromId=6)) == ([2, 3, 4], [])


@pytest.mark.parametrize(
    ("together", "code"),
    [
        (("startTime", "fromId"), -1128),
        (("orderId", "startTime"), -1128),
        (("startTime", "endTime", "fromId"), -1128),
    ],
)
def test_parameters_that_exclude_each_other_are_refused(
    world: BinanceWorld, user: User, together: tuple[str, ...], code: int
) -> None:
    found = ask(world, TRADES, symbol="BTCUSDT", **dict.fromkeys(together, ms(NOW)))
    assert said(found) == (400, code)


@pytest.mark.parametrize(("longer_ms", "status"), [(0, 200), (1, 400)])
def test_spot_gives_24_hours_at_most(
    world: BinanceWorld, user: User, longer_ms: int, status: int
) -> None:
    since = ms(NOW) - 86_400_000 - longer_ms
    found = ask(world, TRADES, symbol="BTCUSDT", startTime=since, endTime=ms(NOW))
    assert found.status == status


def test_both_ends_of_a_window_belong_to_it(world: BinanceWorld, user: User) -> None:
    trade(world, user, 1, HOUR)
    at = ms(NOW - HOUR)
    assert (ids(world, startTime=at, endTime=at), ids(world, startTime=at + 1)) == ([1], [])


@pytest.mark.parametrize(
    ("query", "code"),
    [({}, -1102), ({"symbol": "NOUSDT"}, -1121), ({"symbol": "BTCUSDT", "limit": 1001}, -1130)],
)
def test_a_question_that_is_not_whole_is_refused(
    world: BinanceWorld, user: User, query: dict[str, Any], code: int
) -> None:
    assert said(ask(world, TRADES, **query)) == (400, code)


def test_a_symbol_that_is_gone_is_refused_while_it_is_still_listed(
    world: BinanceWorld, user: User
) -> None:
    world.gone.add("BTCUSDT")
    assert said(ask(world, TRADES, symbol="BTCUSDT")) == (400, -1121)
    info = world.handle(Call("GET", "127.0.0.1", "/api/v3/exchangeInfo", {}, {}))
    assert "BTCUSDT" in [one["symbol"] for one in json.loads(info.body)["symbols"]]


def test_balances_follow_from_trades_and_fees(world: BinanceWorld, user: User) -> None:
    user.funds["USDT"] = Decimal(1000)
    fee = (Decimal("0.001"), "BTC")
    world.fill(user, "BTCUSDT", "BUY", COIN, price=PRICE, at=NOW - HOUR, fee=fee)
    assert world.held(user) == {"BTC": Decimal("0.999"), "USDT": Decimal(900)}


@pytest.mark.parametrize(("longer_ms", "status"), [(0, 200), (1, 400)])
def test_futures_give_seven_days_at_most(
    world: BinanceWorld, user: User, longer_ms: int, status: int
) -> None:
    since = ms(NOW) - 7 * 86_400_000 - longer_ms
    found = ask(world, CONTRACTS, symbol="BTCUSDT", startTime=since, endTime=ms(NOW))
    assert found.status == status


def test_futures_refuse_an_id_beside_times(world: BinanceWorld, user: User) -> None:
    found = ask(world, CONTRACTS, symbol="BTCUSDT", startTime=ms(NOW), fromId=1)
    assert said(found) == (400, -1128)


def test_futures_without_times_give_a_week(world: BinanceWorld, user: User) -> None:
    for days in (8, 6):
        contract(world, user, timedelta(days=days))
    assert (ids(world, CONTRACTS), ids(world, CONTRACTS, fromId=1)) == ([2], [1, 2])


def test_futures_older_than_six_months_are_gone(world: BinanceWorld, user: User) -> None:
    for days in (200, 100):
        contract(world, user, timedelta(days=days))
    assert ids(world, CONTRACTS, fromId=0) == [2]


def test_a_key_without_futures_is_refused_there_alone(world: BinanceWorld, user: User) -> None:
    user.trades_futures = False
    assert said(ask(world, CONTRACTS, symbol="BTCUSDT")) == (401, -2015)
    assert ask(world, "/api/v3/account").status == 200


def test_the_ledger_has_pages_and_kinds(world: BinanceWorld, user: User) -> None:
    for _ in range(5):
        contract(world, user)
    world.income(user, "FUNDING_FEE", Decimal(-1), at=NOW - HOUR, symbol="BTCUSDT")
    pages = [json.loads(ask(world, "/fapi/v1/income", limit=4, page=n).body) for n in (1, 2, 3)]
    funding = json.loads(ask(world, "/fapi/v1/income", incomeType="FUNDING_FEE").body)
    assert ([len(page) for page in pages], len(funding)) == ([4, 2, 0], 1)


def test_positions_net_in_one_way_mode_and_stay_apart_in_a_hedge(
    world: BinanceWorld, user: User
) -> None:
    contract(world, user)
    world.contract(user, "BTCUSDT", "SELL", COIN, price=PRICE, at=NOW - HOUR, position_side="SHORT")
    rows = json.loads(ask(world, "/fapi/v3/positionRisk").body)
    assert [(row["positionSide"], row["positionAmt"]) for row in rows] == [
        ("BOTH", "1"),
        ("SHORT", "-1"),
    ]


def test_each_answer_says_what_weight_is_used(world: BinanceWorld, user: User) -> None:
    used = [ask(world, TRADES, symbol="BTCUSDT").headers["x-mbx-used-weight-1m"] for _ in "12"]
    assert used == ["20", "40"]


def test_who_asks_on_after_a_429_is_banned_and_a_minute_later_too(
    world: BinanceWorld, user: User, clock: Clock
) -> None:
    world.hosts.spot = Weights(40)
    answers = [ask(world, TRADES, symbol="BTCUSDT") for _ in range(6)]
    assert [one.status for one in answers] == [200, 200, 429, 429, 429, 418]
    assert (answers[2].headers["retry-after"], answers[5].headers["retry-after"]) == ("60", "120")
    clock.at += timedelta(seconds=119)
    assert ask(world, TRADES, symbol="BTCUSDT").status == 418
    clock.at += timedelta(seconds=1)
    assert ask(world, TRADES, symbol="BTCUSDT").status == 200


def test_who_waits_as_he_is_told_is_not_banned(
    world: BinanceWorld, user: User, clock: Clock
) -> None:
    world.hosts.spot = Weights(20)
    statuses = [ask(world, TRADES, symbol="BTCUSDT").status for _ in "12"]
    clock.at += timedelta(seconds=60)
    assert [*statuses, ask(world, TRADES, symbol="BTCUSDT").status] == [200, 429, 200]


def test_futures_have_a_weight_of_their_own(world: BinanceWorld, user: User) -> None:
    world.hosts.spot = Weights(0)
    assert ask(world, CONTRACTS, symbol="BTCUSDT").status == 200


def test_symbols_carry_the_filters_that_clients_need(world: BinanceWorld) -> None:
    info = json.loads(world.handle(Call("GET", "x", "/api/v3/exchangeInfo", {}, {})).body)
    kinds = {one["filterType"] for one in info["symbols"][0]["filters"]}
    assert kinds == {"PRICE_FILTER", "LOT_SIZE", "NOTIONAL"}


def test_what_is_no_route_is_not_found(world: BinanceWorld, user: User) -> None:
    assert ask(world, "/api/v3/nothing").status == 404
