import hmac
import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import pytest

from infra.simulators.brokers.kraken.world import KrakenWorld
from infra.simulators.brokers.wire import Answer, Call
from tests.twins.manual_clock import ManualClock

START = datetime(2026, 3, 16, 14, 0, tzinfo=UTC)
HOST = "api.kraken.com"
SECRET = b64encode(b"secret" * 8).decode()
AT = int(START.timestamp())


class Visitor:
    """A client of nobody's making: signs in its own way and reads bodies."""

    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.world = KrakenWorld(self.clock.now)
        self.account = self.world.add_account()
        self.key = self.world.add_key(self.account, "KEY1", SECRET)
        self.nonce = 0

    def post(self, name: str, *, headers: dict[str, str] | None = None, **asked: Any) -> Answer:
        self.nonce += 1
        body = urlencode({"nonce": self.nonce, **asked})
        path = f"/0/private/{name}"
        nonce = str(asked.get("nonce", self.nonce))
        told = path.encode() + sha256((nonce + body).encode()).digest()
        mac = hmac.new(b64decode(SECRET), told, "sha512").digest()
        shown = {
            "api-key": "KEY1",
            "api-sign": b64encode(mac).decode(),
            "user-agent": "visitor/1.0",
        }
        call = Call("POST", HOST, path, {}, {**shown, **(headers or {})}, body.encode())
        return self.world.handle(call)

    def ask(self, name: str, **asked: Any) -> Any:
        found = json.loads(self.post(name, **asked).body)
        assert found["error"] == [], found
        return found["result"]

    def error(self, name: str, **asked: Any) -> str:
        (told,) = json.loads(self.post(name, **asked).body)["error"]
        return str(told)

    def public(self, name: str) -> Any:
        headers = {"user-agent": "visitor/1.0"}
        return json.loads(
            self.world.handle(Call("GET", HOST, f"/0/public/{name}", {}, headers)).body
        )

    def buy(self, count: int, last: datetime = START, **more: Any) -> list[str]:
        return [
            self.world.fill(
                self.account,
                "XXBTZUSD",
                "buy",
                Decimal(1),
                price=Decimal(100),
                at=last - timedelta(minutes=count - 1 - i),
                **more,
            )
            for i in range(count)
        ]


@pytest.fixture
def visitor() -> Visitor:
    return Visitor()


class TestKeys:
    def test_an_unknown_key_is_refused(self, visitor: Visitor) -> None:
        assert visitor.error("Balance", headers={"api-key": "X"}) == "EAPI:Invalid key"

    def test_another_signature_is_refused(self, visitor: Visitor) -> None:
        assert visitor.error("Balance", headers={"api-sign": "X"}) == "EAPI:Invalid signature"

    def test_a_refusal_is_an_answer_of_status_200(self, visitor: Visitor) -> None:
        assert visitor.post("Balance", headers={"api-key": "X"}).status == 200

    def test_a_nonce_must_grow_and_a_finer_one_shuts_coarser_ones_out(
        self, visitor: Visitor
    ) -> None:
        visitor.ask("Balance")
        visitor.nonce -= 1
        assert visitor.error("Balance") == "EAPI:Invalid nonce"
        visitor.nonce = 10**17
        visitor.ask("Balance")
        visitor.nonce = 10**15
        assert visitor.error("Balance") == "EAPI:Invalid nonce"

    @pytest.mark.parametrize("nonce", [2**64, 0])
    def test_a_nonce_has_64_bits(self, visitor: Visitor, nonce: int) -> None:
        visitor.nonce = nonce - 1
        assert visitor.error("Balance") == "EAPI:Invalid nonce"

    def test_what_a_key_may_not_do_is_refused_and_repeats_lock_it_out(
        self, visitor: Visitor
    ) -> None:
        visitor.world.most_points = Decimal(1000)
        visitor.key.permissions = {"query-funds"}
        told = [visitor.error("Ledgers") for _ in range(6)]
        assert told == ["EGeneral:Permission denied"] * 5 + ["EGeneral:Temporary lockout"]
        visitor.clock.advance(300)
        visitor.ask("Balance")

    def test_a_key_with_a_password_wants_it(self, visitor: Visitor) -> None:
        visitor.key.otp = "842351"
        assert visitor.error("Balance") == "EGeneral:Permission denied"
        visitor.ask("Balance", otp="842351")

    def test_rights_are_told_where_the_place_knows_the_method(self, visitor: Visitor) -> None:
        told = visitor.ask("GetApiKeyInfo")["permissions"]
        assert told == ["query-closed-trades", "query-funds", "query-ledger"]
        visitor.world.tells_rights = False
        assert visitor.error("GetApiKeyInfo") == "EGeneral:Unknown method"

    def test_a_client_without_a_name_meets_the_front(self, visitor: Visitor) -> None:
        assert visitor.post("Balance", headers={"user-agent": ""}).status == 403


class TestCounter:
    def test_calls_fill_it_and_time_empties_it(self, visitor: Visitor) -> None:
        for _ in range(7):
            visitor.ask("TradesHistory")
        visitor.ask("Balance")
        assert visitor.error("Balance") == "EAPI:Rate limit exceeded"
        visitor.clock.advance(3)  # the refused call counts too
        assert visitor.error("TradesHistory") == "EAPI:Rate limit exceeded"
        visitor.clock.advance(45)
        visitor.ask("TradesHistory")

    def test_every_key_has_its_own(self, visitor: Visitor) -> None:
        visitor.world.add_key(visitor.account, "KEY2", SECRET)
        for _ in range(15):
            visitor.ask("Balance")
        visitor.ask("Balance", headers={"api-key": "KEY2"})

    def test_what_is_public_is_not_counted(self, visitor: Visitor) -> None:
        for _ in range(30):
            visitor.public("AssetPairs")
        visitor.ask("Balance")


class TestHistory:
    def test_pages_of_50_are_newest_first_with_a_count(self, visitor: Visitor) -> None:
        ids = visitor.buy(60)
        first, second = (visitor.ask("TradesHistory", ofs=ofs) for ofs in (0, 50))
        assert (first["count"], [*first["trades"]]) == (60, ids[:9:-1])
        assert [*second["trades"]] == ids[9::-1]

    def test_the_start_does_not_belong_to_the_window_and_the_end_does(
        self, visitor: Visitor
    ) -> None:
        early, middle, late = visitor.buy(3)
        minute = 60
        window = {"start": AT - 2 * minute, "end": AT - minute}
        assert [*visitor.ask("TradesHistory", **window)["trades"]] == [middle]
        window = {"start": early, "end": f"{AT}.0"}
        assert [*visitor.ask("TradesHistory", **window)["trades"]] == [late, middle]

    def test_what_has_not_happened_yet_is_not_shown(self, visitor: Visitor) -> None:
        visitor.buy(1, START + timedelta(minutes=1))
        assert visitor.ask("TradesHistory")["count"] == 0

    @pytest.mark.parametrize("flag", ["False", "false", "0"])
    def test_parts_of_a_trade_have_ids_of_their_own(self, visitor: Visitor, flag: str) -> None:
        visitor.buy(1, parts=3)
        whole = visitor.ask("TradesHistory")["trades"]
        parts = visitor.ask("TradesHistory", consolidate_taker=flag)["trades"]
        assert (len(whole), len(parts), set(whole) & set(parts)) == (1, 3, set())

    def test_ids_of_entries_come_when_they_are_asked_for(self, visitor: Visitor) -> None:
        (txid,) = visitor.buy(1)
        assert "ledgers" not in visitor.ask("TradesHistory")["trades"][txid]
        ids = visitor.ask("TradesHistory", ledgers="True")["trades"][txid]["ledgers"]
        found = visitor.ask("QueryLedgers", id=",".join(ids))
        assert {one["refid"] for one in found.values()} == {txid}

    @pytest.mark.parametrize(
        "asked", [{"ofs": "x"}, {"start": "soon"}, {"ledgers": "maybe"}, {"type": "odd"}], ids=str
    )
    def test_a_wrong_parameter_is_refused(self, visitor: Visitor, asked: dict[str, str]) -> None:
        assert visitor.error("TradesHistory", **asked).startswith("EGeneral:Invalid arguments")

    def test_at_most_20_ids_are_asked_for_at_once(self, visitor: Visitor) -> None:
        ids = visitor.buy(21)
        assert len(visitor.ask("QueryTrades", txid=",".join(ids[:20]))) == 20
        assert visitor.error("QueryTrades", txid=",".join(ids)).startswith("EGeneral:Invalid")

    def test_the_ledger_is_chosen_by_kind_and_asset(self, visitor: Visitor) -> None:
        visitor.buy(1)
        visitor.world.enter(visitor.account, "ADA", Decimal(5), at=START, kind="deposit")
        assert visitor.ask("Ledgers", type="deposit")["count"] == 1
        assert visitor.ask("Ledgers", asset="XXBT")["count"] == 1


class TestBooks:
    def test_a_balance_is_what_the_ledger_adds_up_to(self, visitor: Visitor) -> None:
        visitor.world.enter(visitor.account, "ZUSD", Decimal(500), at=START, kind="deposit")
        visitor.buy(1, fee=Decimal("0.26"))
        visitor.buy(1, fee=Decimal("0.5"), fee_asset="XXBT")
        assert visitor.ask("Balance") == {"ZUSD": "299.7400000000", "XXBT": "1.9950000000"}
        entries = visitor.ask("Ledgers")["ledger"]
        newest = next(one for one in entries.values() if one["asset"] == "XXBT")
        assert newest["balance"] == "1.9950000000"
        assert visitor.ask("BalanceEx")["XXBT"]["balance"] == "1.9950000000"

    def test_a_position_on_margin_is_open_until_it_is_closed(self, visitor: Visitor) -> None:
        visitor.key.permissions.add("query-open-trades")
        told: dict[str, Any] = {"price": Decimal(100), "fee": Decimal("0.1"), "at": START}
        opened = visitor.world.on_margin(visitor.account, "XXBTZUSD", "sell", Decimal(1), **told)
        assert visitor.ask("OpenPositions")[opened]["type"] == "sell"
        told["position"] = opened
        visitor.world.on_margin(visitor.account, "XXBTZUSD", "buy", Decimal(1), **told)
        assert visitor.ask("OpenPositions") == {}
        assert visitor.ask("Balance") == {"ZUSD": "-0.2000000000"}


class TestPublic:
    def test_pairs_and_assets_are_listed(self, visitor: Visitor) -> None:
        pairs, assets = visitor.public("AssetPairs")["result"], visitor.public("Assets")["result"]
        assert {"XXBTZUSD", "XETHZEUR", "ADAUSD"} <= set(pairs)
        assert (pairs["XXBTZUSD"]["wsname"], assets["XXBT"]["altname"]) == ("XBT/USD", "XBT")

    def test_the_clock_is_told(self, visitor: Visitor) -> None:
        assert visitor.public("Time")["result"]["unixtime"] == AT
        assert visitor.public("SystemStatus")["result"]["status"] == "online"

    def test_what_is_not_there_is_no_method(self, visitor: Visitor) -> None:
        assert visitor.public("Depth")["error"] == ["EGeneral:Unknown method"]
        assert visitor.error("AddOrder") == "EGeneral:Unknown method"
