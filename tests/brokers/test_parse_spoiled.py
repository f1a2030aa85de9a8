"""What an examiner does to payloads: fields taken away, spoiled, added; bodies cut or exchanged.

Whatever comes, nothing breaks, and every row becomes a row of the log or is named with a reason.
"""

import json
from collections.abc import Iterator
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.brokers.engine.saved import decode_saved, read_saved, saved_json
from shared.brokers.spec import HistoryEndpoint, ReportFile
from shared.domain.errors import ContractBroken, DaybiasError
from shared.wiring.brokers import SPECS

FIXTURES = Path(__file__).parents[1] / "fixtures"
Endpoint = HistoryEndpoint | ReportFile
Path_ = tuple[str | int, ...]

SPOILED: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(
        [
            *(None, True, False, 0, -1, 7, 10**30, -(10**30), Decimal("1.50"), Decimal("1E+3000")),
            *("", " ", "0", "-5", "1,5", "abc", "NaN", "Infinity", "1e999999", "[/x]", "\x00"),
            *("é漢字", "\ud800", "9999-12-31T23:59:59Z", "0001-01-01", "99991231;235959"),
            *("2026-02-30", "2026-03-13T13:30:01", "12345678901234567890123", "<b>", "{}"),
            *([], {}, [None], [[]], {"a": 1}, [{"id": 1}]),
        ]
    ),
    st.integers(),
    st.text(max_size=8),
    st.decimals(allow_nan=False, allow_infinity=False),
)
TEXTS = st.text(max_size=8) | st.sampled_from(["", "0", "-1", "abc", "99991231;235959", "\x00"])


def endpoints(broker: str) -> tuple[Endpoint, ...]:
    return (*SPECS[broker].history, *SPECS[broker].files)


def samples(broker: str) -> list[tuple[Endpoint, Any]]:
    """Give all answers of a broker that can be decoded, each with each history."""
    found: list[tuple[Endpoint, Any]] = []
    for file in sorted((FIXTURES / broker).iterdir()):
        for endpoint in endpoints(broker):
            try:
                found.append((endpoint, decode_saved(SPECS[broker], endpoint, file.read_bytes())))
            except ValueError:
                continue
    return found


SAMPLES = {broker: samples(broker) for broker in SPECS}


def places(body: Any, above: Path_ = ()) -> Iterator[Path_]:
    yield above
    if isinstance(body, dict | list):
        inside = body.items() if isinstance(body, dict) else enumerate(body)
        for name, value in inside:
            yield from places(value, (*above, name))


def rows_of(endpoint: Endpoint, body: Any) -> list[Any]:
    try:
        return endpoint.rows(body)
    except ContractBroken:
        return body if isinstance(body, list) else [body]


def assert_all_is_told(endpoint: Endpoint, body: Any) -> None:
    """Make sure that every row of a body comes to something, together and each alone."""
    shown = saved_json(read_saved(endpoint, body))
    json.dumps(shown, default=str, allow_nan=False)
    rows = rows_of(endpoint, body)
    assert sum(len(kind) for kind in shown.values()) >= len(rows)
    assert all(one["reason"] for kind in ("ignored", "unparseable") for one in shown[kind])
    for row in rows:
        alone = saved_json(read_saved(endpoint, [row]))
        assert sum(len(kind) for kind in alone.values()) >= 1


@st.composite
def spoiled(draw: st.DrawFn, broker: str) -> tuple[Endpoint, Any]:
    """Change an answer in a place or three, as the wire could have it."""
    endpoint, body = draw(st.sampled_from(SAMPLES[broker]))
    body = deepcopy(body)
    is_xml = broker == "ibkr"  # decoded attributes are texts, and the shape is the decoder's own
    for _ in range(draw(st.integers(1, 3))):
        all_places = [p for p in places(body) if p or not is_xml]
        if is_xml:
            all_places = [p for p in all_places if len(p) == 5 and p[-1] != "row"]
        if not all_places:
            break
        *above, last = draw(st.sampled_from(all_places)) or (None,)
        if last is None:
            return endpoint, deepcopy(draw(SPOILED))
        holder = body
        for name in above:
            holder = holder[name]
        old = holder[last]
        match draw(st.sampled_from(("spoil", "take away", "turn", "add"))):
            case "take away":
                del holder[last]
            case "turn" if not is_xml:  # numbers as texts and the other way round
                holder[last] = (
                    int(old) if str(old).isdecimal() and isinstance(old, str) else str(old)
                )
            case "add" if isinstance(holder, dict):
                holder[draw(st.text(max_size=5))] = deepcopy(draw(TEXTS if is_xml else SPOILED))
            case _:
                holder[last] = deepcopy(draw(TEXTS if is_xml else SPOILED))
    return endpoint, body


@pytest.mark.parametrize("broker", sorted(SPECS))
def test_every_row_of_a_spoiled_answer_is_told(broker: str) -> None:
    @settings(max_examples=80, deadline=None)
    @given(spoiled(broker))
    def check(answer: tuple[Endpoint, Any]) -> None:
        assert_all_is_told(*answer)

    check()


SWEPT: tuple[Any, ...] = (
    None,
    True,
    7,
    -1,
    Decimal("1E+3000"),
    "",
    "abc",
    "-5",
    "9999-12-31",
    "\ud800",
    [],
    {},
)
SWEPT_TEXTS = ("", "abc", "-5", "0", "99991231;235959")  # of attributes
DATES = ("9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", 253_402_300_799_000)
GONE = object()


def kinds_of_rows(broker: str) -> Iterator[tuple[Endpoint, Any]]:
    """Give a readable row of each form that the samples have."""
    seen: set[Any] = set()
    for endpoint, body in SAMPLES[broker]:
        for row in rows_of(endpoint, body):
            found = read_saved(endpoint, [row])
            form = (endpoint.name, frozenset(row) if isinstance(row, dict) else None)
            if form not in seen and (found.executions or found.events):
                seen.add(form)
                yield endpoint, row


def changed(row: Any, place: Path_, value: Any) -> Any:
    """Copy what lies on the way to a place, and change it there."""
    first, *rest = place
    copied = row.copy()
    if rest:
        copied[first] = changed(row[first], tuple(rest), value)
    elif value is GONE:
        del copied[first]
    else:
        copied[first] = value
    return copied


@pytest.mark.parametrize("broker", sorted(SPECS))
def test_each_field_of_each_kind_of_row_may_be_spoiled(broker: str) -> None:
    values = SWEPT_TEXTS if broker == "ibkr" else SWEPT
    for endpoint, row in kinds_of_rows(broker):
        for place in filter(None, places(row)):
            if broker == "ibkr" and not isinstance(row[place[0]], str):
                continue  # put beside the row by its decoder
            more = DATES if "ime" in str(place[-1]) or "ate" in str(place[-1]) else ()
            for value in (GONE, *values, *(() if broker == "ibkr" else more)):
                found = saved_json(read_saved(endpoint, [changed(row, place, value)]))
                json.dumps(found, default=str, allow_nan=False)
                assert sum(map(len, found.values())) >= 1


BODIES: list[Any] = [
    None,
    True,
    7,
    "text",
    "",
    [],
    {},
    [[]],
    [None],
    {"data": None},
    {"error": []},
    [1, "x"],
]


@pytest.mark.parametrize("broker", sorted(SPECS))
def test_a_body_of_another_shape_is_told(broker: str) -> None:
    for endpoint in endpoints(broker):
        for body in BODIES:
            assert_all_is_told(endpoint, deepcopy(body))


@pytest.mark.parametrize("broker", sorted(SPECS))
def test_a_body_that_is_cut_is_an_answer_or_none(broker: str) -> None:
    for file in sorted((FIXTURES / broker).iterdir()):
        data = file.read_bytes()
        for end in range(0, len(data), max(1, len(data) // 40)):
            for endpoint in endpoints(broker):
                try:
                    body = decode_saved(SPECS[broker], endpoint, data[:end])
                except (ValueError, RecursionError, DaybiasError):
                    continue
                assert_all_is_told(endpoint, body)


@pytest.mark.parametrize("broker", sorted(SPECS))
def test_a_page_for_people_is_no_answer(broker: str) -> None:
    for endpoint in endpoints(broker):
        with pytest.raises(ValueError, match=r".+"):
            decode_saved(SPECS[broker], endpoint, b"<html><body><h1>503</h1></body></html>")


@pytest.mark.parametrize("broker", sorted(SPECS))
def test_fields_that_nobody_knows_change_nothing(broker: str) -> None:
    for endpoint, body in SAMPLES[broker]:
        more = deepcopy(body)
        for row in rows_of(endpoint, more):
            if isinstance(row, dict):
                row["zz-new"] = "2027"
        told = [saved_json(read_saved(endpoint, one)) for one in (body, more)]
        assert told[0]["executions"] == told[1]["executions"]
        assert told[0]["events"] == told[1]["events"]
