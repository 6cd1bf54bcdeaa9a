"""What is only read differently is no edit (C3)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from core.make import days, event
from core.world import World


@pytest.mark.parametrize("edited", [False, True])
def test_a_record_in_the_version_that_was_agreed_has_not_been_edited(edited: bool) -> None:
    world = World()
    record = world.record(time=days(3), contacts={"c1"})
    world.run()
    row = world.crm[record]
    assert row.event is not None
    elsewhere = event(row.event.title, days(2), attendees=row.event.attendees, contacts=row.event.contacts)
    world.crm[record] = replace(row, event=elsewhere, version=row.version + edited)
    world.configure(zone="Europe/Berlin")

    plan = world.run()

    assert [action.verb for action in plan.actions] == (["update"] if edited else [])
    assert bool(plan.mails) is edited
    assert not world.run().actions
