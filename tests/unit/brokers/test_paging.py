from typing import Any

import pytest

from shared.brokers.paging import next_by_last_id, walk
from shared.brokers.spec import Params
from shared.domain.errors import ContractBroken

next_params = next_by_last_id(2, parameter="page_token", id_field="id")


def test_a_page_that_is_not_full_is_the_last() -> None:
    assert next_params({"a": "1"}, [{"id": "x"}]) is None


def test_an_empty_page_is_the_last() -> None:
    assert next_params({}, []) is None


def test_a_full_page_is_followed_from_its_last_row() -> None:
    assert next_params({"a": "1"}, [{"id": "x"}, {"id": "y"}]) == {"a": "1", "page_token": "y"}


@pytest.mark.parametrize("last", [{}, {"id": ""}, {"id": 7}, "row", None])
def test_a_full_page_whose_last_row_has_no_id_breaks_the_contract(last: Any) -> None:
    with pytest.raises(ContractBroken):
        next_params({}, [{"id": "x"}, last])


async def walked(pages: dict[str, list[Any]]) -> list[Any]:
    async def fetch(params: Params) -> list[Any]:
        return pages[params.get("page_token", "")]

    return [row["id"] async for rows in walk(fetch, {}, next_params) for row in rows]


async def test_all_pages_are_walked_in_order() -> None:
    pages = {"": [{"id": "a"}, {"id": "b"}], "b": [{"id": "c"}, {"id": "d"}], "d": []}
    assert await walked(pages) == ["a", "b", "c", "d"]


async def test_a_token_that_comes_back_later_ends_the_walk() -> None:
    pages = {
        "": [{"id": "a"}, {"id": "b"}],
        "b": [{"id": "c"}, {"id": "d"}],
        "d": [{"id": "a"}, {"id": "b"}],
    }
    with pytest.raises(ContractBroken):
        await walked(pages)
