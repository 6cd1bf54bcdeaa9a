"""Commands: what only a person can decide, and how calsync's traces are removed again."""

from __future__ import annotations

import json

import pytest
from conformance.behaviour import behaviour
from conformance.days import hour
from conformance.scene import Scene, mails
from pipeline.team import ANN, BOB, ZOE, address, old, own

from sandbox.repeat import weekly


def with_traces(scene: Scene) -> None:
    """An old record in two copies, a young one that Ann invites to, and a meeting of Bob's own."""
    scene.given(crm_events=[old(id="visit", attendees=[BOB])], outlook_events=[own("Call", of=BOB, hours=4)])
    scene.record("Demo", hours=2, attendees=[BOB], contacts=[ZOE])
    scene.settled()


ALL = ["Call", "Demo", "Visit"]


def traces_are_gone(scene: Scene) -> None:
    """What calsync made in Outlook is removed, with the mails of the one that had guests, and nothing else."""
    scene.then(
        crm=ALL,
        outlook={BOB: ["Call"]},
        mails=mails("cancellation", BOB, ZOE),
        writes={"outlook delete": 3},
        agree=False,  # nobody takes part any more
    )


@behaviour(
    "D7", "E1", says="A cleanup shows what it would remove and how many mails that sends, and removes nothing yet"
)
def test_a_cleanup_is_shown_first(scene: Scene) -> None:
    with_traces(scene)
    shown = scene.command("cleanup", "sandbox")
    assert "Removing 3 events in Outlook sends 2 cancellations, 1 of them to 1 person outside." in shown
    scene.then(crm=ALL, outlook={ANN: ["Demo", "Visit"], BOB: ALL}, mails=[], writes={})


@behaviour(
    "D7", "E1", says="A cleanup removes what calsync made in Outlook alone, with the mails it announced, for good"
)
def test_a_cleanup(scene: Scene) -> None:
    with_traces(scene)
    scene.command("cleanup", "sandbox", "--yes")
    traces_are_gone(scene)
    scene.work.authorise(ANN, BOB)
    scene.then(crm=ALL, outlook={ANN: ["Demo", "Visit"], BOB: ALL}, mails=[], writes={"outlook create": 4})


@behaviour("D7", "A5", says="A cleanup of one account leaves the others their events, which go on being synced")
def test_a_cleanup_of_one_account(scene: Scene) -> None:
    with_traces(scene)
    scene.command("cleanup", "sandbox", "--account", address(ANN), "--yes")
    scene.crm().rename("visit", "Renamed")
    scene.then(
        crm=["Call", "Demo", "Renamed"],
        outlook={BOB: ["Call", "Renamed"]},
        mails=mails("cancellation", BOB, ZOE),
        writes={"outlook delete": 2, "outlook update": 1},
        agree=False,  # Ann takes part no more
    )


@behaviour(
    "B5", "B3", "D7", says="A cleanup finds by its marks what calsync made, also when the state database is lost"
)
def test_a_cleanup_without_the_state(scene: Scene) -> None:
    with_traces(scene)
    scene.work.lose_state()
    scene.command("cleanup", "sandbox", "--yes")
    traces_are_gone(scene)


BEYOND = {"years ago": -800, "years ahead": 800}
"""Where a meeting was moved to, in days from now: far beyond the window."""


@pytest.mark.parametrize("when", BEYOND)
@behaviour("B3", "D7", "F5", says="A cleanup without the state database finds what lies {when}, beyond the window, too")
def test_a_cleanup_without_the_state_beyond_the_window(scene: Scene, when: str) -> None:
    with_traces(scene)
    start = 24 * BEYOND[when]
    scene.crm().move("visit", hour(start), hour(start + 1))
    scene.settled()
    scene.work.lose_state()
    shown = scene.command("cleanup", "sandbox")
    assert "Removing 3 events in Outlook sends 2 cancellations, 1 of them to 1 person outside." in shown
    scene.command("cleanup", "sandbox", "--yes")
    traces_are_gone(scene)


@behaviour("B3", "F1", says="A cleanup without the state database leaves, and tells, the series a user made of a copy")
def test_a_cleanup_without_the_state_of_a_series(scene: Scene) -> None:
    scene.given(crm_events=[old()])
    scene.outlook().make_series(scene.event(ANN)["id"], weekly(3))
    scene.work.lose_state()
    assert "its user has made a series of it" in " ".join(scene.command("cleanup", "sandbox", "--yes").split())
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=[], writes={}, agree=False)  # nobody takes part


def waiting(scene: Scene, side: str) -> list[str]:
    """The ids that wait for a choice."""
    return [one["id"] for one in json.loads(scene.command("choose", "sandbox", "--json")) if one["side"] == side]


@behaviour("B4", says="Of two events that look like one record the chosen one becomes it, the other gets a record")
def test_one_is_chosen(scene: Scene) -> None:
    scene.before_first_sync(crm_events=[old(id="visit")], outlook_events=[own(), own()])
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"] * 2}, mails=[], writes={}, agree=False)  # they wait
    first, second = waiting(scene, "Outlook")
    scene.command("choose", "sandbox", "visit", second)
    scene.then(crm=["Visit"] * 2, outlook={ANN: ["Visit"] * 2}, mails=[], writes={"crm create": 1})
    scene.outlook().rename(second, "Chosen")
    scene.outlook().rename(first, "Other")
    scene.then(crm=["Chosen", "Other"], outlook={ANN: ["Chosen", "Other"]}, mails=[], writes={"crm update": 2})
    assert scene.state("visit")["content"] == "Chosen"
    assert waiting(scene, "Outlook") == []


@behaviour("B4", says="When a person says that no event is the record, each gets its own other half, and mails nobody")
def test_none_is_chosen(scene: Scene) -> None:
    scene.before_first_sync(crm_events=[old(id="visit", contacts=[ZOE])], outlook_events=[own(), own()])
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"] * 2}, mails=[], writes={}, agree=False)  # they wait
    scene.command("choose", "sandbox", "visit", "--none")
    scene.then(
        crm=["Visit"] * 3,
        outlook={ANN: ["Visit"] * 3},
        mails=[],
        writes={"crm create": 2, "outlook create": 1},
    )
