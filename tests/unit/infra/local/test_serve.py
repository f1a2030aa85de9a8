"""The address that people open."""

import contextlib
import socket

from infra.local.serve import address, listen


def free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
