"""What every keeper of secrets does; each adapter's test module subclasses it."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator

import pytest

from shared.domain.errors import NotFound
from shared.ports import Secrets


class SecretsContract(ABC):
    @pytest.fixture
    @abstractmethod
    def secrets(self) -> AsyncIterator[Secrets]: ...

    async def test_what_was_added_is_read(self, secrets: Secrets) -> None:
        added = await secrets.add("key", b"\x00\xff value")
        found = await secrets.get("key")
        assert (found, found.value) == (added, b"\x00\xff value")

    async def test_latest_is_the_newest(self, secrets: Secrets) -> None:
        await secrets.add("key", b"old")
        await secrets.get("key")
        newest = await secrets.add("key", b"new")
        assert await secrets.get("key") == newest

    async def test_older_versions_stay(self, secrets: Secrets) -> None:
        old = await secrets.add("key", b"old")
        await secrets.add("key", b"new")
        assert (await secrets.get("key", old.version)).value == b"old"

    async def test_versions_differ(self, secrets: Secrets) -> None:
        versions = [(await secrets.add("key", b"same")).version for _ in range(3)]
        assert len(set(versions)) == 3

    async def test_names_are_apart(self, secrets: Secrets) -> None:
        await secrets.add("one", b"1")
        await secrets.add("other", b"2")
        assert (await secrets.get("one")).value == b"1"

    async def test_an_unknown_name_is_not_found(self, secrets: Secrets) -> None:
        with pytest.raises(NotFound, match="nothing"):
            await secrets.get("nothing")

    @pytest.mark.parametrize("version", ["2", "0", "one", "-1"])
    async def test_an_unknown_version_is_not_found(self, secrets: Secrets, version: str) -> None:
        await secrets.add("key", b"value")
        with pytest.raises(NotFound, match="key"):
            await secrets.get("key", version)

    async def test_eight_adders_lose_nothing(self, secrets: Secrets) -> None:
        added = await asyncio.gather(*(secrets.add("key", b"%d" % n) for n in range(8)))
        found = [(await secrets.get("key", secret.version)).value for secret in added]
        assert sorted(found) == [b"%d" % n for n in range(8)]

    async def test_a_value_does_not_show_in_a_repr(self, secrets: Secrets) -> None:
        assert "hunter2" not in repr(await secrets.add("key", b"hunter2"))

    async def test_closing_twice_is_no_error(self, secrets: Secrets) -> None:
        await secrets.close()
        await secrets.close()
