from base64 import b64decode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.brokers.engine.auth import bearer, key_headers, oauth_refresh, session_login
from shared.brokers.spec import Renewal, Request
from shared.domain.errors import ContractBroken

NOW = datetime(2026, 3, 16, 14, 0, tzinfo=UTC)
APP = {"client_id": "app", "client_secret": "s:1", "refresh_token": "r-1"}
TOKENS = {"access_token": "a-2", "expires_in": 1800}


def renewal_of(**options: Any) -> Renewal:
    found = oauth_refresh("/oauth/token", **options).renewal
    assert found is not None
    return found


def test_each_credential_goes_into_its_header() -> None:
    scheme = key_headers({"key": "X-Key", "secret": "X-Secret"})
    assert scheme.fields == ("key", "secret")
    assert scheme.headers({"key": "k", "secret": "s"}) == {"X-Key": "k", "X-Secret": "s"}


def test_a_bearer_token_is_shown_as_one() -> None:
    assert bearer("token").headers({"token": "t"}) == {"Authorization": "Bearer t"}


def test_a_refresh_shows_the_application_in_the_form() -> None:
    request = renewal_of().request(APP)
    assert (request.method, request.form) == ("POST", {**APP, "grant_type": "refresh_token"})


def test_a_refresh_shows_no_more_of_the_application_than_the_broker_wants() -> None:
    scheme = oauth_refresh("/oauth/token", client=("client_secret",))
    assert scheme.fields == ("client_secret", "refresh_token")
    form = renewal_of(client=("client_secret",)).request(APP).form
    assert form == {
        "grant_type": "refresh_token",
        "client_secret": "s:1",
        "refresh_token": "r-1",
    }


def test_a_refresh_shows_the_application_in_a_basic_header_where_the_broker_wants_it() -> None:
    request = renewal_of(basic=True).request(APP)
    kind, _, pair = request.headers["Authorization"].partition(" ")
    assert (kind, b64decode(pair)) == ("Basic", b"app:s:1")
    assert request.form == {"grant_type": "refresh_token", "refresh_token": "r-1"}


def test_a_rotated_refresh_token_is_kept() -> None:
    kept = renewal_of().read({**TOKENS, "refresh_token": "r-2"}, NOW)
    assert kept == {
        "access_token": "a-2",
        "refresh_token": "r-2",
        "expires_at": "2026-03-16T14:30:00Z",
    }


def test_without_a_new_refresh_token_the_old_one_stays() -> None:
    assert "refresh_token" not in renewal_of().read(TOKENS, NOW)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {"access_token": "a"},
        {**TOKENS, "access_token": ""},
        {**TOKENS, "expires_in": "1800"},
        {**TOKENS, "expires_in": True},
        {**TOKENS, "expires_in": 0},
        {**TOKENS, "refresh_token": 7},
    ],
)
def test_tokens_of_another_shape_break_the_contract(body: Any) -> None:
    with pytest.raises(ContractBroken):
        renewal_of().read(body, NOW)


def test_a_session_is_opened_with_the_users_own_key_and_lives_its_time() -> None:
    scheme = session_login(
        ("user", "key"),
        lambda c: Request("/login", json={"userName": c["user"], "apiKey": c["key"]}),
        token=lambda body: body.get("token"),
        life=timedelta(hours=24),
    )
    assert scheme.renewal is not None
    kept = scheme.renewal.read({"token": "jwt"}, NOW)
    assert kept == {"session_token": "jwt", "expires_at": "2026-03-17T14:00:00Z"}
    assert scheme.headers(kept) == {"Authorization": "Bearer jwt"}
    with pytest.raises(ContractBroken):
        scheme.renewal.read({"token": None}, NOW)
