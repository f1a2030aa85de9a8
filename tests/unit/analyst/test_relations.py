import pytest

from shared.analyst.facts import facts_of
from shared.analyst.relations import fault_of
from shared.domain.bias import Claim
from tests.markets import small_snapshot

FACTS = facts_of(small_snapshot(), None)

TRUE = [
    ("last_close", "above", "sma20"),
    ("last_close", "below", "prior_high"),
    ("last_close", "near", "prior_low"),
    ("rsi14", "high", None),
    ("regime_ratio", "low", None),
    ("range_atr", "normal", None),
    ("sma20_slope", "rising", None),
    ("day_change", "falling", None),
    ("sma20_distance", "positive", None),
    ("sma200_distance", "negative", None),
    ("high_today", "present", None),
    ("leader_link", "linked", None),
]
INVERSE = {
    "above": "below",
    "below": "above",
    "high": "low",
    "low": "high",
    "normal": "high",
    "rising": "falling",
    "falling": "rising",
    "positive": "negative",
    "negative": "positive",
    "present": "absent",
    "linked": "unlinked",
}


def fault(feature: str, relation: str, other: str | None) -> str | None:
    found = fault_of(Claim(feature=feature, relation=relation, other=other), FACTS)
    return None if found is None else str(found)


@pytest.mark.parametrize("claim", TRUE, ids=lambda c: " ".join(filter(None, c)))
def test_a_true_claim_has_no_fault(claim):
    assert fault(*claim) is None


@pytest.mark.parametrize(
    "claim", [c for c in TRUE if c[1] in INVERSE], ids=lambda c: " ".join(filter(None, c))
)
def test_its_inverse_is_a_fault(claim):
    feature, relation, other = claim
    assert fault(feature, INVERSE[relation], other)


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        (("last_close", "soaring", None), "unknown relation"),
        (("none_such", "positive", None), "does not exist"),
        (("vix", "high", None), "missing: not enough bars"),
        (("last_close", "above", "none_such"), "does not exist"),
        (("last_close", "above", "vix"), "missing"),
        (("last_close", "above", None), "needs other"),
        (("rsi14", "high", "sma20"), "takes no other"),
        (("rsi14", "above", "sma200_distance"), "is not above"),  # units differ
        (("last_close", "near", "sma20"), "is not near"),
        (("last_close", "high", None), "is not high"),  # has no band
        (("last_close", "rising", None), "is not rising"),  # is no change and no slope
        (("rsi14", "present", None), "is not present"),  # is no count
        (("value_position", "inside", None), "is not inside"),
        (("leader_link", "unlinked", None), "is not unlinked"),
        (("next_high", "positive", None), "is not positive"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(filter(None, value)),
)
def test_what_cannot_be_supported_is_a_fault(claim, words):
    assert words in (fault(*claim) or "")
