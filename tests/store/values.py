"""Values that the tests of the store save and expect back."""

from __future__ import annotations

from datetime import UTC, date, datetime

from calsync.core.model import (
    Account,
    Event,
    Form,
    Kind,
    Link,
    LinkState,
    Mark,
    Origin,
    Placement,
    Side,
    Standing,
    Time,
)
from calsync.core.plan import Action, Guest, Mail, Verb

NOW = datetime(2026, 3, 2, 9, 30, 15, 123456, tzinfo=UTC)

MEETING = Event(
    title="Angebot für Müller 🎉 'drop table'",
    time=Time(datetime(2026, 3, 3, 0, 0, tzinfo=UTC), datetime(2026, 3, 3, 10, 30, tzinfo=UTC), "Asia/Shanghai"),
    private=True,
    attendees=frozenset({"1001", "1002"}),
    contacts=frozenset({"c1"}),
)
HOLIDAY = Event("Messe", Time(date(2026, 5, 1), date(2026, 5, 3)), guests=frozenset({"a@example.com"}))


def placed(mailbox: str, event_id: str, standing: Standing = Standing.LIVING, ical_uid: str = "") -> Placement:
    return Placement(
        mailbox=mailbox,
        id=event_id,
        kind=Kind.COPY,
        origin=Origin.OURS,
        standing=standing,
        shown=MEETING,
        etag=f'W/"{event_id}"',
        ical_uid=ical_uid,
        since=NOW,
        fixed=(NOW,),
    )


def full_link(link_id: str = "L1", crm_id: str = "R1") -> Link:
    """A link with every field in use."""
    return Link(
        id=link_id,
        crm_id=crm_id,
        crm_version=7,
        crm_shown=MEETING,
        crm_owner="1001",
        base=HOLIDAY,
        form=Form.COPIES,
        placements=(placed("m2", f"{link_id}-b", Standing.ENDED), placed("m1", f"{link_id}-a", ical_uid="uid-1")),
        speaker="m1",
        addresses=(("a@example.com", ("e:1001", "c:c1")),),
        generation=3,
        state=LinkState.LIVING,
        reason="because",
        dirty=True,
        missed=1,
        created=NOW,
    )


def some_action(action_id: str = "A1", link: str = "L1", held: str = "") -> Action:
    """An action with every kind of field in use."""
    return Action(
        id=action_id,
        link=link,
        verb=Verb.UPDATE,
        side=Side.OUTLOOK,
        rule="C5",
        reason="title changed in ShareCRM",
        mailbox="m1",
        target_id="AAMk=",
        event=MEETING,
        before=HOLIDAY,
        fields=("title", "time"),
        invite=(Guest("a@example.com", "A"),),
        uninvite=("b@example.com",),
        expect='W/"1"',
        mark=Mark("inst", "sales", "R1", "m1", 2),
        mails=(Mail("update", "a@example.com", True),),
        held=held,
    )


def person(employee: str, object_id: str, authorised: bool = True) -> Account:
    return Account(
        employee=employee,
        object_id=object_id,
        address=f"{employee}@example.com",
        addresses=frozenset({f"{employee}@example.com", "old@example.com"}),
        authorised_since=NOW if authorised else None,
    )
