from itertools import permutations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.journal.storing.log import Outcome, Sighting, merge, sightings
from tests.rows import fill, page

Story = list[tuple[int, int, str]]  # run, page, price


def sighting(run: int, number: int, price: str) -> Sighting:
    (one,) = sightings(page([fill("f1", "10", price)], run=run, number=number))
    return one


def settle(story: Story) -> tuple[dict[str, Any], set[str]]:
    """Merge sightings in the order given, with nothing known to be settled."""
    head: Any = None
    hashes = set()
    for run, number, price in story:
        seen = sighting(run, number, price)
        merged = merge(head, seen, unsettled_run=run)
        head = merged.head
        if merged.past is not None:
            hashes.add(merged.past["hash"])
    return dict(head), hashes - {head["hash"]}


def test_the_highest_observation_is_the_head_in_every_order_of_arrival() -> None:
    story: Story = [(1, 0, "100"), (2, 0, "101"), (3, 0, "100"), (4, 0, "102")]
    ends = [settle(list(order)) for order in permutations(story)]
    assert {(head["hash"], head["observation"]) for head, _ in ends} == {
        (sighting(4, 0, "102").hash, sighting(4, 0, "102").observation)
    }


@given(
    st.lists(
        st.tuples(st.integers(1, 5), st.integers(0, 3), st.sampled_from(["1", "2", "3"])),
        min_size=1,
        max_size=8,
        unique_by=lambda seen: seen[:2],
    ),
    st.randoms(use_true_random=False),
)
def test_merging_is_commutative_and_forgets_no_content(story: Story, random: Any) -> None:
    shuffled = list(story)
    random.shuffle(shuffled)
    (head, past), (other, other_past) = settle(story), settle(shuffled)
    assert (head["hash"], head["observation"], past) == (
        other["hash"],
        other["observation"],
        other_past,
    )


def test_a_content_that_returned_stays_when_the_one_between_arrives_late() -> None:
    head, _ = settle([(1, 0, "100"), (3, 0, "100"), (2, 0, "101")])
    assert head["body"]["price"] == "100"


def test_a_row_seen_again_after_its_run_settled_is_not_written() -> None:
    first = merge(None, sighting(1, 0, "100"), unsettled_run=1).head
    again = merge(first, sighting(2, 0, "100"), unsettled_run=0)
    assert again.outcome is Outcome.SAME
    assert again.head is first


def test_a_row_seen_again_while_an_older_run_is_open_takes_the_higher_number() -> None:
    first = merge(None, sighting(1, 0, "100"), unsettled_run=1).head
    again = merge(first, sighting(3, 0, "100"), unsettled_run=2)
    assert again.head["observation"] == sighting(3, 0, "100").observation


def test_versions_count_the_contents_kept_in_every_order() -> None:
    story: Story = [(1, 0, "100"), (2, 0, "101"), (3, 0, "102")]
    assert {settle(list(order))[0]["version"] for order in permutations(story)} == {3}
