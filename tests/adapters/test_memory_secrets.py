import pytest

from tests.contract.secrets import SecretsContract
from tests.twins.memory_secrets import MemorySecrets


class TestMemorySecrets(SecretsContract):
    @pytest.fixture
    def secrets(self) -> MemorySecrets:
        return MemorySecrets()
