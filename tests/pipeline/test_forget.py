"""A person who is forgotten is found nowhere any more; the meetings go on as they are, and nobody hears of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from pipeline.team import ANN, BOB, CAI, DAY, ZOE, Team, address, old
from pipeline.workplace import Workplace
from sqlalchemy import Text, cast, select
from store.conftest import dsn, migrated_postgres, migrated_sqlite, postgres  # noqa: F401 - fixtures

from calsync.core.accounts import Refusal, Why
from calsync.core.forget import GONE
from calsync.core.model import LinkState
from calsync.core.plan import ActionState, Word
from calsync.errors import ConfigError
from calsync.stages.answering import answer_now
from calsync.stages.context import Run
from calsync.stages.forget import Forgotten, forget
from calsync.stages.parked import drop
from calsync.stages.wishes import note
from calsync.store.engine import make_engine
from calsync.store.records import RunState, Wish, WishKind
from calsync.store.tables import metadata


@pytest.fixture
def team(work: Workplace, dsn: str) -> Team:  # noqa: F811 - the fixture
    """A team that has worked with calsync for a while, on either database; Bob leaves."""
    work.dsn = dsn
    team = Team.start(work, crm_events=[old(id="old", attendees=[BOB], contacts=[ZOE])])
    team.record("Kickoff", hours=2, attendees=[BOB], contacts=[ZOE])
    team.meeting("Offer for Zoe", hours=4, guests=(address(BOB), address(ZOE)))
    mine = team.meeting("Dentist", of=BOB, hours=6)
    team.settle()
    team.outlook(BOB).rename(mine, "Dentist at noon")
    team.crm().rename("old", "Visit to Zoe and bob@contoso.example")
    team.settle()
    team.crm().rename("old", "Visit")
    team.settle()
    return team


def erase(team: Team, email: str, *names: str, has_file: bool = True) -> Forgotten:
    with team.work.at_work() as ports:
        run = Run("test-forget", "forget", ports.now(), "test:forget")
        return forget("sandbox", ports, run, email, names, has_file=has_file)


def everything(work: Workplace) -> str:
    """All that the state database and the staged files hold, as text; of a SQLite file every byte."""
    files = [file for file in work.folder.rglob("*") if file.is_file() and file.suffix != ".yaml"]
    place = work.dsn.removeprefix("sqlite:///")
    if place != work.dsn:
        files += [Path(place + ending) for ending in ("", "-wal") if Path(place + ending).exists()]
        return "".join(file.read_bytes().decode(errors="replace") for file in files)
    engine = make_engine(work.dsn)
    with engine.connect() as connection:
        rows = [str(connection.execute(select(table)).all()) for table in metadata.sorted_tables]
    engine.dispose()
    return "".join([*rows, *(file.read_bytes().decode(errors="replace") for file in files)])


def naming(work: Workplace, text: str) -> set[str]:
    """Every column of every table in which a text stands, whatever its letter case."""
    engine = make_engine(work.dsn)
    with engine.connect() as connection:
        found = {
            f"{table.name}.{column.name}"
            for table in metadata.sorted_tables
            for column in table.columns
            if text in str(connection.scalars(select(cast(column, Text))).all()).lower()
        }
    engine.dispose()
    return found


def silent(team: Team, what: Callable[[], object]) -> None:
    """What is done writes nothing to either system and mails nobody."""
    before = (len(team.work.writes()), len(team.work.box.mails()))
    what()
    assert (len(team.work.writes()), len(team.work.box.mails())) == before


def some_runs(team: Team) -> None:
    """Some runs, one of them on the next day, which looks everybody up anew, and one that compares all meetings."""
    for late in (timedelta(), timedelta(hours=25), timedelta(hours=26)):
        team.work.late = late
        team.work.run()
    team.work.configure(conflicts="crm")
    team.work.run()
    team.work.run()


def test_an_employee_who_has_left(team: Team) -> None:
    team.work.revoke(BOB)
    team.settle(agree=False)
    assert address(BOB) in everything(team.work)

    silent(team, lambda: erase(team, address(BOB)))

    found = everything(team.work)
    assert [word for word in (address(BOB), "Dentist") if word in found] == []
    titles = {one: team.titles(one) for one in (ANN, BOB, CAI)}
    silent(team, lambda: some_runs(team))
    assert {one: team.titles(one) for one in (ANN, BOB, CAI)} == titles
    assert sorted(record["content"] for record in team.work.records()) == [
        "Dentist at noon", "Kickoff", "Offer for Zoe", "Visit",
    ]  # fmt: skip


def test_a_contact(team: Team) -> None:
    offer = next(e for e in team.work.events(address(ANN)) if e["subject"] == "Offer for Zoe")
    team.outlook().rename(offer["id"], "Offer")
    team.settle()

    told = erase(team, address(ZOE).upper())

    found = everything(team.work)
    assert [word for word in (address(ZOE), "Zoe") if word in found] == []
    assert (told.contacts, told.accounts, told.own_meetings, told.titles) == (1, 0, 0, 0)
    silent(team, lambda: some_runs(team))


def test_who_has_answered_dropped_and_wished_is_named_in_no_column_of_any_table(team: Team) -> None:
    """An employee who has left was also somebody of Airflow's, under the same address."""
    work, bob = team.work, address(BOB)
    work.configure(invitations="nobody")
    kickoff, offer = (next(r["id"] for r in work.records() if r["content"].startswith(t)) for t in ("Kick", "Offer"))
    team.crm().rename(kickoff, "Kick-off")
    team.meeting("Refused", hours=8)
    work.box.fault("sharecrm", {"code": 10002}, path="data/create")
    work.run()
    work.box.clear_faults()
    with work.at_work() as ports:
        store, run = ports.store, Run("test-bob", "answer", ports.now(), "test:bob")
        (held,), (parked,) = (store.actions("sandbox", states=[s]) for s in (ActionState.HELD, ActionState.PARKED))
        answer_now(work.tenant, ports, run, [held.action.link], Word.APPROVE, bob.title())
        drop(work.tenant, ports, run, [parked.action.id], bob)
        store.mark("sandbox", [parked.action.id], ActionState.DROPPED, ports.now(), sentence=f"{bob} refuses it")
        store.end_run("sandbox", run.id, RunState.DONE, ports.now(), sentence=f"Started by {bob}.")
        (link,) = store.links_by_crm("sandbox", [offer])
        note(work.tenant, store, Wish(link.id, WishKind.UNDO, work.last.id if work.last else "", bob, ports.now()))
        store.save_refusals("sandbox", [Refusal(BOB, Why.NO_USER, address=bob)], {})
    work.revoke(BOB)
    named = naming(work, bob)
    assert named >= {
        "account.address", "account.value", "action.answered_by", "action.sentence", "action.value", "cursor.value",
        "history.who", "link.value", "placement.value", "refusal.address", "run.sentence",
    }  # fmt: skip

    erase(team, bob)

    assert naming(work, bob) == set()
    with work.at_work() as ports:
        (answered,) = [row for row in ports.store.actions("sandbox") if row.answer]
        assert (answered.answered_by, answered.state) == (GONE, ActionState.DONE)
        assert [wish.who for wish in ports.store.wishes("sandbox").values()] == [GONE], "what was wished is not lost"
    some_runs(team)


def test_the_meetings_of_others_go_on(team: Team) -> None:
    erase(team, address(ZOE))
    mails = len(team.work.box.mails())

    kickoff = next(r["id"] for r in team.work.records() if r["content"] == "Kickoff")
    team.crm().move(kickoff, DAY + timedelta(hours=3), DAY + timedelta(hours=4))
    predicted = team.work.run()["mails"]

    assert {mail["to"] for mail in team.work.box.mails()[mails:]} == {address(BOB), address(ZOE)}
    assert predicted == 2
    silent(team, lambda: some_runs(team))
    event = next(e for e in team.work.events(address(ANN)) if e["subject"] == "Kickoff")
    assert {a["emailAddress"]["address"].lower() for a in event["attendees"]} == {address(BOB), address(ZOE)}


def test_who_comes_back_finds_everything_as_it_was(team: Team) -> None:
    team.work.revoke(BOB)
    team.settle(agree=False)
    erase(team, address(BOB))
    (dentist,) = [e for e in team.work.events(address(BOB)) if e["subject"] == "Dentist at noon"]
    team.work.box.set_clock(advance_s=3600)
    team.work.late = timedelta(hours=1)
    team.outlook(BOB).rename(dentist["id"], "Dentist at one")

    team.work.authorise(BOB)
    team.settle(agree=False)
    team.settle()

    assert sorted(team.titles(BOB)) == ["Dentist at one", "Kickoff", "Offer for Zoe", "Visit"]
    assert len(team.work.records()) == 4


def test_who_is_authorised_still_is_not_forgotten(team: Team) -> None:
    with pytest.raises(ConfigError, match=f"accounts revoke sandbox {BOB}"):
        erase(team, address(BOB))

    with team.work.at_work() as ports:
        assert ports.store.count_links("sandbox")[LinkState.LIVING] == 4


def test_a_write_without_an_answer_is_waited_for_as_long_as_a_run_can_hear_of_it(team: Team) -> None:
    team.meeting("Secret", of=BOB, hours=8)
    team.work.box.fault("sharecrm", {"code": 10002}, path="data/create")
    team.work.run()
    team.work.revoke(BOB)
    with team.work.at_work() as ports:
        (row,) = ports.store.actions("sandbox", states=[ActionState.PARKED])
        ports.store.mark("sandbox", [row.action.id], ActionState.SENT, ports.now())

    with pytest.raises(ConfigError, match="got no answer yet: run `python -m calsync run sandbox` first"):
        erase(team, address(BOB))
    assert naming(team.work, "secret")
    erase(team, address(BOB), has_file=False)

    assert naming(team.work, "secret") == set()
    with team.work.at_work() as ports:
        assert ports.store.open_intents("sandbox") == []


def test_titles_of_other_peoples_meetings_are_told(team: Team) -> None:
    told = erase(team, address(ZOE))

    assert told.titles == 1
    assert "Offer for Zoe" in team.titles(ANN)


def test_nobody_of_that_address_is_no_error(team: Team) -> None:
    told = erase(team, "nobody@else.example")

    assert (told.accounts, told.contacts, told.own_meetings, told.other_meetings, told.titles) == (0, 0, 0, 0, 0)
