"""Connections tried before they are saved: what is found, and that neither a token nor anything else is kept."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from typing import Any

import pytest
from pipeline.team import ANN, address, old, seed
from pipeline.workplace import Workplace

from calsync.stages.check import Level
from calsync.stages.trial import try_connections


@pytest.fixture
def tried(work: Workplace) -> Any:
    """The findings by name, with these changes to the connections."""
    work.box.reset(seed(crm_events=[old()]))

    def look(crm: dict[str, Any] | None = None, graph: dict[str, Any] | None = None, **how: Any) -> dict[str, Any]:
        ours = work.tenant.connections
        conns = [replace(work.connection(one), **(said or {})) for one, said in ((ours.crm, crm), (ours.graph, graph))]
        checks = asyncio.run(try_connections(work.tenant, *conns, **how))
        return {check.name: check for check in checks}

    return look


def test_where_both_connections_do_everything_is_ok_and_nothing_is_written(work: Workplace, tried: Any) -> None:
    before = (sorted(os.listdir(work.folder)), len(work.box.writes()))
    found = tried(mailbox=address(ANN))

    assert {name: check.level for name, check in found.items()} == dict.fromkeys(
        [
            "ShareCRM connection", "ShareCRM token", "ShareCRM clock", "ShareCRM fields", "ShareCRM calendar",
            "Microsoft connection", "Microsoft token", "Microsoft permissions", "Microsoft directory",
            "Microsoft mailbox", "Microsoft clock",
        ],
        Level.OK,
    )  # fmt: skip
    assert (sorted(os.listdir(work.folder)), len(work.box.writes())) == before


@pytest.mark.parametrize(
    ("crm", "graph", "name", "says"),
    [
        ({}, {"password": "wrong"}, "Microsoft token", "The client secret is wrong"),
        ({}, {"password": ""}, "Microsoft connection", "password: is missing"),
        ({"host": ""}, {}, "ShareCRM connection", "host: is missing"),
        ({"password": "wrong"}, {}, "ShareCRM token", "ShareCRM refuses the app"),
    ],
)
def test_what_is_wrong_is_said_and_what_needs_it_is_left_out(
    tried: Any, crm: dict[str, Any], graph: dict[str, Any], name: str, says: str
) -> None:
    found = tried(crm, graph)
    assert found[name].level is Level.BAD
    assert says in found[name].sentence
    after = [check for other, check in found.items() if other.split()[0] == name.split()[0] and other != name]
    assert [check.sentence for check in after if check.level is not Level.OK] == (
        [f"Not looked at: mend '{name}' first."] * sum(check.level is Level.WARN for check in after)
    )


def test_a_secret_that_was_right_before_is_asked_about_anew(tried: Any) -> None:
    assert tried()["Microsoft token"].level is Level.OK
    assert tried({}, {"password": "wrong"})["Microsoft token"].level is Level.BAD


def test_a_mailbox_that_is_not_there_is_not_named_again(work: Workplace, tried: Any) -> None:
    found = tried(mailbox="nobody@contoso.example")["Microsoft mailbox"]
    assert found.level is Level.BAD
    assert "nobody" not in found.sentence


def test_a_system_that_does_not_answer_is_not_waited_for(work: Workplace, tried: Any) -> None:
    work.box.fault("graph", {"delay_s": 30}, path=r"/users\?")
    found = tried(within_s=2.0)
    assert found["Microsoft directory"].level is Level.BAD
    assert found["ShareCRM fields"].level is Level.OK
