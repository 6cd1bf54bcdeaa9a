"""What looks like a disaster is not carried out without a person (G5)."""

from __future__ import annotations

from typing import Any

import pytest
from core.make import NOW, event, rules

from calsync.core.facts import Facts
from calsync.core.guard import ends_meeting, refusal
from calsync.core.model import Link, Side
from calsync.core.plan import ASKED, Action, Mail, Meeting, Plan, Verb

TOTAL = 100


def deletion(number: int, rule: str = "D3", reason: str = "deleted", **more: Any) -> Action:
    said = {"mailbox": f"box-{number}", "before": event()} | more
    return Action(f"a{number}", f"l{number}", Verb.DELETE, Side.OUTLOOK, rule, reason, **said)


def refused(*actions: Action, lately: int = 0, there: dict[str, int] | None = None) -> str:
    meetings = tuple(Meeting(Link(action.link), Link(action.link), (action,)) for action in actions)
    facts = Facts(
        rules(),
        "run",
        NOW,
        totals=TOTAL,
        mailbox_totals=dict.fromkeys(there or {}, 10),
        ended_lately=lately,
        mailbox_ended_lately=there or {},
    )
    return refusal(facts, Plan("t", "run", NOW, meetings))


@pytest.mark.parametrize(
    ("rule", "reason", "counts"),
    [
        ("D3", "deleted in Outlook", True),
        ("D4", "deleted in ShareCRM", True),
        ("D7", "taken out of this calendar", True),
        ("D7", ASKED, False),
        ("E2", "its person left the attendees", False),
    ],
)
def test_what_counts_in_the_plan_counts_in_the_day_before_it(rule: str, reason: str, counts: bool) -> None:
    ends = [deletion(n, rule, reason) for n in range(TOTAL)]

    assert [ends_meeting(action) for action in ends] == [counts] * TOTAL
    assert bool(refused(*ends)) is counts


def test_a_deletion_more_than_a_day_may_see_is_refused() -> None:
    assert not refused(deletion(1), lately=19)
    assert "21 of 100 meetings" in refused(deletion(1), lately=20)


def test_a_mailbox_has_limits_of_its_own() -> None:
    one = deletion(1, mailbox="box")
    assert not refused(one, there={"box": 4})
    assert "6 of 10 meetings of one mailbox" in refused(one, there={"box": 5})


def test_a_series_counts_as_one_meeting() -> None:
    assert not refused(*(deletion(n, series="box|weekly") for n in range(50)))
    assert "50 of 100" in refused(*(deletion(n) for n in range(50)))


def test_what_waits_for_a_person_counts_as_nothing() -> None:
    mails = tuple(Mail("cancellation", f"{n}@x.example", False) for n in range(200))
    assert not refused(*(deletion(n, held="waits") for n in range(50)))
    assert not refused(deletion(1, held="waits", mails=mails))
    assert "200 mails" in refused(deletion(1, mails=mails))
