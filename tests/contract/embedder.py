"""What every embedder does; each adapter's test module subclasses it."""

import re
from abc import ABC, abstractmethod
from math import sqrt

import pytest

from shared.ports import Embedder

TEXTS = ("Crude oil stocks fell last week", "The bank kept its interest rate", "x")


def cosine(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


class EmbedderContract(ABC):
    @pytest.fixture
    @abstractmethod
    def embedder(self) -> Embedder: ...

    async def test_a_text_becomes_a_vector_of_the_dimension(self, embedder: Embedder) -> None:
        vectors = await embedder.documents(TEXTS)
        assert [len(vector) for vector in vectors] == [embedder.dimension] * len(TEXTS)

    async def test_vectors_have_length_one(self, embedder: Embedder) -> None:
        vectors = [*await embedder.documents(TEXTS), await embedder.query(TEXTS[0])]
        lengths = [sqrt(sum(value * value for value in vector)) for vector in vectors]
        assert lengths == pytest.approx([1.0] * len(lengths), abs=1e-5)

    async def test_vectors_come_in_the_order_of_their_texts(self, embedder: Embedder) -> None:
        there = await embedder.documents(TEXTS)
        back = await embedder.documents(TEXTS[::-1])
        assert [
            v == pytest.approx(w, abs=1e-6) for v, w in zip(there, back[::-1], strict=True)
        ] == [True] * len(TEXTS)

    async def test_a_text_has_one_vector_whatever_stands_beside_it(
        self, embedder: Embedder
    ) -> None:
        (alone,) = await embedder.documents([TEXTS[1]])
        assert (await embedder.documents(TEXTS))[1] == pytest.approx(alone, abs=1e-6)

    async def test_a_question_is_nearest_to_the_text_that_answers_it(
        self, embedder: Embedder
    ) -> None:
        asked = await embedder.query("crude oil stocks")
        oil, bank, _ = await embedder.documents(TEXTS)
        assert cosine(asked, oil) > cosine(asked, bank)

    async def test_no_texts_are_no_vectors(self, embedder: Embedder) -> None:
        assert await embedder.documents([]) == []

    async def test_an_empty_text_has_a_vector(self, embedder: Embedder) -> None:
        assert [len(v) for v in await embedder.documents([""])] == [embedder.dimension]

    async def test_the_models_name_fits_into_the_name_of_a_collection(
        self, embedder: Embedder
    ) -> None:
        assert re.fullmatch(r"[a-z0-9.-]{1,40}", embedder.model)

    async def test_closing_twice_is_no_error(self, embedder: Embedder) -> None:
        await embedder.close()
        await embedder.close()
