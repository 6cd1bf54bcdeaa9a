"""Accounts: who is connected, who connects later, and who goes away."""

from __future__ import annotations

import pytest
from conformance.behaviour import behaviour
from conformance.scene import Scene, mails
from pipeline.team import ANN, BOB, CAI, ZOE, address, old, own, seed

ALIAS = "robert@contoso.example"


@behaviour(
    "A5", "E2", says="A colleague who connects later gets a silent copy of a meeting they could not be invited to"
)
def test_a_second_colleague_connects_later(scene: Scene) -> None:
    scene.given(ANN)
    scene.record("Visit", attendees=[BOB], contacts=[ZOE])
    scene.settled(agree=False)
    scene.later(minutes=1)
    scene.work.authorise(BOB)
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"], BOB: ["Visit"]}, mails=[], writes={"outlook create": 1})
    assert scene.listed(ANN) == {address(ZOE)}


@behaviour(
    "A5", "B2", says="A colleague who connects later has their invitations recognised: nothing is sent or written"
)
def test_invitations_are_recognised_later(scene: Scene) -> None:
    scene.given(ANN, outlook_events=[own("Call", guests=(address(BOB), address(ZOE)))])
    scene.later(minutes=1)
    scene.work.authorise(BOB)
    scene.then(crm=["Call"], outlook={ANN: ["Call"], BOB: ["Call"]}, mails=[], writes={})
    scene.outlook().rename(scene.event(ANN)["id"], "Talk")
    scene.then(crm=["Talk"], outlook={ANN: ["Talk"], BOB: ["Talk"]}, mails=[], writes={"crm update": 1})


@behaviour(
    "A5", "C10", says="A record nobody on it could show waits without harm, and goes out as copies when they connect"
)
def test_nobody_connected_and_later_somebody(scene: Scene) -> None:
    scene.given(CAI, crm_events=[old("Visit", attendees=[BOB], contacts=[ZOE])])
    scene.then(crm=["Visit"], outlook={}, mails=[], writes={}, agree=False)
    scene.work.authorise(ANN, BOB)
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"], BOB: ["Visit"]}, mails=[], writes={"outlook create": 2})


@behaviour(
    "A5",
    "D7",
    says="Withdrawing an authorisation deletes nothing; given again, what was missed is caught up, not doubled",
)
def test_revoked_and_authorised_again(scene: Scene) -> None:
    scene.given(crm_events=[old("Visit", id="sch-1", attendees=[BOB])])
    scene.revoke(BOB)
    scene.crm().rename("sch-1", "Demo")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Demo"], BOB: ["Visit"]},
        mails=[],
        writes={"outlook update": 1},
        agree=False,  # Bob's calendar may not be touched
    )
    scene.work.authorise(BOB)
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"], BOB: ["Demo"]}, mails=[], writes={"outlook update": 1})


def asked_for(scene: Scene, employee: str, since: int) -> bool:
    """Whether calsync has sent a request about this mailbox since so many requests."""
    mailbox = scene.work.server.world.microsoft.user(address(employee)).id
    made = [entry for entry in scene.work.box.requests()[since:] if str(entry["actor"]).startswith("app:")]
    return any(f"users/{mailbox}/" in str(entry) for entry in made)


@behaviour(
    "A5",
    "D7",
    says="Whom the tenant file leaves out later is read and written no more, and nothing is deleted; taken in and "
    "authorised again, what was missed is caught up, not doubled",
)
def test_left_out_and_taken_in_again(scene: Scene) -> None:
    scene.given(crm_events=[old("Visit", id="sch-1", attendees=[BOB])])
    review = scene.record("Review", owner=BOB, hours=3, attendees=[ANN], contacts=[ZOE])
    scene.settled()
    asked = len(scene.work.box.requests())
    scene.work.configure(employees={BOB: None})
    scene.crm().rename("sch-1", "Demo")
    scene.meeting("Call", of=BOB, hours=5)
    crm, shown = ["Demo", "Review"], {ANN: ["Demo", "Review"], BOB: ["Call", "Review", "Visit"]}
    scene.then(crm=crm, outlook=shown, mails=[], writes={"outlook update": 1}, agree=False)
    assert asked_for(scene, BOB, 0)
    assert not asked_for(scene, BOB, asked)
    scene.work.configure(employees={})
    scene.then(crm=crm, outlook=shown, mails=[], writes={}, agree=False)  # nobody has authorised him again
    scene.work.authorise(BOB)
    scene.then(
        crm=["Call", "Demo", "Review"],
        outlook={ANN: ["Demo", "Review"], BOB: ["Call", "Demo", "Review"]},
        mails=[],
        writes={"outlook update": 1, "crm create": 1},
    )
    scene.crm(BOB).rename(review, "Retro")
    scene.then(
        crm=["Call", "Demo", "Retro"],
        outlook={ANN: ["Demo", "Retro"], BOB: ["Call", "Demo", "Retro"]},
        mails=mails("update", ANN, ZOE),
        writes={"outlook update": 1},
    )


@behaviour("A5", "E3", says="Withdrawing a guest's authorisation takes them off no meeting")
def test_a_revoked_guest_stays_invited(scene: Scene) -> None:
    scene.given()
    visit = scene.record("Visit", attendees=[BOB])
    scene.settled()
    scene.revoke(BOB)
    scene.crm().rename(visit, "Demo")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Demo"], BOB: ["Demo"]},
        mails=mails("update", BOB),
        writes={"outlook update": 1},
    )
    assert scene.people("Demo") == ({ANN, BOB}, set())


@pytest.mark.parametrize("state", ["none", "forbidden"])
@behaviour(
    "A5", "D2", says="A mailbox that cannot be read for a while ({state}) deletes nothing and holds up nobody else"
)
def test_a_mailbox_away(scene: Scene, state: str) -> None:
    scene.given(crm_events=[old("Visit", id="sch-1", attendees=[BOB])])
    scene.work.box.set_mailbox(address(BOB), state)
    scene.crm().rename("sch-1", "Demo")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Demo"], BOB: ["Visit"]},
        mails=[],
        writes={"outlook update": 1},
        agree=False,  # Bob's mailbox is away
    )
    scene.work.box.set_mailbox(address(BOB), "ok")
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"], BOB: ["Demo"]}, mails=[], writes={"outlook update": 1})


@behaviour(
    "A5", says="Two employees with addresses of one mailbox: neither is connected by a guess, and nothing is doubled"
)
def test_one_mailbox_twice(scene: Scene) -> None:
    proxies = [f"SMTP:{address(BOB)}", f"smtp:{ALIAS}"]
    boxes = [box | ({"proxy_addresses": proxies} if box["name"] == "Bob" else {}) for box in seed()["mailboxes"]]
    again = {"id": "1003", "name": "Robert", "email": ALIAS, "account": "robert"}
    record = old("Visit", attendees=[BOB, "1003"])
    scene.before_first_sync(employees=[*seed()["employees"], again], mailboxes=boxes, crm_events=[record])
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=[], writes={"outlook create": 1}, agree=False)


@behaviour("A5", says="An employee connected already keeps their mailbox when another employee gets an alias of it")
def test_an_alias_of_a_connected_mailbox(scene: Scene) -> None:
    proxies = [f"SMTP:{address(BOB)}", f"smtp:{ALIAS}"]
    boxes = [box | ({"proxy_addresses": proxies} if box["name"] == "Bob" else {}) for box in seed()["mailboxes"]]
    again = {"id": "1003", "name": "Robert", "email": ALIAS, "account": "robert"}
    scene.work.configure(employees={"1003": None})
    scene.given(employees=[*seed()["employees"], again], mailboxes=boxes)
    scene.work.configure(employees={})
    scene.work.authorise()
    scene.record("Visit", attendees=[BOB, "1003"])
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"], BOB: ["Visit"]},
        mails=mails("invitation", BOB),
        writes={"outlook create": 1},
        agree=False,  # the second opinion knows no refused account
    )


@behaviour("A5", "D2", says="A colleague whose user left the directory deletes nothing: the others and the record stay")
def test_a_user_who_left(scene: Scene) -> None:
    scene.given(crm_events=[old("Visit", id="sch-1", attendees=[BOB])])
    scene.work.box.set_mailbox(address(BOB), "deleted")
    scene.later(days=1, hours=1)
    scene.crm().rename("sch-1", "Demo")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Demo"], BOB: ["Visit"]},
        mails=[],
        writes={"outlook update": 1},
    )
    assert scene.people("Demo") == ({ANN, BOB}, set())


@behaviour("E8", says="calsync writes in ShareCRM as the record's owner")
def test_it_acts_as_the_owner(scene: Scene) -> None:
    scene.given(crm_events=[old("Visit", owner=BOB)])
    scene.outlook(BOB).rename(scene.event(BOB)["id"], "Demo")
    scene.then(crm=["Demo"], outlook={BOB: ["Demo"]}, mails=[], writes={"crm update": 1})
    assert scene.work.writes()[-1]["actor"] == f"app:{BOB}"


@behaviour("E8", says="For an owner who is stopped in ShareCRM the first active attendee acts")
def test_it_acts_as_an_attendee_for_a_stopped_owner(scene: Scene) -> None:
    stopped = [one | {"stopped": one["id"] == ANN} for one in seed()["employees"]]
    scene.given(BOB, CAI, employees=stopped, crm_events=[old("Visit", attendees=[CAI, BOB])])
    for employee in (BOB, CAI):
        scene.outlook(employee).rename(scene.event(employee)["id"], "Demo")
    scene.then(crm=["Demo"], outlook={BOB: ["Demo"], CAI: ["Demo"]}, mails=[], writes={"crm update": 1})
    assert scene.work.writes()[-1]["actor"] == f"app:{BOB}"


@behaviour("E8", says="Where nobody on the record is active in ShareCRM any more, the connection's own user acts")
def test_it_acts_as_the_connections_user(scene: Scene) -> None:
    scene.given(crm_events=[old("Visit")])
    scene.work.server.world.sharecrm.employees[ANN]["stopped"] = True
    scene.work.authorise(BOB)
    scene.outlook().rename(scene.event(ANN)["id"], "Demo")
    scene.then(crm=["Demo"], outlook={ANN: ["Demo"]}, mails=[], writes={"crm update": 1})
    assert scene.work.writes()[-1]["actor"] == f"app:{scene.work.server.info['crm_user']}"


@behaviour("A5", says="An address that moves to another Microsoft user moves nobody's meetings there")
def test_an_address_that_moves(scene: Scene) -> None:
    scene.given(ANN, BOB, crm_events=[old("Visit", attendees=[BOB])], agree=False)
    users = scene.work.server.world.microsoft
    bob, cai = users.user(address(BOB)), users.user(address(CAI))
    bob.mail, bob.proxy_addresses = "robert@contoso.example", []
    cai.proxy_addresses = [*cai.proxy_addresses, f"smtp:{address(BOB)}"]
    scene.later(days=1, hours=1)
    scene.crm().rename(scene.work.records()[0]["id"], "Demo")
    scene.then(
        crm=["Demo"],
        outlook={ANN: ["Demo"], BOB: ["Demo"]},
        mails=[],
        writes={"outlook update": 2},
        agree=False,  # Cai is not connected
    )


@behaviour("A5", "G3", says="From who withdraws during a run no invitation goes out; the meeting is decided anew")
def test_withdrawn_during_a_run(scene: Scene) -> None:
    scene.given()
    scene.record("Visit", attendees=[BOB], contacts=[ZOE])
    scene.run_while("load", lambda: scene.revoke(ANN))
    assert scene.titles(ANN) == scene.titles(BOB) == []
    scene.then(crm=["Visit"], outlook={BOB: ["Visit"]}, mails=[], writes={"outlook create": 1}, agree=False)


@behaviour(
    "A5", "G3", says="The copy of who withdraws during a run is left as it was; the others are brought up to date"
)
def test_a_copy_withdrawn_during_a_run(scene: Scene) -> None:
    scene.given(crm_events=[old("Visit", id="sch-1", attendees=[BOB])])
    scene.crm().rename("sch-1", "Demo")
    scene.run_while("load", lambda: scene.revoke(BOB))
    shown = {ANN: ["Demo"], BOB: ["Visit"]}
    scene.then(crm=["Demo"], outlook=shown, mails=[], writes={"outlook update": 1}, agree=False)


@behaviour(
    "A5", "D7", says="A mailbox that becomes another employee's keeps the copies of whom it belonged to, who never left"
)
def test_a_mailbox_becomes_another_persons(scene: Scene) -> None:
    scene.given(ANN, BOB, crm_events=[old("Visit", attendees=[BOB])])
    scene.revoke(BOB)
    scene.work.configure(employees={BOB: None, CAI: address(BOB)})
    scene.work.authorise(CAI)
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"], BOB: ["Visit"]}, mails=[], writes={}, agree=False)
