"""What every source of randomness does; each adapter's test module subclasses it."""

import re
from abc import ABC, abstractmethod

import pytest

from shared.ports import Entropy


class EntropyContract(ABC):
    @pytest.fixture
    @abstractmethod
    def entropy(self) -> Entropy: ...

    def test_tokens_are_26_lower_case_base32_characters(self, entropy: Entropy) -> None:
        assert all(re.fullmatch("[a-z2-7]{26}", entropy.token()) for _ in range(100))

    def test_tokens_do_not_repeat(self, entropy: Entropy) -> None:
        assert len({entropy.token() for _ in range(1000)}) == 1000

    def test_bytes_are_as_many_as_asked_for(self, entropy: Entropy) -> None:
        assert [len(entropy.random_bytes(count)) for count in (0, 1, 12, 32)] == [0, 1, 12, 32]

    def test_uniform_numbers_fill_their_range(self, entropy: Entropy) -> None:
        numbers = [entropy.uniform(2.0, 3.0) for _ in range(1000)]
        assert all(2.0 <= number <= 3.0 for number in numbers)
        assert max(numbers) - min(numbers) > 0.9
