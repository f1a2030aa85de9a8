import pytest

from tests.contract.vector_index import VectorIndexContract
from tests.twins.memory_vector_index import MemoryVectorIndex


class TestMemoryVectorIndex(VectorIndexContract):
    @pytest.fixture
    def empty(self) -> MemoryVectorIndex:
        return MemoryVectorIndex()
