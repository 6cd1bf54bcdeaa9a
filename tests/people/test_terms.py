"""What an employee is told before connecting."""

from __future__ import annotations

import pytest
from people.make import tenant

from calsync.stages.terms import terms


def told(**said: object) -> dict[str, str]:
    return {one.heading: one.text for one in terms(tenant(**said))}


def test_both_ways_is_said_with_window_and_invitations() -> None:
    said = told(window={"past_days": 1, "future_days": 90}, invitations="colleagues")
    assert "kept the same" in said["Direction"]
    assert said["Which days"].startswith("Events from 1 day back to 90 days ahead.")
    assert "Contacts are not" in said["Invitations"]
    assert "Private" in said["Private events"]
    assert "Events that are there stay" in said["Disconnecting"]


@pytest.mark.parametrize(
    ("direction", "there", "absent"),
    [("crm_to_outlook", "Invitations", "What others see"), ("outlook_to_crm", "What others see", "Invitations")],
)
def test_one_way_says_what_does_not_happen(direction: str, there: str, absent: str) -> None:
    said = told(direction=direction)
    assert "Nothing" in said["Direction"]
    assert there in said
    assert absent not in said
