import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.http.consumers.push import PushMessage, Undecodable, parse_push

PUSH: dict[str, Any] = {
    "subscription": "projects/p/subscriptions/store",
    "deliveryAttempt": 3,
    "message": {
        "data": b64encode(b"hello").decode(),
        "attributes": {"kind": "page"},
        "messageId": "77",
        "publishTime": "2020-05-29T12:00:00.123456789Z",
    },
}
STRUCTURED = {"specversion": "1.0", "type": "t", "source": "s", "id": "1", "data": PUSH}


def bytes_of(value: object) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        pytest.param({}, PUSH, id="raw"),
        pytest.param({"ce-specversion": "1.0", "ce-id": "1"}, PUSH, id="binary CloudEvent"),
        pytest.param({"content-type": "application/cloudevents+json"}, STRUCTURED, id="structured"),
    ],
)
def test_all_three_forms_of_a_push_give_the_same_message(headers, body):
    assert parse_push(headers, bytes_of(body)) == PushMessage(
        data=b"hello",
        message_id="77",
        attributes={"kind": "page"},
        publish_time=datetime(2020, 5, 29, 12, 0, 0, 123456, tzinfo=UTC),
        delivery_attempt=3,
        subscription="projects/p/subscriptions/store",
    )


def test_a_message_of_attributes_alone_has_empty_data():
    body = {"message": {"attributes": {"a": "b"}, "message_id": "5"}}
    assert parse_push({}, bytes_of(body)) == PushMessage(b"", "5", {"a": "b"})


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\xfe\x00", id="no text"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"{}", id="no message"),
        pytest.param(b"[" * 100_000, id="too deep"),
        pytest.param(bytes_of({"message": "text"}), id="message is text"),
        pytest.param(bytes_of({"message": {"data": "%%%"}}), id="no base64"),
        pytest.param(bytes_of({"message": {"data": 5}}), id="data is a number"),
        pytest.param(bytes_of({"message": {"attributes": {"a": 1}}}), id="attribute is a number"),
        pytest.param(bytes_of({"message": {"attributes": [1]}}), id="attributes are a list"),
        pytest.param(bytes_of({"message": {"publishTime": "yesterday"}}), id="no time"),
        pytest.param(bytes_of({"message": {}, "subscription": 1}), id="subscription is a number"),
    ],
)
def test_garbage_is_undecodable_and_keeps_its_bytes(body):
    parsed = parse_push({}, body)
    assert isinstance(parsed, Undecodable)
    assert parsed.body == body


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
almost_a_push = st.fixed_dictionaries(
    {},
    optional={
        "message": st.fixed_dictionaries({}, optional=dict.fromkeys(PUSH["message"], json_values)),
        "subscription": json_values,
        "deliveryAttempt": json_values,
        "specversion": json_values,
        "data": json_values,
    },
)


@given(st.binary() | (json_values | almost_a_push).map(bytes_of))
def test_no_bytes_raise(body):
    assert isinstance(parse_push({}, body), PushMessage | Undecodable)


@given(st.binary(max_size=2000), st.dictionaries(st.text(), st.text()))
def test_data_and_attributes_survive_the_envelope(data, attributes):
    message = {"data": b64encode(data).decode(), "attributes": attributes, "messageId": "1"}
    assert parse_push({}, bytes_of({"message": message})) == PushMessage(data, "1", attributes)
