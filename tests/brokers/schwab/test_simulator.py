import json
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from infra.simulators.brokers.schwab.world import SchwabWorld
from infra.simulators.brokers.wire import Answer, Call
from tests.twins.manual_clock import ManualClock

NOW = datetime(2026, 3, 16, 14, 0, tzinfo=UTC)
BASIC = "Basic " + b64encode(b"app-key:app-secret").decode()


@dataclass
class Visit:
    """One caller at a world with one app and three accounts."""

    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW))

    def __post_init__(self) -> None:
        self.world = SchwabWorld(self.clock.now)
        self.app = self.world.add_app("app-key", "app-secret")
        kinds = {"48217735": "MARGIN", "48217736": "MARGIN", "73001904": "CASH"}
        self.accounts = [self.world.add_account(n, kind=kind) for n, kind in kinds.items()]
        self.consent = self.world.log_in(self.app)

    def get(self, path: str, bearer: str | None = None, **query: str) -> Answer:
        token = next(reversed(self.consent.access), "") if bearer is None else bearer
        headers = {"authorization": f"Bearer {token}"}
        return self.world.handle(Call("GET", "localhost", path, query, headers))

    def token(self, authorization: str = BASIC, **form: str) -> Answer:
        headers = {"authorization": authorization}
        body = urlencode(form).encode()
        return self.world.handle(Call("POST", "localhost", "/v1/oauth/token", {}, headers, body))

    def transactions(self, days: float = 1, **query: str) -> Answer:
        window = {
            "startDate": (NOW - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "endDate": NOW.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        }
        path = f"/trader/v1/accounts/{self.accounts[0].hash_value}/transactions"
        return self.get(path, **{**window, "types": "TRADE", **query})


def decoded(answered: Answer) -> Any:
    return json.loads(answered.body)


@pytest.fixture
def visit() -> Visit:
    return Visit()


def test_a_code_can_be_exchanged_once(visit: Visit) -> None:
    asked = {"client_id": "app-key", "redirect_uri": visit.app.callback, "state": "s"}
    sent_to = visit.get("/v1/oauth/authorize", **asked).headers["location"]
    found = parse_qs(urlsplit(sent_to).query)
    form = {"grant_type": "authorization_code", "redirect_uri": visit.app.callback}
    statuses = [visit.token(code=found["code"][0], **form).status for _ in range(2)]
    assert (found["state"], statuses) == (["s"], [200, 400])


def test_a_code_ends_after_half_a_minute(visit: Visit) -> None:
    consent = visit.world.logins.consent(visit.app, ("48217735",))
    visit.clock.advance(timedelta(seconds=30))
    form = {"grant_type": "authorization_code", "redirect_uri": visit.app.callback}
    assert visit.token(code=consent.code, **form).status == 400


def test_a_wrong_secret_gets_no_token(visit: Visit) -> None:
    wrong = "Basic " + b64encode(b"app-key:other").decode()
    assert visit.token(wrong, grant_type="refresh_token").status == 401


def test_an_access_token_ends_after_half_an_hour(visit: Visit) -> None:
    visit.clock.advance(timedelta(minutes=30))
    assert visit.get("/trader/v1/accounts/accountNumbers").status == 401


def test_refreshing_does_not_move_the_end_of_seven_days(visit: Visit) -> None:
    statuses = []
    for _ in range(8):
        visit.clock.advance(timedelta(days=1) - timedelta(minutes=1))
        token = visit.consent.refresh_token
        statuses.append(visit.token(grant_type="refresh_token", refresh_token=token).status)
    assert statuses == [200] * 7 + [400]


def test_a_dead_refresh_token_is_refused_with_json_inside_a_text(visit: Visit) -> None:
    visit.world.logins.revoke(visit.consent)
    refused = visit.token(grant_type="refresh_token", refresh_token=visit.consent.refresh_token)
    assert decoded(refused)["error"] == "unsupported_token_type"
    assert '"error":"invalid_grant"' in decoded(refused)["error_description"]


def test_a_rotated_refresh_token_replaces_the_one_before(visit: Visit) -> None:
    first = visit.consent.refresh_token
    statuses = [
        visit.token(grant_type="refresh_token", refresh_token=first).status for _ in range(2)
    ]
    assert statuses == [200, 400]


def test_a_new_login_ends_the_one_before(visit: Visit) -> None:
    old = next(reversed(visit.consent.access))
    visit.world.log_in(visit.app)
    assert visit.get("/trader/v1/accounts/accountNumbers", bearer=old).status == 401


def test_a_plain_number_in_a_path_is_refused(visit: Visit) -> None:
    assert visit.get("/trader/v1/accounts/48217735").status == 400


def test_an_old_hash_is_not_found(visit: Visit) -> None:
    old = visit.accounts[0].hash_value
    visit.world.change_hash(visit.accounts[0])
    refused = visit.get(f"/trader/v1/accounts/{old}")
    assert (refused.status, decoded(refused)["errors"][0]["status"]) == (404, "404")


def test_both_ends_of_a_window_belong_to_it(visit: Visit) -> None:
    for at in (NOW - timedelta(days=1, seconds=1), NOW - timedelta(days=1), NOW):
        visit.world.fill(visit.accounts[0], "KO", "buy", Decimal(1), price=Decimal(69), at=at)
    assert len(decoded(visit.transactions())) == 2


@pytest.mark.parametrize("wrong", [{"types": ""}, {"startDate": "today"}, {"endDate": ""}])
def test_types_and_both_dates_are_required(visit: Visit, wrong: dict[str, str]) -> None:
    assert visit.transactions(**wrong).status == 400


def test_a_window_of_more_than_a_year_is_refused(visit: Visit) -> None:
    assert visit.transactions(days=367).status == 400


def test_an_answer_is_cut_at_the_cap_without_a_word(visit: Visit) -> None:
    visit.world.row_cap = 3
    for minutes in range(5):
        at = NOW - timedelta(minutes=minutes)
        visit.world.fill(visit.accounts[0], "KO", "buy", Decimal(1), price=Decimal(69), at=at)
    answered = visit.transactions()
    assert (answered.status, len(decoded(answered))) == (200, 3)


def test_positions_are_missing_when_nothing_is_held(visit: Visit) -> None:
    path = f"/trader/v1/accounts/{visit.accounts[2].hash_value}"
    assert "positions" not in decoded(visit.get(path, fields="positions"))["securitiesAccount"]


def test_cash_is_what_was_there_and_what_moved(visit: Visit) -> None:
    visit.world.fill(
        visit.accounts[0],
        "AAPL",
        "sell",
        Decimal(50),
        price=Decimal("179.51"),
        at=NOW,
        fees={"SEC_FEE": Decimal("0.18"), "TAF_FEE": Decimal("0.01")},
    )
    assert decoded(visit.transactions())[0]["netAmount"] == 8975.31
    body = decoded(visit.get(f"/trader/v1/accounts/{visit.accounts[0].hash_value}"))
    assert body["securitiesAccount"]["currentBalances"]["cashBalance"] == 58975.31
