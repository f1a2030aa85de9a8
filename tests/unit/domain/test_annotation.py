from decimal import Decimal

import pytest
from pydantic import ValidationError

from shared.domain.annotation import Annotation, Plan


def test_tags_are_cleaned_and_kept_once_in_order() -> None:
    assert Annotation(tags=("Late  Entry", "a", "late entry")).tags == ("a", "late entry")


@pytest.mark.parametrize(
    "wrong",
    [
        {"tags": [""]},
        {"tags": ["x" * 41]},
        {"rating": 0},
        {"rating": 6},
        {"plan": {"risk": "0"}},
        {"plan": {"stop": 1.5}},
        {"exclusion": {"reason": "", "since": "2026-01-01T00:00:00Z"}},
        {"mood": "good"},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Annotation.model_validate(wrong)


def test_an_annotation_without_content_says_nothing() -> None:
    assert Annotation().says_nothing
    assert not Annotation(plan=Plan(risk=Decimal(5))).says_nothing
