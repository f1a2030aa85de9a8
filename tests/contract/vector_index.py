"""What every index of vectors does; each adapter's test module subclasses it."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from uuid import UUID

import pytest

from shared.domain.errors import ContractBroken, NotFound
from shared.ports import VectorFilter, VectorHit, VectorIndex, VectorPoint, VectorQuery

NEWS = "news-words-1-4"
EAST, NORTH, UP = [1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]
OIL, GOLD, RATE = 7, 4_000_000_000, 21
EARLY, LATE = 1_590_000_000_000_000, 1_590_000_000_000_001  # a microsecond apart


def uuid(number: int) -> str:
    return str(UUID(int=number))


def point(
    number: int,
    dense: Sequence[float] = EAST,
    sparse: Mapping[int, float] | None = None,
    **payload: object,
) -> VectorPoint:
    return VectorPoint(uuid(number), dense, {OIL: 1.0} if sparse is None else sparse, payload)


def found(hits: Sequence[VectorHit]) -> list[str]:
    return [hit.id for hit in hits]


def by_meaning(
    vector: Sequence[float] = EAST, only: VectorFilter | None = None, limit: int = 10
) -> VectorQuery:
    return VectorQuery(vector, None, only or VectorFilter(), limit=limit)


class VectorIndexContract(ABC):
    @pytest.fixture
    @abstractmethod
    def empty(self) -> AsyncIterator[VectorIndex]: ...

    @pytest.fixture
    async def index(self, empty: VectorIndex) -> VectorIndex:
        await empty.ensure(NEWS, 4)
        return empty

    # ------------------------------------------------------------ collections

    async def test_ensuring_twice_keeps_the_points(self, index: VectorIndex) -> None:
        await index.upsert(NEWS, [point(1)])
        await index.ensure(NEWS, 4)
        assert await index.count(NEWS) == 1

    async def test_another_dimension_is_refused(self, index: VectorIndex) -> None:
        with pytest.raises(ContractBroken, match="4"):
            await index.ensure(NEWS, 3)

    async def test_an_unknown_collection_is_not_found(self, index: VectorIndex) -> None:
        calls = (
            lambda: index.upsert("other", [point(1)]),
            lambda: index.search("other", by_meaning()),
            lambda: index.have("other", [uuid(1)]),
            lambda: index.walk("other"),
            lambda: index.count("other"),
            lambda: index.delete("other", VectorFilter()),
            lambda: index.point_alias("alias", "other"),
        )
        for call in calls:
            with pytest.raises(NotFound, match="other"):
                await call()

    async def test_collections_are_apart(self, index: VectorIndex) -> None:
        await index.ensure("events-words-1-3", 3)
        await index.upsert(NEWS, [point(1)])
        assert await index.count("events-words-1-3") == 0

    async def test_a_dropped_collection_is_gone(self, index: VectorIndex) -> None:
        await index.drop(NEWS)
        await index.drop(NEWS)
        with pytest.raises(NotFound):
            await index.count(NEWS)

    async def test_a_collection_can_be_made_again_after_its_drop(self, index: VectorIndex) -> None:
        await index.upsert(NEWS, [point(1)])
        await index.drop(NEWS)
        await index.ensure(NEWS, 4)
        assert await index.count(NEWS) == 0

    # ----------------------------------------------------------------- points

    async def test_what_was_written_is_found_with_its_payload(self, index: VectorIndex) -> None:
        body = {"text": "Öl fällt", "instruments": ["CL"], "known_us": 1_590_000_000_000_001}
        await index.upsert(NEWS, [VectorPoint(uuid(1), EAST, {OIL: 1.0}, body)])
        (hit,) = await index.search(NEWS, by_meaning())
        assert (hit.id, dict(hit.payload)) == (uuid(1), body)

    async def test_the_same_points_again_change_nothing(self, index: VectorIndex) -> None:
        points = [point(n) for n in range(1, 4)]
        await index.upsert(NEWS, points)
        await index.upsert(NEWS, points)
        assert await index.count(NEWS) == 3

    async def test_a_point_is_replaced_whole(self, index: VectorIndex) -> None:
        await index.upsert(NEWS, [point(1, EAST, {OIL: 1.0}, old=1)])
        await index.upsert(NEWS, [point(1, NORTH, {GOLD: 1.0}, new=2)])
        (hit,) = await index.search(NEWS, by_meaning(NORTH))
        assert (dict(hit.payload), hit.score) == ({"new": 2}, pytest.approx(1.0))
        assert await index.search(NEWS, VectorQuery(None, {OIL: 1.0})) == []

    async def test_no_points_are_nothing_to_do(self, index: VectorIndex) -> None:
        await index.upsert(NEWS, [])
        assert await index.count(NEWS) == 0

    async def test_a_wrong_dimension_writes_nothing(self, index: VectorIndex) -> None:
        with pytest.raises(ValueError, match="3"):
            await index.upsert(NEWS, [point(1), point(2, [1.0, 0.0, 0.0])])
        assert await index.count(NEWS) == 0

    async def test_a_question_of_a_wrong_dimension_is_refused(self, index: VectorIndex) -> None:
        await index.upsert(NEWS, [point(1)])
        with pytest.raises(ValueError, match="3"):
            await index.search(NEWS, by_meaning([1.0, 0.0, 0.0]))

    async def test_known_ids_are_told(self, index: VectorIndex) -> None:
        await index.upsert(NEWS, [point(1), point(3)])
        assert await index.have(NEWS, [uuid(1), uuid(2), uuid(3)]) == {uuid(1), uuid(3)}
        assert await index.have(NEWS, []) == set()

    async def test_a_walk_meets_every_point_once(self, index: VectorIndex) -> None:
        await index.upsert(NEWS, [point(n, rank=n) for n in (5, 1, 4, 2, 3)])
        met, after = [], None
        while page := await index.walk(NEWS, after, limit=2):
            met += [(stored.id, stored.payload["rank"]) for stored in page]
            after = page[-1].id
        assert met == [(uuid(n), n) for n in range(1, 6)]

    async def test_eight_writers_lose_nothing(self, index: VectorIndex) -> None:
        await asyncio.gather(*(index.upsert(NEWS, [point(n)]) for n in range(1, 9)))
        assert await index.count(NEWS) == 8

    def test_an_id_is_a_uuid(self) -> None:
        with pytest.raises(ValueError, match="badly formed"):
            VectorPoint("article-1", EAST, {}, {})

    # ----------------------------------------------------------------- search

    async def test_the_nearest_comes_first(self, index: VectorIndex) -> None:
        await index.upsert(NEWS, [point(1, NORTH), point(2, [0.9, 0.1, 0, 0]), point(3, UP)])
        hits = await index.search(NEWS, by_meaning(EAST, limit=2))
        assert found(hits)[0] == uuid(2)
        assert len(hits) == 2

    async def test_a_half_without_the_other_scores_by_itself(self, index: VectorIndex) -> None:
        await index.upsert(NEWS, [point(1, [0.6, 0.8, 0.0, 0.0])])
        (hit,) = await index.search(NEWS, by_meaning(EAST))
        assert hit.score == pytest.approx(0.6, abs=1e-5)

    async def test_words_find_only_what_shares_one(self, index: VectorIndex) -> None:
        await index.upsert(NEWS, [point(1, sparse={OIL: 1.0}), point(2, sparse={GOLD: 1.0})])
        assert found(await index.search(NEWS, VectorQuery(None, {GOLD: 1.0}))) == [uuid(2)]

    async def test_a_rare_word_weighs_more(self, index: VectorIndex) -> None:
        await index.upsert(
            NEWS,
            [
                *(point(n, sparse={OIL: 1.0}) for n in range(1, 8)),
                point(8, sparse={GOLD: 1.0}),
            ],
        )
        hits = await index.search(NEWS, VectorQuery(None, {OIL: 1.0, GOLD: 1.0}))
        assert hits[0].id == uuid(8)
        assert hits[0].score > 2 * hits[1].score

    async def test_a_points_weights_count(self, index: VectorIndex) -> None:
        await index.upsert(NEWS, [point(1, sparse={OIL: 0.5}), point(2, sparse={OIL: 1.5})])
        assert found(await index.search(NEWS, VectorQuery(None, {OIL: 1.0}))) == [uuid(2), uuid(1)]

    async def test_ranks_are_fused(self, index: VectorIndex) -> None:
        """Second by both halves beats first by one of them alone, when the constant is large."""
        await index.upsert(
            NEWS,
            [
                point(1, EAST, {GOLD: 1.0}),
                point(2, [0.9, 0.4, 0, 0], {OIL: 1.0}),
                point(3, [0.1, 0.9, 0, 0], {OIL: 2.0}),
            ],
        )
        hits = await index.search(NEWS, VectorQuery(EAST, {OIL: 1.0}, rrf_k=60))
        assert {hit.id: hit.score for hit in hits} == pytest.approx(
            {uuid(2): 1 / 61 + 1 / 61, uuid(3): 1 / 62 + 1 / 60, uuid(1): 1 / 60}
        )

    async def test_the_constant_of_the_fusion_is_the_questions(self, index: VectorIndex) -> None:
        await index.upsert(NEWS, [point(1)])
        (hit,) = await index.search(NEWS, VectorQuery(EAST, {OIL: 1.0}, rrf_k=2))
        assert hit.score == pytest.approx(1.0)

    async def test_each_half_brings_no_more_than_its_depth(self, index: VectorIndex) -> None:
        await index.upsert(NEWS, [point(n, [1.0, n / 10, 0, 0], {GOLD: 1.0}) for n in range(9)])
        hits = await index.search(NEWS, VectorQuery(EAST, {OIL: 1.0}, depth=3))
        assert found(hits) == [uuid(0), uuid(1), uuid(2)]

    async def test_words_that_are_none_leave_the_meaning_alone(self, index: VectorIndex) -> None:
        await index.upsert(NEWS, [point(1, sparse={}), point(2, NORTH)])
        assert found(await index.search(NEWS, VectorQuery(EAST, {}))) == [uuid(1), uuid(2)]

    async def test_nothing_asked_finds_nothing(self, index: VectorIndex) -> None:
        await index.upsert(NEWS, [point(1)])
        assert await index.search(NEWS, VectorQuery(None, {})) == []

    async def test_an_empty_collection_finds_nothing(self, index: VectorIndex) -> None:
        assert await index.search(NEWS, VectorQuery(EAST, {OIL: 1.0})) == []

    # ---------------------------------------------------------------- filters

    @pytest.mark.parametrize(
        ("only", "expected"),
        [
            (VectorFilter(), [1, 2, 3]),
            (VectorFilter(any={"instruments": ("CL",)}), [1]),
            (VectorFilter(any={"instruments": ("ES", "GC")}), [2]),
            (VectorFilter(any={"classes": ("index",)}), [2, 3]),
            (VectorFilter(any={"classes": ("index",), "instruments": ("CL",)}), []),
            (VectorFilter(any={"classes": ()}), []),
            (VectorFilter(at_most={"known_us": LATE}), [1, 2]),
            (VectorFilter(at_most={"known_us": EARLY}), [1]),
            (VectorFilter(at_least={"known_us": LATE}), [2]),
            (VectorFilter({"classes": ("index",)}, {"known_us": LATE}), [2]),
            (VectorFilter({}, {"known_us": LATE}, {"known_us": LATE}), [2]),
            (VectorFilter({}, {"known_us": EARLY}, {"known_us": LATE}), []),
            (VectorFilter({}, {"known_us": LATE, "happened_us": EARLY}), [1]),
            (VectorFilter({}, {"known_us": LATE}, {"happened_us": LATE}), [2]),
        ],
    )
    async def test_only_what_passes_is_found_counted_and_removed(
        self, index: VectorIndex, only: VectorFilter, expected: list[int]
    ) -> None:
        await index.upsert(
            NEWS,
            [
                point(
                    1,
                    EAST,
                    instruments=["CL", "NG"],
                    classes="metal",
                    known_us=EARLY,
                    happened_us=EARLY,
                ),
                point(
                    2, EAST, instruments=["ES"], classes="index", known_us=LATE, happened_us=LATE
                ),
                point(3, EAST, classes="index"),  # without instrument and time
            ],
        )
        wanted = {uuid(n) for n in expected}
        assert set(found(await index.search(NEWS, by_meaning(only=only)))) == wanted
        assert set(found(await index.search(NEWS, VectorQuery(EAST, {OIL: 1.0}, only)))) == wanted
        assert await index.count(NEWS, only) == len(wanted)
        await index.delete(NEWS, only)
        left = {stored.id for stored in await index.walk(NEWS)}
        assert left == {uuid(n) for n in (1, 2, 3)} - wanted

    async def test_a_filter_never_costs_a_half_its_depth(self, index: VectorIndex) -> None:
        """What the filter leaves out takes no place: it holds inside each half, not after."""
        others = [point(n, EAST, {OIL: 2.0}, classes="other") for n in range(1, 9)]
        await index.upsert(NEWS, [*others, point(9, NORTH, {OIL: 0.1}, classes="ours")])
        only = VectorFilter(any={"classes": ("ours",)})
        hits = await index.search(NEWS, VectorQuery(EAST, {OIL: 1.0}, only, depth=2))
        assert found(hits) == [uuid(9)]

    # ---------------------------------------------------------------- aliases

    async def test_an_alias_stands_for_its_collection(self, index: VectorIndex) -> None:
        await index.point_alias("news", NEWS)
        await index.upsert("news", [point(1)])
        assert found(await index.search("news", by_meaning())) == [uuid(1)]
        assert await index.count("news") == 1
        assert await index.have("news", [uuid(1)]) == {uuid(1)}
        assert len(await index.walk("news")) == 1

    async def test_an_alias_tells_what_it_stands_for(self, index: VectorIndex) -> None:
        assert await index.resolve("news") is None
        await index.point_alias("news", NEWS)
        assert await index.resolve("news") == NEWS

    async def test_an_alias_moves(self, index: VectorIndex) -> None:
        await index.ensure("news-other-3", 3)
        await index.point_alias("news", NEWS)
        await index.point_alias("news", "news-other-3")
        assert await index.resolve("news") == "news-other-3"
        await index.drop(NEWS)
        assert await index.count("news") == 0

    async def test_an_alias_goes_with_its_collection(self, index: VectorIndex) -> None:
        await index.point_alias("news", NEWS)
        await index.drop(NEWS)
        assert await index.resolve("news") is None

    async def test_searches_go_on_while_an_alias_moves(self, index: VectorIndex) -> None:
        await index.ensure("news-other-4", 4)
        for name in (NEWS, "news-other-4"):
            await index.upsert(name, [point(1)])
        await index.point_alias("news", NEWS)

        async def switch() -> None:
            for n in range(10):
                await index.point_alias("news", ("news-other-4", NEWS)[n % 2])

        async def look() -> list[int]:
            return [len(await index.search("news", by_meaning())) for _ in range(20)]

        _, seen = await asyncio.gather(switch(), look())
        assert seen == [1] * 20

    async def test_closing_twice_is_no_error(self, index: VectorIndex) -> None:
        await index.close()
        await index.close()
