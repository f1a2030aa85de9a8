import pytest

from tests.contract.embedder import EmbedderContract
from tests.twins.hashing_embedder import HashingEmbedder


class TestHashingEmbedder(EmbedderContract):
    @pytest.fixture
    def embedder(self) -> HashingEmbedder:
        return HashingEmbedder()
