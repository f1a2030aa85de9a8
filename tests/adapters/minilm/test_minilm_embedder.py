import asyncio
from collections.abc import AsyncIterator

import pytest

from shared.adapters.minilm.minilm_embedder import MiniLmEmbedder
from tests.contract.embedder import EmbedderContract, cosine


@pytest.fixture(scope="module")
def loaded() -> MiniLmEmbedder:
    return MiniLmEmbedder()


class TestMiniLmEmbedder(EmbedderContract):
    @pytest.fixture
    async def embedder(self, loaded: MiniLmEmbedder) -> AsyncIterator[MiniLmEmbedder]:
        return loaded


async def test_near_in_meaning_is_near_without_a_word_in_common(loaded):
    asked = await loaded.query("cost of borrowing money")
    rate, cat = await loaded.documents(["The central bank raised interest", "My cat sleeps"])
    assert cosine(asked, rate) > cosine(asked, cat) + 0.2


async def test_a_long_text_is_cut_and_not_refused(loaded):
    (vector,) = await loaded.documents(["oil " * 5000])
    assert len(vector) == 384


async def test_texts_at_the_same_time_are_not_mixed_up(loaded):
    texts = [f"report number {n}" for n in range(8)]
    together = await asyncio.gather(*(loaded.query(text) for text in texts))
    assert list(together) == await loaded.documents(texts)


def test_nothing_is_loaded_before_the_first_text():
    assert "_loaded" not in vars(MiniLmEmbedder())
