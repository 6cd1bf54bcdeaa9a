"""A run over days of its own: it finds what cursors have missed, mends it, says so, and moves no cursor (G8)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from pipeline.morning import ANN, BOB, TEAM, hour, invite, plain
from pipeline.workplace import CALENDAR, Workplace

from calsync.errors import ConfigError
from calsync.stages.extract_graph import extract_graph
from calsync.store.records import Cursor

DAYS = (hour(1).date(), hour(10).date())


@pytest.fixture
def team(work: Workplace) -> Workplace:
    """Ann and Bob with meetings in agreement."""
    work.box.reset(TEAM)
    work.authorise()
    crm = work.box.as_employee("1000")
    crm.create("Mine", hour(3), hour(3, 10), calendar=CALENDAR, participants=["1000"])
    work.box.as_user(ANN).create("Ann's", plain(hour(2)), plain(hour(2, 10)))
    work.box.as_user(BOB).create("Bob's", plain(hour(4)), plain(hour(4, 10)))
    work.run()
    return work


def cursors(work: Workplace) -> list[Cursor]:
    with work.at_work() as ports:
        return ports.store.cursors(work.tenant.key)


def remembered(work: Workplace) -> tuple[str | None, str | None]:
    with work.at_work() as ports:
        return ports.store.remembered(work.tenant.key, "rules"), ports.store.remembered(work.tenant.key, "people")


def titles(work: Workplace, address: str) -> list[str]:
    return sorted(event["subject"] for event in work.events(address))


def records(work: Workplace) -> list[str]:
    return sorted(record["content"] for record in work.records())


def lose(work: Workplace, mailboxes: Iterable[str] = (ANN, BOB)) -> None:
    """The delta links and the watermark move past what happened: no incremental run will ever hear of it."""
    before = cursors(work)
    with work.at_work() as ports:
        ours = {a.object_id for a in ports.store.accounts(work.tenant.key) if a.address in mailboxes}
    work.run(dry_run=True)
    assert work.last is not None
    with work.at_work() as ports:
        staged = ports.staging.read_rows(Cursor, work.tenant.key, work.last.id, "cursors")
        staged += ports.staging.read_rows(Cursor, work.tenant.key, work.last.id, "cursors-crm")
        moved = [c for c in staged if c.name == "crm" or c.name.removeprefix("outlook:") in ours]
        late = [replace(c, value=(work.last.at + timedelta(hours=1)).isoformat()) for c in moved if c.name == "crm"]
        ports.store.save_cursor(work.tenant.key, *moved, *late)
    assert cursors(work) != before


def test_it_mends_what_the_cursors_have_missed(team: Workplace) -> None:
    ann, crm = team.box.as_user(ANN), team.box.as_employee("1000")
    ann.create("Lost", plain(hour(5)), plain(hour(5, 10)))
    ann.rename(next(e["id"] for e in team.events(ANN) if e["subject"] == "Ann's"), "Ann's, renamed")
    team.box.as_user(BOB).delete(team.events(BOB)[0]["id"])
    crm.rename(next(r["id"] for r in team.records() if r["content"] == "Mine"), "Mine, renamed")
    lose(team)
    team.run()
    assert records(team) == ["Ann's", "Bob's", "Mine, renamed"]
    before, known = cursors(team), remembered(team)

    told = team.run(window=DAYS)

    assert records(team) == ["Ann's, renamed", "Lost", "Mine, renamed"]
    assert titles(team, ANN) == ["Ann's, renamed", "Lost", "Mine, renamed"]
    assert str(told["sentence"]).startswith(f"Compared 4 meetings of {DAYS[0]} to {DAYS[1]}: 4 differences, 4 mended.")
    assert (told["compared"], told["drift"]) == (4, 4)

    again = team.run(window=DAYS)
    assert str(again["sentence"]).startswith(f"Compared 3 meetings of {DAYS[0]} to {DAYS[1]}: 0 differences.")
    assert (cursors(team), remembered(team)) == (before, known)


def test_a_dry_one_says_what_it_would_mend(team: Workplace) -> None:
    team.box.as_user(ANN).create("New", plain(hour(5)), plain(hour(5, 10)))

    told = team.run(window=(hour(5).date(), hour(5).date()), dry_run=True)

    assert str(told["sentence"]).startswith(f"Compared 1 meeting of {hour(5).date()}: 1 difference. Would write")


@pytest.mark.parametrize("away", [-200, 400], ids=["long past", "far ahead"])
def test_its_days_may_lie_outside_the_tenants_window(team: Workplace, away: int) -> None:
    """Past meetings mail nobody; what is linked then is followed wherever it goes (F5, E5)."""
    crm, ann = team.box.as_employee("1000"), team.box.as_user(ANN)
    crm.create("From ShareCRM", hour(away), hour(away, 10), calendar=CALENDAR, participants=["1000", "1001"])
    event = ann.create("From Outlook", plain(hour(away)), plain(hour(away, 10)))
    day = hour(away).date()
    team.run()
    assert "From Outlook" not in records(team)
    before = len(team.box.mails())

    told = team.run(window=(day - timedelta(days=1), day + timedelta(days=1)))

    assert (told["crm_created"], told["compared"], told["drift"]) == (1, 2, 2)
    assert {"From ShareCRM", "From Outlook"} <= {*titles(team, ANN)} & {*records(team)}
    assert len(team.box.mails()) - before == int(told["mails"])
    assert away > 0 or not told["mails"]
    for _ in range(2):
        writes = len(team.writes())
        team.run()
        assert len(team.writes()) == writes
    ann.delete(event["id"])
    team.run(window=(day, day))
    assert "From Outlook" not in records(team)


def test_it_keeps_to_the_people_named(team: Workplace) -> None:
    crm = team.box.as_employee("1001")
    team.box.as_user(ANN).create("Ann's other", plain(hour(5)), plain(hour(5, 10)))
    team.box.as_user(BOB).create("Bob's other", plain(hour(5)), plain(hour(5, 10)))
    team.box.as_user(ANN).delete(next(e["id"] for e in team.events(ANN) if e["subject"] == "Ann's"))
    team.box.as_user(BOB).delete(next(e["id"] for e in team.events(BOB) if e["subject"] == "Bob's"))
    crm.create("Bob's visit", hour(6), hour(6, 10), calendar=CALENDAR, participants=["1001"])
    lose(team)

    told = team.run(window=DAYS, people=frozenset({"1001"}))

    assert records(team) == ["Ann's", "Bob's other", "Bob's visit", "Mine"]
    assert titles(team, BOB) == ["Bob's other", "Bob's visit"]
    assert titles(team, ANN) == ["Ann's other", "Mine"]
    assert (told["compared"], told["drift"]) == (3, 3)


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize(
    ("people", "says"),
    [
        ({"9999", "1000"}, ["9999 is no authorised employee of this tenant"]),
        ({"1001"}, ["1001 is no authorised employee of this tenant"]),
        ({ANN}, ["an address is no employee id"]),
        ({ANN, BOB, "8888", "9999"}, [
            "8888 is no authorised employee of this tenant", "9999 is no authorised employee of this tenant",
            "an address is no employee id",
        ]),
        ({"Ann", ""}, ["a name or an empty line is no employee id"]),
    ],
    ids=["unknown", "revoked", "address", "several", "name"],
)  # fmt: skip
def test_who_takes_no_part_is_refused_before_anything_is_read(
    team: Workplace, people: set[str], says: list[str], dry_run: bool
) -> None:
    """Nothing would be found of them, and that is no agreement. What is no id may be somebody's name or address."""
    team.revoke("1001")
    asked = len(team.box.requests())

    told = team.run(window=DAYS, people=frozenset(people), dry_run=dry_run, may_fail=True)

    where = "see `python -m calsync accounts list sandbox`"
    lines = str(told["sentence"]).removeprefix("extract_crm failed: ").splitlines()
    assert (told["failed"], lines) == (1, [f"accounts: {each}: {where}" for each in says])
    assert len(team.box.requests()) == asked
    assert team.last is not None
    with team.at_work() as ports, pytest.raises(ConfigError):
        extract_graph(team.tenant, ports, team.last)


def test_a_meeting_with_somebody_whose_mailbox_was_not_read_is_neither_ended_nor_doubled(team: Workplace) -> None:
    team.box.as_user(ANN).create("Together", plain(hour(5)), plain(hour(5, 10)), attendees=invite(BOB))
    team.run()
    writes, mails = len(team.writes()), len(team.box.mails())

    told = team.run(window=DAYS, people=frozenset({"1001"}))

    assert told["drift"] == 0
    assert (len(team.writes()), len(team.box.mails())) == (writes, mails)
    assert titles(team, BOB) == ["Bob's", "Together"]


def test_an_empty_window_says_that_too(team: Workplace) -> None:
    day = date(hour(0).year + 3, 1, 1)
    told = team.run(window=(day, day))
    assert str(told["sentence"]).startswith(f"Compared 0 meetings of {day}: 0 differences. Nothing to write")
