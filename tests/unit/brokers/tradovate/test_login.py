from datetime import UTC, datetime
from typing import Any

import pytest

from shared.brokers.tradovate.login import LOGIN, RENEWAL, SCHEME, home, own_host
from shared.domain.errors import ContractBroken

NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
LOGGED_IN = {
    "accessToken": "tok_A",
    "expirationTime": "2026-11-23T15:50:00.000Z",
    "apiHosts": {"live": "live.tradovateapi.com", "demo": "demo-org7.tradovateapi.com"},
}
USER = {"user_name": "jdoe", "password": "API-pass-1", "cid": "8123", "secret": "0f3c"}
assert SCHEME.renewal is not None
assert SCHEME.renewal.anew is not None
RENEW, ANEW, READ = SCHEME.renewal.request, SCHEME.renewal.anew.request, SCHEME.renewal.read


def test_a_login_is_what_the_documentation_shows() -> None:
    asked = ANEW(USER)
    assert asked.json is not None
    assert (asked.path, asked.method) == (LOGIN, "POST")
    assert {name: asked.json[name] for name in ("name", "password", "appId", "cid", "sec")} == {
        "name": "jdoe",
        "password": "API-pass-1",
        "appId": "Daybias",
        "cid": 8123,
        "sec": "0f3c",
    }


def test_a_device_is_the_same_at_every_login_and_another_for_another_user() -> None:
    ids = [ANEW({**USER, **change}).json for change in ({}, {}, {"user_name": "other"})]
    devices = [one["deviceId"] for one in ids if one is not None]
    assert (devices[0] == devices[1], devices[0] == devices[2]) == (True, False)


def test_a_cid_that_is_no_number_is_left_to_be_refused() -> None:
    asked = ANEW({**USER, "cid": "abc"}).json
    assert asked is not None
    assert asked["cid"] == "abc"


def test_only_a_token_can_be_renewed() -> None:
    assert RENEW(USER) is None
    asked = RENEW({**USER, "access_token": "tok_A"})
    assert asked is not None
    assert (asked.path, asked.method, asked.headers) == (
        RENEWAL,
        "GET",
        {"Authorization": "Bearer tok_A"},
    )


def test_a_login_tells_its_end_and_its_hosts() -> None:
    kept = READ(LOGGED_IN, NOW)
    assert kept == {
        "access_token": "tok_A",
        "expires_at": "2026-11-23T15:50:00Z",
        "live_host": "https://live.tradovateapi.com",
        "demo_host": "https://demo-org7.tradovateapi.com",
    }
    assert [home(kept, name) for name in ("live", "demo")] == [kept["live_host"], kept["demo_host"]]
    assert home(USER, "demo") == ""


@pytest.mark.parametrize("hosts", [None, [], {}, {"demo": "evil.example"}, {"demo": 7}])
def test_hosts_that_are_not_tradovates_are_not_kept(hosts: Any) -> None:
    assert home(READ({**LOGGED_IN, "apiHosts": hosts}, NOW), "demo") == ""


@pytest.mark.parametrize(
    "change",
    [{"accessToken": None}, {"accessToken": ""}, {"expirationTime": None}, {"expirationTime": "x"}],
)
def test_a_login_without_token_or_end_breaks_the_contract(change: dict[str, Any]) -> None:
    with pytest.raises(ContractBroken):
        READ({**LOGGED_IN, **change}, NOW)


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://demo.tradovateapi.com/v1/x?y=1", "https://demo.tradovateapi.com"),
        ("https://demo.tradovateapi.com:443/v1", "https://demo.tradovateapi.com"),
        ("http://demo.tradovateapi.com", ""),
        ("https://demo.tradovateapi.com:8443", ""),
        ("https://tradovateapi.com.evil.example", ""),
        ("https://evil.example/.tradovateapi.com", ""),
        ("https://a@demo.tradovateapi.com", ""),
        ("//demo.tradovateapi.com", ""),
        ("https://[", ""),
        ("https://demo.tradovateapi.com:99999", ""),
        ("", ""),
    ],
)
def test_only_tradovates_own_hosts_are_followed(address: str, host: str) -> None:
    assert own_host(address) == host
