"""The edits, done to a live sandbox, and told as differences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo import check
from demo.difference import difference
from demo.edit import make_edits
from demo.paths import ROOT
from sandbox.client import Sandbox
from sandbox.server import Server

_TENANT_FILE = ROOT / "include" / "tenants" / "sandbox.yaml"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Server(tmp_path) as server, Sandbox(server.url, server.ca) as client:
        client.reset({"team": "sales"})
        yield client


def test_people_edit_on_both_sides(sandbox: Sandbox) -> None:
    before = sandbox.state()
    told = make_edits(sandbox, check.calendar(_TENANT_FILE))
    assert len(told) == 8
    found = difference(before, sandbox.state())
    by_side = Counter(("ShareCRM" if one.place == "ShareCRM" else "Outlook", one.verb) for one in found)
    assert by_side["ShareCRM", "created"] == by_side["ShareCRM", "changed"] == by_side["ShareCRM", "deleted"] == 1
    assert by_side["Outlook", "created"] == by_side["Outlook", "deleted"] == 1
    # One is moved, one date of a series too, and one gets a guest; colleagues who are on them have copies that follow.
    assert by_side["Outlook", "changed"] >= 3
    moved = [one for one in found if one.title.startswith("Sales meeting")]
    assert {one.place for one in moved} == {f"{name}@contoso.example" for name in ("lin.mei", "anna.berg", "chen.wei")}
    assert {line.split(":")[0] for one in moved for line in one.changes} == {"time"}


def test_none_of_it_is_taken_for_calsyncs_work(sandbox: Sandbox) -> None:
    settled = check.last_write(sandbox)
    make_edits(sandbox, check.calendar(_TENANT_FILE))
    assert check.last_write(sandbox) > settled
    assert not check.calsync_writes(sandbox, settled)


def test_the_edits_can_be_made_again(sandbox: Sandbox) -> None:
    for _ in range(3):
        before = sandbox.state()
        assert make_edits(sandbox, check.calendar(_TENANT_FILE))
        assert difference(before, sandbox.state())


def test_before_anything_ran_the_second_opinion_misses_every_meeting(sandbox: Sandbox) -> None:
    told = check.disagreements(sandbox, _TENANT_FILE)
    assert any("is missing in anna.berg@contoso.example" in sentence for sentence in told)
    assert any("is not in ShareCRM" in sentence for sentence in told)
    assert not any("Dentist" in sentence or "Supplier day" in sentence for sentence in told)


def test_nothing_differs_from_itself(sandbox: Sandbox) -> None:
    assert difference(sandbox.state(), sandbox.state()) == []
