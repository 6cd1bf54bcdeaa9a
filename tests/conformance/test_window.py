"""Window: it limits what is linked for the first time; what is linked is followed wherever it goes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from conformance.behaviour import behaviour
from conformance.days import event_times, graph_times, hour, midnight, plant_in_outlook, record_times, whole
from conformance.scene import Scene
from pipeline.team import ANN, BOB, address, old, own

SMALL = {"past_days": 5, "future_days": 20}
"""The window of these scenarios, in days."""


def today() -> date:
    """The date where the company is at home."""
    return datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai")).date()


def in_days(days: float) -> str:
    return hour(24 * days).isoformat()[:19]


@pytest.fixture
def windowed(scene: Scene) -> Scene:
    scene.work.configure(window=SMALL)
    return scene


@behaviour("F5", says="A meeting in {side} beyond the window is left alone and told, until its day comes near enough")
@pytest.mark.parametrize("side", ["ShareCRM", "Outlook"])
def test_entering_the_window(windowed: Scene, side: str) -> None:
    scene = windowed
    if side == "ShareCRM":
        scene.before_first_sync(crm_events=[old("Fair", hours=24 * 25)])
        scene.then(crm=["Fair"], outlook={}, mails=[], writes={}, agree=True)
        made = {"outlook create": 1}
    else:
        scene.before_first_sync(outlook_events=[own("Fair", hours=24 * 25)])
        scene.then(crm=[], outlook={ANN: ["Fair"]}, mails=[], writes={}, agree=True)
        made = {"crm create": 1}
    scene.later(days=8)
    scene.then(crm=["Fair"], outlook={ANN: ["Fair"]}, mails=[], writes=made)


@behaviour(
    "F5", says="The window's last day is the company's own: what begins on it is in, what begins after it is not"
)
def test_the_windows_last_day(windowed: Scene) -> None:
    scene = windowed
    night = midnight(today() + timedelta(days=21))

    def at(title: str, start: datetime) -> dict[str, object]:
        return old(title, start=start.isoformat(), end=(start + timedelta(hours=1)).isoformat())

    scene.before_first_sync(
        crm_events=[
            at("Late in the evening", night - timedelta(minutes=30)),
            at("After midnight", night + timedelta(minutes=30)),
            old("Last whole day") | whole(today() + timedelta(days=20), today() + timedelta(days=22)),
            old("Next whole day") | whole(today() + timedelta(days=21), today() + timedelta(days=21)),
        ]
    )
    scene.then(
        crm=["Late in the evening", "After midnight", "Last whole day", "Next whole day"],
        outlook={ANN: ["Late in the evening", "Last whole day"]},
        mails=[],
        writes={"outlook create": 2},
    )


@behaviour(
    "F5",
    says="A meeting that began before the window and reaches into it belongs to it; one that ended before does not",
)
def test_the_windows_first_day(windowed: Scene) -> None:
    scene = windowed
    first = today() - timedelta(days=5)
    scene.before_first_sync(
        crm_events=[
            old("Long fair") | whole(first - timedelta(days=3), first),
            old("Past fair") | whole(first - timedelta(days=3), first - timedelta(days=1)),
        ]
    )
    scene.then(
        crm=["Long fair", "Past fair"],
        outlook={ANN: ["Long fair"]},
        mails=[],
        writes={"outlook create": 1},
    )


@behaviour("F5", "D2", "D7", says="Meetings that grow older than the window are left as they are on both sides")
def test_ageing_out(windowed: Scene) -> None:
    scene = windowed
    scene.given(crm_events=[old("Visit")], outlook_events=[own("Call", hours=3)])
    scene.later(days=12)
    both = ["Call", "Visit"]
    scene.then(crm=both, outlook={ANN: both}, mails=[], writes={})


@behaviour("F5", "D4", says="A meeting that has left the window is still renamed and deleted from ShareCRM")
def test_aged_out_and_changed_in_sharecrm(windowed: Scene) -> None:
    scene = windowed
    scene.given(crm_events=[old("Visit", id="visit")])
    scene.later(days=12)
    scene.run()
    scene.crm().rename("visit", "Demo")
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"]}, mails=[], writes={"outlook update": 1})
    scene.crm().cancel("visit")
    scene.then(crm=[], outlook={}, mails=[], writes={"outlook delete": 1})


@pytest.mark.parametrize("days", [0, 8])
@behaviour(
    "F5",
    "D3",
    "G2",
    says="A meeting behind the window is still renamed and deleted from Outlook, {days} days before a run",
)
def test_aged_out_and_changed_in_outlook(windowed: Scene, days: int) -> None:
    scene = windowed
    scene.work.configure(retention={"staging_days": 60})
    scene.given(crm_events=[old("Visit", id="visit"), old("Fair", id="fair", hours=3)])
    scene.later(days=12)
    scene.settled()
    events = {event["subject"]: event["id"] for event in scene.work.events(address(ANN))}
    scene.outlook().rename(events["Visit"], "Demo")
    scene.outlook().delete(events["Fair"])
    scene.later(days=days)
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"]}, mails=[], writes={"crm update": 1, "crm invalid": 1})


@behaviour(
    "F5", "D2", says="A linked meeting moved out of the window in {side} is moved on the other side too, and back"
)
@pytest.mark.parametrize("side", ["ShareCRM", "Outlook"])
def test_moved_out_and_back(windowed: Scene, side: str) -> None:
    scene = windowed
    scene.given(crm_events=[old("Fair", id="fair")])
    mine = scene.event(ANN)["id"]
    for days in (60, 5):
        start, end = hour(24 * days), hour(24 * days + 1)
        if side == "ShareCRM":
            scene.crm().move("fair", start, end)
        else:
            scene.outlook().move(mine, in_days(days), end.isoformat()[:19])
        wrote = {"outlook update": 1} if side == "ShareCRM" else {"crm update": 1}
        scene.then(crm=["Fair"], outlook={ANN: ["Fair"]}, mails=[], writes=wrote)
        assert record_times(scene.state("fair")) == event_times(scene.event(ANN)) == (start, end)


@behaviour(
    "F5", "C6", says="What was renamed in Outlook while it lay beyond the window is renamed in ShareCRM when it is back"
)
def test_renamed_beyond_the_window(windowed: Scene) -> None:
    scene = windowed
    scene.given(crm_events=[old("Fair", id="fair")])
    mine = scene.event(ANN)["id"]
    scene.outlook().move(mine, in_days(30), hour(24 * 30 + 1).isoformat()[:19])
    scene.settled()
    scene.outlook().rename(mine, "Trade fair")
    scene.run()
    scene.later(days=12)
    scene.then(crm=["Trade fair"], outlook={ANN: ["Trade fair"]}, mails=[], writes={"crm update": 1})


@behaviour("F5", "D1", says="A meeting moved out of the window and deleted there in Outlook is deleted in ShareCRM")
def test_moved_out_and_deleted(windowed: Scene) -> None:
    scene = windowed
    scene.given(crm_events=[old("Fair", id="fair")])
    mine = scene.event(ANN)["id"]
    scene.outlook().move(mine, in_days(60), hour(24 * 60 + 1).isoformat()[:19])
    scene.outlook().delete(mine)
    scene.then(crm=[], outlook={}, mails=[], writes={"crm invalid": 1})


@behaviour(
    "F5", "C10", "D7", says="A window that the admin makes smaller deletes nothing; what lies outside is still followed"
)
def test_a_smaller_window(scene: Scene) -> None:
    scene.given(crm_events=[old("Fair", id="fair", hours=24 * 40)], outlook_events=[own("Call", hours=24 * 45)])
    scene.work.configure(window=SMALL)
    both = ["Call", "Fair"]
    scene.then(crm=both, outlook={ANN: both}, mails=[], writes={})
    scene.crm().rename("fair", "Trade fair")
    both = ["Call", "Trade fair"]
    scene.then(crm=both, outlook={ANN: both}, mails=[], writes={"outlook update": 1})


@behaviour("F5", "C10", says="A window that the admin makes wider brings in what stood there, once, from both sides")
def test_a_wider_window(windowed: Scene) -> None:
    scene = windowed
    scene.given(crm_events=[old("Fair", hours=24 * 40)], outlook_events=[own("Call", hours=24 * 45)])
    scene.work.configure(window={"past_days": 5, "future_days": 60})
    both = ["Call", "Fair"]
    scene.then(crm=both, outlook={ANN: both}, mails=[], writes={"outlook create": 1, "crm create": 1})


@behaviour("E2", "F5", says="Who is put on a linked meeting that lies beyond the window gets it there, without a mail")
def test_a_joiner_beyond_the_window(windowed: Scene) -> None:
    scene = windowed.given(crm_events=[old("Fair", id="fair")])
    scene.crm().move("fair", hour(24 * 60), hour(24 * 60 + 1))
    scene.settled()
    scene.crm().change("fair", participants=[ANN, BOB])
    shown = {ANN: ["Fair"], BOB: ["Fair"]}
    scene.then(crm=["Fair"], outlook=shown, mails=[], writes={"outlook create": 1})


@behaviour("A5", "E2", "F5", says="Who connects while a linked meeting lies beyond the window gets it there")
def test_a_connection_beyond_the_window(windowed: Scene) -> None:
    later = old("Later", hours=24 * 40, attendees=[BOB])
    scene = windowed.given(ANN, crm_events=[old("Fair", id="fair", attendees=[BOB]), later], agree=False)
    scene.crm().move("fair", hour(24 * 60), hour(24 * 60 + 1))
    scene.settled(agree=False)
    scene.work.authorise(BOB)
    shown = {ANN: ["Fair"], BOB: ["Fair"]}
    scene.then(crm=["Fair", "Later"], outlook=shown, mails=[], writes={"outlook create": 1})


@behaviour("E2", "F5", says="Who is put on a meeting older than the window does not get it, and that is told once")
def test_a_joiner_behind_the_window(windowed: Scene) -> None:
    scene = windowed.given(crm_events=[old("Fair", id="fair")])
    scene.later(days=12)
    scene.settled()
    scene.crm().change("fair", participants=[ANN, BOB])
    told = "who was added to it gets no copy: the meeting is older than the window"
    scene.then(crm=["Fair"], outlook={ANN: ["Fair"]}, mails=[], writes={}, reports=(told,), agree=False)
    scene.crm().rename("fair", "Demo")
    scene.run()
    assert told not in str(scene.work.report())
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"]}, mails=[], writes={"outlook update": 1}, agree=False)


@behaviour("D6", "F5", says="A cleaned meeting beyond the window comes back with its people's authorisation")
def test_cleaned_beyond_the_window(windowed: Scene) -> None:
    scene = windowed.given(crm_events=[old("Fair", id="fair")])
    scene.crm().move("fair", hour(24 * 60), hour(24 * 60 + 1))
    scene.settled()
    scene.command("cleanup", "sandbox", "--yes")
    scene.then(crm=["Fair"], outlook={}, mails=[], writes={"outlook delete": 1}, agree=False)  # nobody takes part
    scene.work.authorise(ANN)
    scene.then(crm=["Fair"], outlook={ANN: ["Fair"]}, mails=[], writes={"outlook create": 1})


@behaviour("F5", "B4", says="What stands on both sides just beyond the window is paired when it comes in, not doubled")
def test_the_margin_is_for_matching(windowed: Scene) -> None:
    scene = windowed
    start = midnight(today() + timedelta(days=22)) + timedelta(hours=9)
    end = start + timedelta(hours=1)
    scene.given(
        crm_events=[old("Fair", start=start.isoformat(), end=end.isoformat())],
        outlook_events=[plant_in_outlook(ANN, "Fair", graph_times(start, end))],
    )
    scene.later(days=4)
    scene.then(crm=["Fair"], outlook={ANN: ["Fair"]}, mails=[], writes={})


@behaviour("F7", says="A draft in Outlook is not taken over until it is sent")
def test_drafts(scene: Scene) -> None:
    scene.before_first_sync(outlook_events=[own("Call", isDraft=True)])
    scene.then(
        crm=[],
        outlook={ANN: ["Call"]},
        mails=[],
        writes={},
        reports=("a draft is not linked until it is sent",),
    )
    scene.outlook().change(scene.event(ANN)["id"], isDraft=False)
    scene.then(crm=["Call"], outlook={ANN: ["Call"]}, mails=[], writes={"crm create": 1})


@behaviour("F7", says="A record that waits in ShareCRM ({status}) does not go out, and the report says why")
@pytest.mark.parametrize("status", ["ineffective", "under_review", "in_change"])
def test_records_that_are_not_normal(scene: Scene, status: str) -> None:
    scene.before_first_sync(crm_events=[old(life_status=status)])
    scene.then(crm=[], outlook={}, mails=[], writes={}, reports=("the record is not normal at the moment",))


@behaviour("F5", says="An edit in Outlook of a linked meeting that was moved beyond the window comes over all the same")
def test_an_edit_beyond_the_window(windowed: Scene) -> None:
    scene = windowed.given(outlook_events=[own("Fair")])
    (event,) = scene.work.events(address(ANN))
    ann = scene.outlook()
    ann.move(event["id"], in_days(60), in_days(60.1))
    scene.settled()
    ann.rename(event["id"], "Fair, postponed")
    scene.later(days=8)
    scene.then(crm=["Fair, postponed"], outlook={ANN: ["Fair, postponed"]}, mails=[], writes={"crm update": 1})


@behaviour("F5", "D1", says="A linked meeting deleted beyond the window is found missing, and its record goes too")
def test_a_deletion_beyond_the_window(windowed: Scene) -> None:
    scene = windowed.given(outlook_events=[own("Fair")])
    (event,) = scene.work.events(address(ANN))
    ann = scene.outlook()
    ann.move(event["id"], in_days(60), in_days(60.1))
    scene.settled()
    scene.later(days=2)
    ann.delete(event["id"])
    scene.later(days=8)
    scene.then(crm=[], outlook={}, mails=[], writes={"crm invalid": 1})
