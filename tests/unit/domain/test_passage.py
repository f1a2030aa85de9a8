from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from shared.domain.market.instrument import InstrumentClass
from shared.domain.passage import KEYWORDS, NUMBERS, Passage, PassageKind

PASSAGE = Passage(
    id="00000000-0000-0000-0000-000000000001",
    kind=PassageKind.NEWS,
    document="article-1",
    title="Oil falls",
    text="Crude stocks rose.",
    source="alpaca",
    instruments=("CL",),
    classes=(InstrumentClass.ENERGY_FUTURE,),
    currencies=("USD",),
    known_at=datetime(2026, 5, 1, 12, 0, 0, 1, UTC),
    happened_at=datetime(2026, 5, 1, 11, tzinfo=UTC),
)


def test_a_passage_survives_its_payload():
    assert Passage.read(PASSAGE.id, PASSAGE.payload()) == PASSAGE


def test_what_filters_name_is_in_the_payload():
    assert {*KEYWORDS, *NUMBERS} <= set(PASSAGE.payload())


def test_times_keep_their_microsecond():
    assert PASSAGE.payload()["known_us"] % 1_000_000 == 1


@pytest.mark.parametrize("payload", [{}, {"known_us": "now"}, PASSAGE.payload() | {"text": ""}])
def test_a_payload_that_is_none_of_ours_is_refused(payload):
    with pytest.raises(ValueError, match=r"payload|text"):
        Passage.read(PASSAGE.id, payload)


def test_an_id_is_the_canonical_form_of_a_uuid():
    with pytest.raises(ValidationError, match="canonical"):
        PASSAGE.model_validate(PASSAGE.model_dump() | {"id": PASSAGE.id.replace("-", "")})
