"""Every way to bend a chain is found: change, drop, add, reorder, back-date, rewrite."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.bias import Label, Probabilities
from shared.domain.errors import ContractBroken
from shared.domain.ids import canonical_json
from shared.forecast.chain import (
    Absent,
    Committed,
    check_order,
    commit_until,
    encode_link,
    hash_of,
    make_link,
    read_link,
)
from shared.market.registry import load_instruments
from shared.ports import KeptLink

THURSDAY = datetime(2020, 5, 28, 21, 5, tzinfo=UTC)
FRIDAY = date(2020, 5, 29)


def said(instrument: str, session: date = FRIDAY, at: datetime = THURSDAY) -> Committed:
    return Committed(
        instrument=instrument,
        session=session,
        as_of=at,
        written_at=at,
        label=Label.BULLISH,
        probabilities=Probabilities(bear=0.3, neutral=0.3, bull=0.4),
        base_rates=Probabilities(bear=0.3, neutral=0.32, bull=0.38),
        vintage="2020-01",
        snapshot_hash="5" * 64,
        record="7" * 64,
        lean=None,
    )


def chain() -> list[KeptLink]:
    """Three links of three days, two forecasts each."""
    kept, before = [], None
    for n in range(3):
        at = THURSDAY + timedelta(days=n)
        day = FRIDAY + timedelta(days=n)
        records = [said("SPY", day, at), said("ES", day, at)]
        absent = [Absent(instrument="CL", session=day, reason="no bars")]
        before = make_link(before, at, records, absent)
        kept.append(KeptLink(n + 1, encode_link(before), at + timedelta(seconds=1)))
    return kept


def change(kept: KeptLink, work: Callable[[dict], None], *, rehash: bool = False) -> KeptLink:
    raw = json.loads(kept.content)
    work(raw)
    if rehash:
        raw["hash"] = hash_of(raw)
    return KeptLink(kept.number, canonical_json(raw).encode(), kept.created_at)


def broken(links: list[KeptLink]) -> str:
    with pytest.raises(ContractBroken) as found:
        check_order(links)
    return str(found.value)


def test_a_whole_chain_is_read():
    links = check_order(chain())
    assert [link.number for link in links] == [1, 2, 3]
    assert [r.instrument for r in links[0].records] == ["ES", "SPY"]  # in their order
    assert check_order([]) == []


def test_a_link_is_written_one_way_only():
    first = chain()[0].content
    assert encode_link(read_link(first)) == first


def test_a_changed_record_is_found():
    links = chain()
    links[1] = change(links[1], lambda raw: raw["records"][0].update(label="Bearish"))
    assert broken(links) == "link 2: its content does not hash to its own hash: it was changed"


def test_a_changed_record_with_a_new_hash_breaks_the_link_after_it():
    links = chain()
    links[1] = change(links[1], lambda raw: raw["records"][0].update(label="Bearish"), rehash=True)
    assert broken(links).startswith("link 3: it does not follow from the link before it")


def test_a_dropped_record_is_found():
    links = chain()
    links[0] = change(links[0], lambda raw: raw["records"].pop())
    assert broken(links).startswith("link 1: its content does not hash")


def test_an_added_record_is_found():
    links = chain()
    links[2] = change(links[2], lambda raw: raw["records"].append(raw["records"][0]))
    assert broken(links).startswith("link 3: its content does not hash")


def test_a_record_that_is_told_twice_is_found():
    links = chain()[:1]
    second = make_link(check_order(links)[0], THURSDAY, [said("SPY")], [])
    links.append(KeptLink(2, encode_link(second), THURSDAY + timedelta(seconds=2)))
    assert broken(links) == "link 2: SPY of 2020-05-29: link 1 has it already"


def test_reordered_records_are_found():
    links = chain()[:1]
    links[0] = change(links[0], lambda raw: raw["records"].reverse(), rehash=True)
    assert broken(links) == "link 1: its records are not in their order"


def test_a_dropped_link_is_found():
    links = chain()
    del links[1]
    assert broken(links) == "link 2: it is missing; link 3 stands there"


def test_a_dropped_link_whose_number_was_filled_is_found():
    links = chain()
    links[1:] = [KeptLink(2, links[2].content, links[2].created_at)]
    assert broken(links) == "link 2: it is number 3, kept under another number"


def test_reordered_links_are_found():
    links = chain()
    one, two = links[0], links[1]
    links[:2] = [
        KeptLink(1, two.content, two.created_at),
        KeptLink(2, one.content, one.created_at),
    ]
    assert broken(links).startswith("link 1: it is number 2")


def test_a_back_dated_record_is_found():
    links = chain()
    links[1] = change(
        links[1], lambda raw: raw["records"][0].update(written_at="2020-05-27T21:05:00Z")
    )
    assert broken(links).startswith("link 2: its content does not hash")


def test_a_record_that_was_written_after_its_link_is_found():
    links = chain()[:1]
    late = "2020-05-28T21:06:00Z"
    links[0] = change(links[0], lambda raw: raw["records"][0].update(written_at=late), rehash=True)
    assert "are not in this order" in broken(links)


def test_a_back_dated_link_is_found_by_its_keepers_time():
    honest = chain()[0]
    back = change(honest, lambda raw: None, rehash=True)
    late = KeptLink(1, back.content, honest.created_at + timedelta(hours=14))
    assert "but its keeper received it at" in broken([late])


def test_a_chain_written_anew_afterwards_is_found_by_its_keepers_times():
    later = THURSDAY + timedelta(days=30)
    anew = [KeptLink(k.number, k.content, later + timedelta(seconds=k.number)) for k in chain()]
    assert broken(anew).startswith("link 1: it says 2020-05-28 21:05:00+00:00, but its keeper")


def test_a_keeper_that_had_a_link_before_the_one_before_it_is_found():
    links = chain()
    links[1] = KeptLink(2, links[1].content, links[0].created_at - timedelta(seconds=1))
    assert broken(links).startswith("link 2: its keeper had it before")


def test_a_link_that_says_an_earlier_time_than_the_one_before_it_is_found():
    links = chain()[:1]
    before = check_order(links)[0]
    raw = json.loads(encode_link(make_link(before, THURSDAY, [said("GC")], [])))
    raw["sealed_at"] = "2020-05-28T21:04:00Z"
    raw["records"][0] |= {"as_of": "2020-05-28T21:03:00Z", "written_at": "2020-05-28T21:03:00Z"}
    raw["hash"] = hash_of(raw)
    links.append(KeptLink(2, canonical_json(raw).encode(), THURSDAY + timedelta(seconds=2)))
    assert "which is before the link before it" in broken(links)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b"[" * 100_000])
def test_what_is_no_link_is_told(content):
    assert "link 1: it has not the shape of a link" in broken([KeptLink(1, content, THURSDAY)])


def test_a_link_with_a_field_more_is_no_link():
    links = chain()[:1]
    links[0] = change(links[0], lambda raw: raw.update(note="hidden"), rehash=True)
    assert "it has not the shape of a link" in broken(links)


@given(st.data())
def test_any_one_byte_that_changes_is_found(data):
    links = chain()
    place = data.draw(st.integers(0, 2))
    content = bytearray(links[place].content)
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    links[place] = KeptLink(place + 1, bytes(content), links[place].created_at)
    assert broken(links).startswith(f"link {place + 1}: ")


def test_a_link_is_never_older_than_what_it_holds():
    later = THURSDAY + timedelta(seconds=3)
    first = make_link(None, THURSDAY, [said("SPY", at=later)], [])
    second = make_link(first, THURSDAY, [], [])
    assert (first.sealed_at, second.sealed_at) == (later, later)


@pytest.mark.parametrize(
    ("symbol", "until"),
    [
        ("SPY", "2020-05-29T13:30:00+00:00"),  # the bell
        ("ES", "2020-05-28T22:00:00+00:00"),  # Globex opens the evening before
        ("EURUSD", "2020-05-28T21:15:00+00:00"),  # no pause: the cut-off
        ("BTCUSD", "2020-05-29T00:15:00+00:00"),
    ],
)
def test_a_forecast_must_be_in_the_chain_before_its_session_opens(symbol, until):
    assert commit_until(load_instruments()[symbol], FRIDAY).isoformat() == until
