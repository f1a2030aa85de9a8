import pytest

from tests.contract.documents import DocumentsContract
from tests.twins.memory_documents import MemoryDocuments


class TestMemoryDocuments(DocumentsContract):
    @pytest.fixture
    def documents(self) -> MemoryDocuments:
        return MemoryDocuments()
