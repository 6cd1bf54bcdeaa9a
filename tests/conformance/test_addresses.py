"""Addresses: who an address is, and what happens when it changes, is shared, or cannot be used."""

from __future__ import annotations

from conformance.behaviour import behaviour
from conformance.scene import Scene, mails
from pipeline.team import ANN, BOB, STRANGER, YAN, ZOE, address, seed

SHARED = "office@client.example"
ALIAS = "robert@contoso.example"
MOVED = "zoe@new.example"
UPDATE = {"outlook update": 1}


def contacts(**emails: str) -> list[dict[str, str]]:
    return [{"id": f"con-{name}", "name": name.title(), "email": email, "owner": ANN} for name, email in emails.items()]


def with_alias() -> list[dict[str, object]]:
    """The mailboxes; Bob's has a second address."""
    proxies = [f"SMTP:{address(BOB)}", f"smtp:{ALIAS}"]
    return [box | ({"proxy_addresses": proxies} if box["name"] == "Bob" else {}) for box in seed()["mailboxes"]]


@behaviour("A5", "E10", says="A colleague invited by an alias of their mailbox is that colleague")
def test_an_alias_is_the_person(scene: Scene) -> None:
    scene.given(mailboxes=with_alias())
    scene.meeting("Call", guests=(ALIAS.upper(),))
    scene.then(crm=["Call"], outlook={ANN: ["Call"], BOB: ["Call"]}, mails=[], writes={"crm create": 1})
    assert scene.people("Call") == ({ANN, BOB}, set())


@behaviour("A5", "E4", says="Who stands on an event by an alias is not invited a second time by the primary address")
def test_an_alias_is_not_invited_twice(scene: Scene) -> None:
    scene.given(mailboxes=with_alias())
    visit = scene.record("Visit")
    scene.settled()
    scene.outlook().invite(scene.event(ANN)["id"], ALIAS)
    scene.crm().change(visit, participants=[ANN, BOB])
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"], BOB: ["Visit"]}, mails=[], writes={})
    assert scene.listed(ANN) == {ALIAS}


@behaviour("E4", says="Two contacts with one address are one guest, who stays until both have left the record")
def test_two_contacts_with_one_address(scene: Scene) -> None:
    scene.given(contacts=contacts(zoe=SHARED, yan=SHARED))
    visit = scene.record("Visit", contacts=[ZOE, YAN])
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=mails("invitation", SHARED), writes={"outlook create": 1})
    scene.crm().change(visit, contacts=[YAN])
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=[], writes={})
    scene.crm().change(visit, contacts=[])
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=mails("cancellation", SHARED), writes=UPDATE)


@behaviour("E4", says="A shared address that leaves the event takes everybody off the record for whom it stood")
def test_a_shared_address_leaves(scene: Scene) -> None:
    scene.given(contacts=contacts(zoe=SHARED, yan=SHARED))
    scene.record("Visit", contacts=[ZOE, YAN])
    scene.settled()
    scene.outlook().change(scene.event(ANN)["id"], attendees=[])
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=[], writes={"crm update": 1})
    assert scene.people("Visit") == ({ANN}, set())


@behaviour("E4", says="A guest's address that several contacts bear adds one of them, always the same")
def test_a_shared_address_adds_one(scene: Scene) -> None:
    scene.given(contacts=contacts(zoe=SHARED, yan=SHARED))
    scene.meeting("Call", guests=(SHARED,))
    scene.then(crm=["Call"], outlook={ANN: ["Call"]}, mails=[], writes={"crm create": 1})
    assert scene.people("Call") == ({ANN}, {min(YAN, ZOE)})


@behaviour("E4", says="An address of an employee that a contact bears as well is the employee's")
def test_an_employees_address_at_a_contact(scene: Scene) -> None:
    scene.given(contacts=contacts(zoe=address(BOB)))
    scene.meeting("Call", guests=(address(BOB),))
    scene.then(crm=["Call"], outlook={ANN: ["Call"], BOB: ["Call"]}, mails=[], writes={"crm create": 1})
    assert scene.people("Call") == ({ANN, BOB}, set())


@behaviour(
    "E4",
    "A6",
    says="A contact's changed address is told, changes no event, and goes out when its people are next written",
)
def test_a_changed_address(scene: Scene) -> None:
    scene.given()
    visit = scene.record("Visit", contacts=[ZOE])
    scene.settled()
    scene.new_address(ZOE, MOVED)
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"]},
        mails=[],
        writes={},
        reports=("the address of somebody invited has changed",),
        agree=False,  # the new address has not gone out yet
    )
    scene.crm().change(visit, contacts=[ZOE, YAN])
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=mails("invitation", MOVED, YAN), writes=UPDATE)
    assert scene.listed(ANN) == {address(ZOE), MOVED, address(YAN)}


@behaviour("E4", "A6", says="A contact whose address is taken away in ShareCRM stays on record and event")
def test_an_address_taken_away(scene: Scene) -> None:
    scene.given()
    scene.record("Visit", contacts=[ZOE])
    scene.settled()
    scene.new_address(ZOE, "")
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=[], writes={})
    assert (scene.people("Visit")[1], scene.listed(ANN)) == ({ZOE}, {address(ZOE)})


@behaviour("A6", "E4", says="A contact without an address, or with none that is usable, stays in ShareCRM alone")
def test_contacts_without_a_usable_address(scene: Scene) -> None:
    scene.given(contacts=contacts(zoe="", yan="call me"))
    scene.record("Visit", attendees=[BOB], contacts=[ZOE, YAN])
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"], BOB: ["Visit"]},
        mails=mails("invitation", BOB),
        writes={"outlook create": 1},
        agree=False,  # an unusable address cannot be invited
    )
    assert scene.people("Visit") == ({ANN, BOB}, {ZOE, YAN})


@behaviour("E4", says="A contact who bears the organiser's own address is not invited to the organiser's own meeting")
def test_the_organisers_own_address(scene: Scene) -> None:
    scene.given(contacts=contacts(zoe=address(ANN)))
    scene.record("Visit", contacts=[ZOE])
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=[], writes={"outlook create": 1}, agree=False)
    assert scene.people("Visit") == ({ANN}, {ZOE})


@behaviour("A6", "E4", says="A guest nobody knew who becomes a contact later changes no record that stands")
def test_a_stranger_becomes_a_contact(scene: Scene) -> None:
    scene.given()
    scene.meeting("Call", guests=(STRANGER,))
    scene.settled()
    scene.new_address(YAN, STRANGER)
    scene.then(crm=["Call"], outlook={ANN: ["Call"]}, mails=[], writes={}, agree=False)
    assert scene.people("Call") == ({ANN}, set())


@behaviour(
    "E4",
    "A6",
    says="A contact who gets an address later is told of, and invited when the meeting's people are next written",
)
def test_an_address_that_comes_later(scene: Scene) -> None:
    scene.given(contacts=contacts(zoe="", yan=address(YAN)))
    visit = scene.record("Visit", contacts=[ZOE])
    scene.settled()
    scene.new_address(ZOE, MOVED)
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"]},
        mails=[],
        writes={},
        reports=("a contact on the record has an address that nobody has invited",),
        agree=False,  # the address has not gone out yet
    )
    scene.crm().change(visit, contacts=[ZOE, YAN])
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=mails("invitation", MOVED, YAN), writes=UPDATE)
    scene.crm().change(visit, contacts=[YAN])
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=mails("cancellation", MOVED), writes=UPDATE)


@behaviour("E4", "E3", says="With `invitations: colleagues` an address that a contact gets later goes out to nobody")
def test_a_later_address_among_colleagues(scene: Scene) -> None:
    scene.work.configure(invitations="colleagues")
    scene.given(contacts=contacts(zoe=""))
    visit = scene.record("Visit", contacts=[ZOE])
    scene.settled()
    scene.new_address(ZOE, MOVED)
    scene.run()
    assert "nobody has invited" not in str(scene.work.report())
    scene.crm().change(visit, participants=[ANN, BOB])
    scene.then(
        crm=["Visit"],
        outlook={ANN: ["Visit"], BOB: ["Visit"]},
        mails=mails("invitation", BOB),
        writes=UPDATE,
        agree=False,  # the contact stands in ShareCRM alone, as the tenant wants it
    )


@behaviour("E4", says="Who leaves the record leaves the event under the former address, and the new one hears nothing")
def test_a_changed_address_and_then_gone(scene: Scene) -> None:
    scene.given()
    visit = scene.record("Visit", contacts=[ZOE, YAN])
    scene.settled()
    scene.new_address(ZOE, MOVED)
    scene.settled(agree=False)
    scene.crm().change(visit, contacts=[YAN])
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=mails("cancellation", ZOE), writes=UPDATE)
    assert scene.listed(ANN) == {address(YAN)}


@behaviour("E4", "A6", says="A contact who is deleted in ShareCRM leaves no event: only the record decides that")
def test_a_contact_is_deleted(scene: Scene) -> None:
    scene.given()
    visit = scene.record("Visit", contacts=[ZOE, YAN])
    scene.settled()
    scene.crm().data("invalid", {"object_data_id": ZOE, "dataObjectApiName": "ContactObj"})
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=[], writes={}, agree=False)
    assert scene.listed(ANN) == {address(ZOE), address(YAN)}
    scene.crm().change(visit, contacts=[YAN])
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=mails("cancellation", ZOE), writes=UPDATE)


@behaviour("A5", "E4", says="An employee's new primary address is the same person: nobody is invited or put off by it")
def test_an_employees_new_primary_address(scene: Scene) -> None:
    scene.given()
    visit = scene.record("Visit", attendees=[BOB])
    scene.settled()
    bob = scene.work.server.world.microsoft.user(address(BOB))
    bob.mail, bob.proxy_addresses = ALIAS, [f"SMTP:{ALIAS}", f"smtp:{address(BOB)}"]
    scene.later(days=1, hours=1)
    both = {ANN: ["Visit"], BOB: ["Visit"]}
    scene.then(crm=["Visit"], outlook=both, mails=[], writes={})
    scene.crm().change(visit, contacts=[ZOE])
    scene.then(crm=["Visit"], outlook=both, mails=mails("invitation", ZOE), writes=UPDATE)
    scene.crm().change(visit, participants=[ANN])
    scene.then(crm=["Visit"], outlook={ANN: ["Visit"]}, mails=mails("cancellation", BOB), writes=UPDATE)


@behaviour(
    "A5", "E4", says="Who stands on an event by an alias and leaves the record leaves the event under that alias"
)
def test_an_alias_leaves(scene: Scene) -> None:
    scene.given(mailboxes=with_alias())
    scene.meeting("Call", guests=(ALIAS, address(ZOE)))
    scene.settled()
    scene.crm().change(scene.work.records()[0]["id"], participants=[ANN])
    scene.then(crm=["Call"], outlook={ANN: ["Call"]}, mails=mails("cancellation", ALIAS), writes=UPDATE)
    assert scene.listed(ANN) == {address(ZOE)}
