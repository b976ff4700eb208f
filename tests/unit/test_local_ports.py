"""Ports: which are free, and whose a listening one is."""

import os
import socket
import subprocess
import sys
from contextlib import closing

import pytest

from deploy.local.ports import free_ports, listens, why_not


def test_free_ports_differ_and_can_be_had() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    assert [why_not("127.0.0.1", port) for port in ports] == [None] * 20


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_a_port_that_somebody_listens_on_can_not_be_had(host: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        assert why_not(host, server.getsockname()[1]) == "Address already in use"


def test_an_unknown_host_is_told() -> None:
    assert why_not("no-such-host.invalid", 8000)


def test_a_listening_port_belongs_to_the_process_that_opened_it() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
            assert listens(os.getpid(), port)
            assert not listens(other.pid, port)
    assert not listens(os.getpid(), port)


def test_a_process_that_is_gone_listens_nowhere() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        assert not listens(2**30, server.getsockname()[1])
