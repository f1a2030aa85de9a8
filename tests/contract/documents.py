"""What every store of documents does; each adapter's test module subclasses it."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from itertools import chain
from typing import Any

import pytest

from shared.domain.errors import AlreadyExists, InvalidInput, VersionChanged
from shared.ports import Create, Delete, Document, Documents, Key, Query, Update
from shared.retry import compare_and_set
from tests.twins.manual_clock import ManualClock
from tests.twins.seeded_entropy import SeededEntropy

PLAIN = Key("users", ("u-1",))  # a collection without indexes takes any body


def position(user: str, own: str, root: str | None = "SPY", account: str = "a-1") -> Create:
    return Create(Key("positions", (user, own)), {"account_key": account, "root": root})


def connection(user: str, own: str, due_us: int | None, *, schedulable: bool = True) -> Create:
    body = {"broker": "alpaca", "schedulable": schedulable, "next_due_us": due_us}
    return Create(Key("connections", (user, own)), body)


def execution(user: str, own: str, at_us: int | None) -> Create:
    body = {"account_key": "a-1", "root": "SPY", "at_us": at_us}
    return Create(Key("executions", (user, own)), body)


BY_ROOT = Query("positions", ("u-1",), {"account_key": "a-1"}, "root")
BY_TIME = Query("executions", ("u-1",), {"account_key": "a-1"}, "at_us")
DUE = Query("connections", None, {"broker": "alpaca", "schedulable": True}, "next_due_us")


def ids(documents: Iterable[Document]) -> list[str]:
    return [document.key.id for document in documents]


async def read(documents: Documents, key: Key) -> Document:
    (found,) = await documents.get_many([key])
    assert found is not None
    return found


async def walk(documents: Documents, query: Query) -> list[list[str]]:
    """Follow the cursors to the end; each page as its ids."""
    pages = []
    while True:
        page = await documents.scan(query)
        pages.append(ids(page.documents))
        if page.cursor is None:
            return pages
        query = replace(query, cursor=page.cursor)


class DocumentsContract(ABC):
    @pytest.fixture
    @abstractmethod
    def documents(self) -> AsyncIterator[Documents]: ...

    # ------------------------------------------------------------- get and commit

    async def test_what_is_created_is_read(self, documents: Documents) -> None:
        await documents.commit([Create(PLAIN, {"name": "Ada"})])
        assert (await read(documents, PLAIN)).body == {"name": "Ada"}

    async def test_documents_come_in_the_order_of_their_keys(self, documents: Documents) -> None:
        await documents.commit([position("u-1", "b"), position("u-2", "a")])
        asked = [Key("positions", path) for path in (("u-2", "a"), ("u-1", "no"), ("u-1", "b"))]
        found = await documents.get_many([*asked, asked[0]])
        keys = [document.key if document else None for document in found]
        assert keys == [asked[0], None, asked[2], asked[0]]

    async def test_nothing_asked_is_nothing_found(self, documents: Documents) -> None:
        assert await documents.get_many([]) == []

    async def test_an_empty_batch_changes_nothing(self, documents: Documents) -> None:
        await documents.commit([])

    async def test_creating_an_existing_document_is_refused(self, documents: Documents) -> None:
        await documents.commit([Create(PLAIN, {"n": 1})])
        with pytest.raises(AlreadyExists):
            await documents.commit([Create(PLAIN, {"n": 2})])
        assert (await read(documents, PLAIN)).body == {"n": 1}

    async def test_a_batch_is_stored_whole_or_not_at_all(self, documents: Documents) -> None:
        await documents.commit([position("u-1", "m")])
        with pytest.raises(AlreadyExists):
            await documents.commit([position("u-1", name) for name in "almz"])
        assert await walk(documents, BY_ROOT) == [["m"]]

    async def test_a_stale_update_spoils_its_whole_batch(self, documents: Documents) -> None:
        await documents.commit([Create(PLAIN, {"n": 1}), position("u-1", "old")])
        old = await read(documents, PLAIN)
        await documents.commit([Update(PLAIN, {"n": 2}, old.version)])
        with pytest.raises(VersionChanged):
            await documents.commit(
                [
                    position("u-1", "new"),
                    Delete(Key("positions", ("u-1", "old"))),
                    Update(PLAIN, {"n": 3}, old.version),
                ]
            )
        assert await walk(documents, BY_ROOT) == [["old"]]
        assert (await read(documents, PLAIN)).body == {"n": 2}

    async def test_an_update_replaces_the_whole_body(self, documents: Documents) -> None:
        await documents.commit([Create(PLAIN, {"a": 1, "b": {"c": 2, "d": 3}})])
        old = await read(documents, PLAIN)
        await documents.commit([Update(PLAIN, {"b": {"d": 4}}, old.version)])
        assert (await read(documents, PLAIN)).body == {"b": {"d": 4}}

    async def test_an_update_may_empty_a_document(self, documents: Documents) -> None:
        await documents.commit([Create(PLAIN, {"a": 1})])
        old = await read(documents, PLAIN)
        await documents.commit([Update(PLAIN, {}, old.version)])
        assert (await read(documents, PLAIN)).body == {}

    async def test_updating_what_is_gone_is_refused(self, documents: Documents) -> None:
        await documents.commit([Create(PLAIN, {"n": 1})])
        old = await read(documents, PLAIN)
        await documents.commit([Delete(PLAIN)])
        with pytest.raises(VersionChanged):
            await documents.commit([Update(PLAIN, {"n": 2}, old.version)])
        assert await documents.get_many([PLAIN]) == [None]

    async def test_an_unknown_version_is_a_changed_one(self, documents: Documents) -> None:
        await documents.commit([Create(PLAIN, {"n": 1})])
        with pytest.raises(VersionChanged):
            await documents.commit([Update(PLAIN, {"n": 2}, "no version of ours")])

    async def test_a_deleted_document_is_gone(self, documents: Documents) -> None:
        await documents.commit([position("u-1", "p")])
        await documents.commit([Delete(Key("positions", ("u-1", "p")))])
        assert await walk(documents, BY_ROOT) == [[]]

    async def test_deleting_what_is_gone_is_no_error(self, documents: Documents) -> None:
        await documents.commit([Delete(PLAIN)])

    async def test_deleting_with_a_stale_version_is_refused(self, documents: Documents) -> None:
        await documents.commit([Create(PLAIN, {"n": 1})])
        old = await read(documents, PLAIN)
        await documents.commit([Update(PLAIN, {"n": 2}, old.version)])
        with pytest.raises(VersionChanged):
            await documents.commit([Delete(PLAIN, old.version)])
        assert (await read(documents, PLAIN)).body == {"n": 2}

    async def test_deleting_what_is_gone_by_version_is_refused(self, documents: Documents) -> None:
        await documents.commit([Create(PLAIN, {"n": 1})])
        old = await read(documents, PLAIN)
        await documents.commit([Delete(PLAIN, old.version)])
        with pytest.raises(VersionChanged):
            await documents.commit([Delete(PLAIN, old.version)])

    async def test_versions_never_return(self, documents: Documents) -> None:
        seen = set()
        for n in range(5):
            await documents.commit([Create(PLAIN, {"n": n})])
            first = await read(documents, PLAIN)
            await documents.commit([Update(PLAIN, {"n": -1}, first.version)])
            second = await read(documents, PLAIN)
            seen |= {first.version, second.version}
            await documents.commit([Delete(PLAIN)])
        assert len(seen) == 10

    async def test_a_document_needs_no_ancestor(self, documents: Documents) -> None:
        key = Key("history", ("u-1", "row-1", "000001"))
        await documents.commit([Create(key, {"n": 1})])
        assert (await read(documents, key)).key == key

    async def test_closing_twice_is_no_error(self, documents: Documents) -> None:
        await documents.commit([Create(PLAIN, {})])
        await documents.close()
        await documents.close()

    # --------------------------------------------------------------------- values

    @pytest.mark.parametrize(
        "value",
        [
            None,
            True,
            False,
            0,
            -(2**63),
            2**63 - 1,
            0.1,
            "",
            "12.50",
            "é 東京 🚀 \x00",
            [],
            [1, "a", None],
            {},
            {"a.b": {"c d": [{"e": 1}]}, "`": 1, "_": 2},
        ],
        ids=repr,
    )
    async def test_values_come_back_as_they_were(self, documents: Documents, value: Any) -> None:
        await documents.commit([Create(PLAIN, {"value": value})])
        found = (await read(documents, PLAIN)).body["value"]
        assert (found, type(found)) == (value, type(value))

    async def test_the_callers_later_changes_are_not_stored(self, documents: Documents) -> None:
        body = {"inner": {"n": 1}}
        await documents.commit([Create(PLAIN, body)])
        body["inner"]["n"] = 2
        assert (await read(documents, PLAIN)).body == {"inner": {"n": 1}}

    async def test_a_reader_cannot_change_what_is_stored(self, documents: Documents) -> None:
        await documents.commit([Create(PLAIN, {"inner": {"n": 1}})])
        (await read(documents, PLAIN)).body["inner"]["n"] = 2
        assert (await read(documents, PLAIN)).body == {"inner": {"n": 1}}

    @pytest.mark.parametrize("own", ["é東京🚀", "a b", "a:b", "%2F", "'\"`", "_", "A", "..."])
    async def test_ids_are_kept_as_they_are(self, documents: Documents, own: str) -> None:
        await documents.commit([position(own, own)])
        page = await documents.scan(replace(BY_ROOT, parent=(own,)))
        assert [document.key.path for document in page.documents] == [(own, own)]

    # ------------------------------------------------------------------- refusals

    @pytest.mark.parametrize(
        ("body", "complaint"),
        [
            ({"value": 2**63}, "64 bits"),
            ({"value": [[1]]}, "directly hold a list"),
            ({"value": b"bytes"}, "bytes is not JSON"),
            ({"value": {1, 2}}, "set is not JSON"),
            ({"value": float("nan")}, "Out of range float"),
            ({"": 1}, "cannot be a field name"),
            ({"__name__": 1}, "cannot be a field name"),
            ({"text": "x" * 1_000_001}, "at most 1000000 bytes"),
            ({"text": "é" * 500_001}, "at most 1000000 bytes"),
        ],
        ids=[
            "int65",
            "nested-list",
            "bytes",
            "set",
            "nan",
            "no-name",
            "reserved",
            "large",
            "large-é",
        ],
    )
    async def test_a_body_that_some_store_cannot_hold_is_refused(
        self, documents: Documents, body: dict[str, Any], complaint: str
    ) -> None:
        with pytest.raises(ValueError, match=complaint):
            await documents.commit([Create(PLAIN, body)])
        assert await documents.get_many([PLAIN]) == [None]

    async def test_a_body_without_an_indexed_field_is_refused(self, documents: Documents) -> None:
        key = Key("positions", ("u-1", "p"))
        with pytest.raises(ValueError, match="root"):
            await documents.commit([Create(key, {"account_key": "a-1"})])

    async def test_a_float_in_an_indexed_field_is_refused(self, documents: Documents) -> None:
        key = Key("positions", ("u-1", "p"))
        with pytest.raises(ValueError, match="root"):
            await documents.commit([Create(key, {"account_key": "a-1", "root": 1.5})])

    async def test_one_key_twice_in_a_batch_is_refused(self, documents: Documents) -> None:
        with pytest.raises(ValueError, match="twice"):
            await documents.commit([Create(PLAIN, {"n": 1}), Delete(PLAIN)])
        assert await documents.get_many([PLAIN]) == [None]

    async def test_the_largest_batch_is_stored(self, documents: Documents) -> None:
        await documents.commit([position("u-1", f"{n:03d}") for n in range(450)])
        assert [len(page) for page in await walk(documents, BY_ROOT)] == [450]

    async def test_more_writes_than_a_batch_holds_are_refused(self, documents: Documents) -> None:
        with pytest.raises(ValueError, match="450"):
            await documents.commit([position("u-1", f"{n:03d}") for n in range(451)])

    async def test_more_bytes_than_a_batch_holds_are_refused(self, documents: Documents) -> None:
        large = [Create(Key("users", (f"u-{n}",)), {"text": "x" * 900_000}) for n in range(4)]
        with pytest.raises(ValueError, match="3000000"):
            await documents.commit(large)

    @pytest.mark.parametrize(
        "key",
        [
            Key("nothing", ("a",)),
            Key("positions", ("u-1",)),
            Key("users", ("u", "v")),
            Key("users", ("",)),
            Key("users", (".",)),
            Key("users", ("a/b",)),
            Key("users", ("__a__",)),
            Key("users", ("a\x1fb",)),
            Key("users", ("é" * 751,)),
        ],
        ids=str,
    )
    async def test_keys_that_some_store_cannot_hold_are_refused(
        self, documents: Documents, key: Key
    ) -> None:
        with pytest.raises(ValueError, match=r"declared|ids|an id"):
            await documents.commit([Create(key, {})])
        with pytest.raises(ValueError, match=r"declared|ids|an id"):
            await documents.get_many([key])

    @pytest.mark.parametrize(
        "query",
        [
            replace(BY_ROOT, order_by="quantity"),
            replace(BY_ROOT, where={"root": "SPY"}),
            replace(BY_ROOT, parent=None),
            replace(BY_ROOT, parent=()),
            replace(BY_ROOT, descending=True),
            replace(BY_ROOT, limit=0),
            replace(BY_ROOT, collection="nothing"),
            Query("accounts", ("u-1",), at_least="a"),
        ],
        ids=[
            "order",
            "where",
            "group",
            "depth",
            "way",
            "limit",
            "collection",
            "bounds-without-order",
        ],
    )
    async def test_a_query_without_its_index_is_refused(
        self, documents: Documents, query: Query
    ) -> None:
        with pytest.raises(ValueError, match=r"declared|ids|at least one|need order_by"):
            await documents.scan(query)

    @pytest.mark.parametrize("cursor", ["", "%", "bm8=", "WzEsMl0=", "WzEuNSwgImEiLCAiYiJd"])
    async def test_a_forged_cursor_is_refused(self, documents: Documents, cursor: str) -> None:
        with pytest.raises(InvalidInput):
            await documents.scan(replace(BY_ROOT, cursor=cursor))

    # ---------------------------------------------------------------------- scans

    async def test_a_scan_of_nothing_is_one_empty_page(self, documents: Documents) -> None:
        assert await walk(documents, BY_ROOT) == [[]]

    async def test_ties_come_in_the_order_of_their_ids(self, documents: Documents) -> None:
        await documents.commit(
            [position("u-1", "c"), position("u-1", "a"), position("u-1", "b", "QQQ")]
        )
        assert await walk(documents, BY_ROOT) == [["b", "a", "c"]]

    async def test_descending_turns_ids_round_too(self, documents: Documents) -> None:
        await documents.commit(
            [execution("u-1", own, at) for own, at in [("c", 2), ("a", 2), ("b", 1)]]
        )
        assert await walk(documents, replace(BY_TIME, descending=True)) == [["c", "a", "b"]]

    async def test_without_an_order_ids_are_the_order(self, documents: Documents) -> None:
        await documents.commit(
            [Create(Key("accounts", ("u-1", own)), {}) for own in ["b", "Z", "a", "é", "10", "9"]]
        )
        assert await walk(documents, Query("accounts", ("u-1",))) == [
            ["10", "9", "Z", "a", "b", "é"]
        ]

    async def test_other_parents_and_values_are_left_out(self, documents: Documents) -> None:
        await documents.commit(
            [position("u-1", "a"), position("u-2", "b"), position("u-1", "c", account="a-2")]
        )
        assert await walk(documents, BY_ROOT) == [["a"]]

    async def test_none_comes_before_every_value(self, documents: Documents) -> None:
        times = {"late": 2, "open": None, "early": -5, "zero": 0}
        await documents.commit([execution("u-1", own, at) for own, at in times.items()])
        assert await walk(documents, BY_TIME) == [["open", "early", "zero", "late"]]

    async def test_none_is_a_value_to_filter_by(self, documents: Documents) -> None:
        key = Key("positions", ("u-1", "none"))
        await documents.commit(
            [position("u-1", "a"), Create(key, {"account_key": None, "root": ""})]
        )
        assert await walk(documents, replace(BY_ROOT, where={"account_key": None})) == [["none"]]

    @pytest.mark.parametrize(
        ("at_least", "below", "expected"),
        [
            (None, None, ["none", "1", "2", "3"]),
            (2, None, ["2", "3"]),
            (None, 2, ["1"]),
            (1, 3, ["1", "2"]),
            (3, 1, []),
        ],
    )
    async def test_bounds_include_the_lower_and_leave_out_the_upper_and_none(
        self, documents: Documents, at_least: int | None, below: int | None, expected: list[str]
    ) -> None:
        await documents.commit(
            [execution("u-1", "none", None), *(execution("u-1", f"{n}", n) for n in (1, 2, 3))]
        )
        query = replace(BY_TIME, at_least=at_least, below=below)
        assert await walk(documents, query) == [expected]

    @pytest.mark.parametrize("descending", [False, True])
    async def test_pages_hold_every_tie_exactly_once(
        self, documents: Documents, descending: bool
    ) -> None:
        values = [None, *range(4)]
        await documents.commit([execution("u-1", f"e{n:02d}", values[n % 5]) for n in range(30)])
        pages = await walk(documents, replace(BY_TIME, limit=7, descending=descending))
        whole = await walk(documents, replace(BY_TIME, limit=30, descending=descending))
        assert [len(page) for page in pages] == [7, 7, 7, 7, 2]
        assert [list(chain(*pages))] == whole

    async def test_a_full_last_page_has_no_cursor(self, documents: Documents) -> None:
        await documents.commit([position("u-1", own) for own in "abcd"])
        assert await walk(documents, replace(BY_ROOT, limit=2)) == [["a", "b"], ["c", "d"]]

    async def test_pages_by_id_alone_hold_everything_once(self, documents: Documents) -> None:
        keys = [Key("history", ("u-1", "row", f"{n}")) for n in range(5)]
        await documents.commit([Create(key, {}) for key in keys])
        pages = await walk(documents, Query("history", ("u-1", "row"), limit=2))
        assert pages == [["0", "1"], ["2", "3"], ["4"]]

    async def test_bounds_hold_on_later_pages(self, documents: Documents) -> None:
        await documents.commit([execution("u-1", f"{n}", n) for n in range(6)])
        query = replace(BY_TIME, at_least=1, below=5, limit=2, descending=True)
        assert await walk(documents, query) == [["4", "3"], ["2", "1"]]

    async def test_a_row_inserted_before_the_cursor_moves_no_page(
        self, documents: Documents
    ) -> None:
        await documents.commit([position("u-1", own) for own in "bcde"])
        first = await documents.scan(replace(BY_ROOT, limit=2))
        await documents.commit([position("u-1", "a")])
        second = await documents.scan(replace(BY_ROOT, limit=2, cursor=first.cursor))
        assert ids(second.documents) == ["d", "e"]

    async def test_a_group_scan_finds_all_parents(self, documents: Documents) -> None:
        await documents.commit(
            [
                connection("u-2", "a", 5),
                connection("u-1", "b", 5),
                connection("u-3", "c", 1),
                connection("u-1", "off", 0, schedulable=False),
            ]
        )
        found = (await documents.scan(DUE)).documents
        assert [document.key.path for document in found] == [
            ("u-3", "c"),
            ("u-1", "b"),
            ("u-2", "a"),
        ]

    async def test_group_pages_hold_every_tie_exactly_once(self, documents: Documents) -> None:
        await documents.commit(
            [connection(f"u-{n % 4}", f"c{n:02d}", [None, 1, 2][n % 3]) for n in range(30)]
        )
        pages = await walk(documents, replace(DUE, limit=7))
        whole = await walk(documents, DUE)
        assert [len(page) for page in pages] == [7, 7, 7, 7, 2]
        assert [list(chain(*pages))] == whole

    async def test_group_bounds_find_what_is_due(self, documents: Documents) -> None:
        await documents.commit([connection("u-1", f"c{n}", n) for n in range(5)])
        assert await walk(documents, replace(DUE, below=2)) == [["c0", "c1"]]

    async def test_an_update_moves_a_document_in_its_order(self, documents: Documents) -> None:
        await documents.commit([execution("u-1", "a", 1), execution("u-1", "b", 2)])
        first = await read(documents, Key("executions", ("u-1", "a")))
        await documents.commit([Update(first.key, {**first.body, "at_us": 3}, first.version)])
        assert await walk(documents, BY_TIME) == [["b", "a"]]

    async def test_scanned_versions_serve_an_update(self, documents: Documents) -> None:
        await documents.commit([position("u-1", "a")])
        (found,) = (await documents.scan(BY_ROOT)).documents
        await documents.commit([Update(found.key, {**found.body, "n": 1}, found.version)])
        assert (await read(documents, found.key)).body["n"] == 1

    # ---------------------------------------------------------------- concurrency

    async def test_eight_counters_lose_no_step(self, documents: Documents) -> None:
        await documents.commit([Create(PLAIN, {"n": 0})])

        async def step() -> None:
            found = await read(documents, PLAIN)
            await documents.commit([Update(PLAIN, {"n": found.body["n"] + 1}, found.version)])

        async def count() -> None:
            for _ in range(3):
                await compare_and_set(ManualClock(), SeededEntropy(), step, attempts=100)

        await asyncio.gather(*(count() for _ in range(8)))
        assert (await read(documents, PLAIN)).body == {"n": 24}

    async def test_of_eight_creators_one_wins(self, documents: Documents) -> None:
        outcomes = await asyncio.gather(
            *(documents.commit([Create(PLAIN, {"n": n})]) for n in range(8)), return_exceptions=True
        )
        assert outcomes.count(None) == 1
        assert sum(isinstance(outcome, AlreadyExists) for outcome in outcomes) == 7
