"""The address that people open."""

import contextlib
from pathlib import Path

import pytest

from infra.local.serve import address, index_here, listen
from shared.config import BiasSettings
from tests.ports import free_port


def test_the_wanted_port_is_taken_when_it_is_free() -> None:
    port = free_port()
    with contextlib.closing(listen(port)) as listening:
        assert address(listening) == f"http://localhost:{port}"


def test_another_port_is_taken_when_a_program_has_the_wanted_one() -> None:
    with contextlib.closing(listen(0)) as first:
        first.listen()
        wanted = first.getsockname()[1]
        with contextlib.closing(listen(wanted)) as second:
            assert second.getsockname()[1] != wanted


def test_only_this_machine_is_served() -> None:
    with contextlib.closing(listen(0)) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"


@pytest.mark.parametrize(
    ("settings", "here"),
    [
        ({}, True),
        ({"rrf_k": 60}, True),
        ({"qdrant_url": "http://127.0.0.1:6333"}, False),
        ({"local_retrieval": False}, False),
    ],
)
def test_texts_are_kept_here_unless_a_server_is_named_or_none_are_wanted(
    tmp_path: Path, settings: dict[str, object], here: bool
) -> None:
    opened = index_here(BiasSettings(**settings), tmp_path)
    assert (opened is not None) == here
    assert opened is None or opened.config.rrf_k == settings.get("rrf_k", 2)
