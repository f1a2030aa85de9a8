from typing import Any, ClassVar

import pytest

from shared.domain.errors import InvalidInput
from shared.domain.messages import ExecutionsObserved, Message, SyncRequested
from tests.rows import fill, page

REQUEST = {
    "user_id": "u",
    "connection_id": "c",
    "broker": "alpaca",
    "reason": "tick",
    "requested_at": "2020-05-28T20:00:00Z",
}


class Renamed(Message):
    """The second version of a message that used to call its field `old`."""

    topic: ClassVar[str] = "renamed"
    current_version: ClassVar[int] = 2

    version: int = 2
    new: str

    @classmethod
    def upgrade(cls, body: dict[str, Any]) -> dict[str, Any]:
        return {"version": 2, "new": body["old"]}


def test_a_message_survives_the_bus() -> None:
    request = SyncRequested.model_validate(REQUEST)
    assert SyncRequested.decode(request.encode()) == request


def test_a_sync_request_goes_to_its_brokers_own_topic() -> None:
    assert SyncRequested.model_validate(REQUEST).topic_name() == "sync-alpaca"


def test_a_consumer_accepts_the_version_before_its_own() -> None:
    assert Renamed.decode(b'{"version": 1, "old": "x"}').new == "x"


@pytest.mark.parametrize("version", ["0", "3", '"2"', "null", "true"])
def test_other_versions_are_refused_naming_the_known_ones(version: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Renamed.decode(b'{"version": %s, "new": "x"}' % version.encode())
    assert caught.value.expected == ("1", "2")


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"[]", b"null", b'{"version": 1}', b"{"])
def test_bytes_that_are_no_message_are_invalid_input(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="ExecutionsObserved"):
        ExecutionsObserved.decode(data)


def test_an_old_body_that_cannot_be_lifted_is_invalid_input() -> None:
    with pytest.raises(InvalidInput, match="old"):
        Renamed.decode(b'{"version": 1}')


def test_rows_survive_the_bus_in_the_form_in_which_they_were_published() -> None:
    published = page([fill("a", "1", "2", fee="0.5"), fill("b", "-1.50", "2")])
    assert ExecutionsObserved.decode(published.encode()) == published


@pytest.mark.parametrize(
    ("before", "place"),
    [(b'"key":', "rows.0.extra"), (b'"kind":', "extra"), (b'"amount":', "extra")],
    ids=["beside a row", "in a row", "in a fee"],
)
def test_an_unknown_field_of_a_row_is_refused(before: bytes, place: str) -> None:
    data = page([fill("a", "1", "2", fee="0.5")]).encode().replace(before, b'"extra":1,' + before)
    with pytest.raises(InvalidInput, match=rf"{place}$"):
        ExecutionsObserved.decode(data)


def test_an_unknown_field_is_refused() -> None:
    body = SyncRequested.model_validate(REQUEST).encode()[:-1] + b',"extra":1}'
    with pytest.raises(InvalidInput, match="extra"):
        SyncRequested.decode(body)
