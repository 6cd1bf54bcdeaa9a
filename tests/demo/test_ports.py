from __future__ import annotations

import socket
from dataclasses import astuple

import pytest

from demo.errors import DemoError
from demo.ports import HOST, choose


def test_free_ports_are_all_different() -> None:
    ports = astuple(choose({}))
    assert len(set(ports)) == 4
    assert all(ports)


def test_a_wanted_port_is_taken_as_it_is() -> None:
    wanted = choose({}).api
    assert choose({"api": wanted}).api == wanted


def test_every_port_in_the_way_is_named_with_what_sets_it() -> None:
    with socket.create_server((HOST, 0)) as one, socket.create_server((HOST, 0)) as other:
        taken = {"api": one.getsockname()[1], "worker_log": other.getsockname()[1]}
        with pytest.raises(DemoError) as told:
            choose(taken)
    assert f"port {taken['api']} (--api-port or CALSYNC_DEMO_API_PORT)" in str(told.value)
    assert f"port {taken['worker_log']} (--worker-log-port or CALSYNC_DEMO_WORKER_LOG_PORT)" in str(told.value)
