from hypothesis import given
from hypothesis import strategies as st

from shared.domain.ids import account_key, canonical_json, content_hash, content_key, row_key

parts = st.lists(st.text(), min_size=1, max_size=4)


@given(parts, parts)
def test_different_parts_have_different_keys(one: list[str], other: list[str]) -> None:
    assert (content_key(*one) == content_key(*other)) == (one == other)


def test_limits_between_parts_matter() -> None:
    assert content_key("ab", "c") != content_key("a", "bc")


def test_a_key_is_fit_for_a_document_id() -> None:
    key = content_key("alpaca", "paper", "acc/../1", "20260313::x")
    assert len(key) == 32
    assert key.isalnum()


def test_one_activity_id_in_two_accounts_is_two_rows() -> None:
    assert row_key("alpaca", "paper", "a", ("1",)) != row_key("alpaca", "paper", "b", ("1",))


def test_one_account_number_in_two_environments_is_two_accounts() -> None:
    assert account_key("alpaca", "paper", "a") != account_key("alpaca", "live", "a")


def test_equal_values_have_equal_bytes() -> None:
    assert canonical_json({"b": 1, "a": [1, "é"]}) == '{"a":[1,"é"],"b":1}'


def test_hash_ignores_the_order_of_keys() -> None:
    assert content_hash({"a": 1, "b": 2}) == content_hash({"b": 2, "a": 1})
