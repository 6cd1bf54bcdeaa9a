"""The ShareCRM client against the sandbox over TLS: nobody told it the field names."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from clients.sharecrm_support import Clock, sandbox_settings

from calsync.core.model import CrmRow, Event, Life, Side, Time
from calsync.core.plan import Action, Verb
from calsync.errors import AnswerLost, AuthFailed, ConfigError, NotFound, QuotaSpent, Refused, Unavailable
from calsync.sharecrm.client import CrmClient
from calsync.sharecrm.read import CrmReader, open_reader
from calsync.sharecrm.request import compose, to_request
from calsync.sharecrm.settings import Codes
from calsync.sharecrm.write import CrmWriter
from sandbox.client import Sandbox
from sandbox.server import Server

NINE = datetime(2026, 5, 4, 9, tzinfo=UTC)
TEN = NINE + timedelta(hours=1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SEED: dict[str, Any] = {
    "employees": [
        {"id": "1001", "name": "Anna", "email": "Anna@contoso.test"},
        {"id": "1002", "name": "Ben"},
        {"id": "1003", "name": "Carl", "stopped": True},
    ],
    "accounts": [{"id": "f1", "name": "Firm"}],
    "contacts": [
        {"id": "c1", "name": "Dora", "email": "Dora@Firm.test", "account_id": "f1"},
        {"id": "c2", "name": "Emil", "email": "no address"},
    ],
}
VISIT = Event("Visit", Time(NINE, TEN), attendees=frozenset({"1001", "1002"}), contacts=frozenset({"c1"}))
GONE = Codes(gone=frozenset({320002}))

Work = Callable[[CrmReader, CrmWriter], Awaitable[Any]]


class Crm:
    """Runs work against the sandbox; sleeping passes no time."""

    def __init__(self, server: Server, box: Sandbox) -> None:
        self.server, self.box, self.clock = server, box, Clock()

    def run(self, work: Work, **more: Any) -> Any:
        async def inside() -> Any:
            settings = sandbox_settings(self.server, **more)
            async with CrmClient(settings, now=self.clock.now, sleep=self.clock.sleep) as client:
                return await work(await open_reader(client), CrmWriter(client))

        return asyncio.run(inside())


@pytest.fixture
def crm(server: Server, box: Sandbox) -> Crm:
    box.reset(SEED)
    return Crm(server, box)


def action(verb: Verb, event: Event | None = VISIT, **more: Any) -> Action:
    return Action("a1", "l1", verb, Side.CRM, "C5", "why", event=event, actor="1001", **more)


async def create(reader: CrmReader, writer: CrmWriter, event: Event = VISIT) -> str:
    act = action(Verb.CREATE, event)
    return await writer.create(to_request(act, reader.shape, calendar="Sales calendar"), act.actor)


async def created(reader: CrmReader, writer: CrmWriter, event: Event = VISIT) -> CrmRow:
    return await reader.get(await create(reader, writer, event), user="1001")


async def write(reader: CrmReader, writer: CrmWriter, act: Action) -> CrmRow:
    """As `load` does: read, complete, write, read again."""
    request = to_request(act, reader.shape, calendar="Sales calendar")
    request = compose(request, act, await reader.record(act.target_id), reader.shape)
    do = {"update": writer.update, "invalid": writer.invalidate, "recover": writer.recover}[request.method]
    await do(request, act.actor)
    return await reader.get(act.target_id)


VARIANTS = [("classic", False), ("modern", False), ("minimal", True)]


@pytest.mark.parametrize("mode", ["oauth", "legacy"])
@pytest.mark.parametrize(("variant", "scope_all"), VARIANTS)
def test_an_event_goes_there_and_back_in_every_variant(crm: Crm, mode: Any, variant: str, scope_all: bool) -> None:
    crm.box.set_sharecrm(describe=variant)
    bare = variant == "minimal"
    event = Event("拜访 🎉", VISIT.time, private=not bare, attendees=VISIT.attendees)
    row = crm.run(lambda r, w: created(r, w, event), scope_all=scope_all)
    assert row.event == event
    assert row.calendar == (None if bare else "Sales calendar")
    assert (row.owner, row.life) == ("1001", Life.NORMAL)
    if mode == "legacy":
        again = crm.run(lambda r, _: r.get(row.id), scope_all=scope_all, auth_mode="legacy", user="1")
        assert again.event.title == event.title
        assert all(person.startswith("FSUID_") for person in again.event.attendees)


def test_fields_under_names_nobody_guesses_are_found_or_named(crm: Crm) -> None:
    crm.box.set_sharecrm(fields={"content": "x1__c", "participants": "x2__c", "start": "x3__c", "calendar": "x4__c"})
    assert crm.run(created).event == VISIT
    with pytest.raises(ConfigError, match=r"crm\.fields\.end"):
        crm.run(created, fields={"end": "nowhere"})


def test_without_a_calendar_field_it_refuses_unless_that_is_meant(crm: Crm) -> None:
    crm.box.set_sharecrm(describe="minimal")
    with pytest.raises(ConfigError, match="scope: all"):
        crm.run(created)


@pytest.mark.parametrize("form", ["inclusive", "exclusive"])
def test_all_day_in_both_forms(crm: Crm, form: Any) -> None:
    crm.box.set_sharecrm(end_of_day=form)
    event = Event("Fair", Time(date(2026, 5, 4), date(2026, 5, 6)), attendees=frozenset({"1001"}))
    assert crm.run(lambda r, w: created(r, w, event), all_day_end=form).event == event


def test_what_people_wrote_as_html_is_read_as_words(crm: Crm) -> None:
    key = crm.box.as_employee("1001").create('<p>Plan&nbsp;A</p><img src="a.png"/>', NINE, TEN)
    assert crm.run(lambda r, _: r.get(key)).event.title == "Plan A"


def test_an_update_changes_its_fields_alone_and_people_one_by_one(crm: Crm) -> None:
    async def change(reader: CrmReader, writer: CrmWriter) -> tuple[CrmRow, CrmRow]:
        before = await created(reader, writer)
        crm.box.as_employee("1001").rename(before.id, "Renamed meanwhile")
        act = action(Verb.UPDATE, target_id=before.id, fields=("contacts",), add=("c:c2",), remove=("c:c1", "1002"))
        return before, await write(reader, writer, act)

    before, after = crm.run(change)
    assert after.event.title == "Renamed meanwhile"
    assert (after.event.contacts, after.event.attendees) == ({"c2"}, {"1001"})
    assert after.version == before.version + 2


def test_the_owner_acts_and_workflows_stay_off(crm: Crm) -> None:
    crm.run(created)
    (entry,) = crm.box.writes()
    assert (entry["action"], entry["actor"], entry["owner"]) == ("create", "app:1001", "1001")


def test_paging_brings_every_record_once(crm: Crm) -> None:
    crm.box.reset({**SEED, "crm_events": _many(250)})
    rows = crm.run(_changed)
    assert len(rows) == len({row.id for row in rows}) == 250
    for effect, times in (({"cut_page": True}, 1), ({"duplicate_page": True}, 2)):
        crm.box.fault("sharecrm", effect, path="data/query", skip=1, times=times)
        assert {row.id for row in crm.run(_changed)} == {row.id for row in rows}


def test_a_listing_cut_to_nothing_is_no_listing(crm: Crm) -> None:
    crm.box.reset({**SEED, "crm_events": _many(1)})
    crm.box.fault("sharecrm", {"cut_page": True}, path="data/query")
    with pytest.raises(Unavailable):
        crm.run(_changed)


def _many(count: int) -> list[dict[str, Any]]:
    times = {"start": NINE.isoformat(), "end": TEN.isoformat()}
    return [{"content": f"Visit {n}", **times, "owner": "1001"} for n in range(count)]


async def _changed(reader: CrmReader, _: CrmWriter) -> list[CrmRow]:
    return [row async for row in reader.changed_since(LONG_AGO)]


def test_the_window_and_the_watermark_choose(crm: Crm) -> None:
    user = crm.box.as_employee("1001")
    inside = user.create("in", NINE, TEN)
    user.create("before", NINE - timedelta(days=2), NINE - timedelta(days=1))
    user.create("after", NINE + timedelta(days=1), NINE + timedelta(days=2))

    async def look(reader: CrmReader, _: CrmWriter) -> tuple[list[str], int]:
        assert reader.client.clock is not None
        ahead = reader.client.clock + timedelta(hours=1)
        in_window = [row.id async for row in reader.window(NINE, TEN)]
        return in_window, len([row async for row in reader.changed_since(ahead)])

    assert crm.run(look) == ([inside], 0)


@pytest.mark.parametrize("visible", [True, False])
@pytest.mark.parametrize("touches", [True, False])
def test_an_invalidated_record_is_invalid_by_id_however_it_is_listed(crm: Crm, visible: bool, touches: bool) -> None:
    crm.box.set_sharecrm(invalid_visible_in_query=visible, invalid_touches_modified=touches)

    async def cancel(reader: CrmReader, writer: CrmWriter) -> tuple[CrmRow, list[Life], CrmRow]:
        row = await created(reader, writer)
        crm.box.set_clock(advance_s=3600)
        gone = await write(reader, writer, action(Verb.DELETE, None, target_id=row.id))
        listed = [each.life async for each in reader.changed_since(row.modified + timedelta(minutes=30))]
        crm.box.set_clock(advance_s=-3600)
        return gone, listed, await write(reader, writer, action(Verb.CREATE, target_id=row.id))

    gone, listed, back = crm.run(cancel)
    assert gone.life is Life.INVALID
    assert listed == ([Life.INVALID] if visible and touches else [])
    assert (back.life, back.event) == (Life.NORMAL, VISIT)


def test_a_deleted_record_is_gone_only_by_a_configured_code(crm: Crm) -> None:
    user = crm.box.as_employee("1001")
    key = user.create("x", NINE, TEN)
    user.cancel(key)
    user.delete(key)
    assert crm.run(lambda r, _: r.get(key, user="1001"), codes=GONE).life is Life.GONE
    with pytest.raises(NotFound):
        crm.run(lambda r, _: r.record(key), codes=GONE)
    with pytest.raises(Refused):
        crm.run(lambda r, _: r.get(key, user="1001"))


def test_the_connections_user_asks_for_an_owner_who_left_but_proves_nothing(crm: Crm) -> None:
    user = crm.box.as_employee("1001")
    key = user.create("x", NINE, TEN)
    assert crm.run(lambda r, _: r.get(key, user="1003")).event.title == "x"
    user.cancel(key)
    assert crm.run(lambda r, _: r.get(key, user="1003")).life is Life.INVALID
    user.delete(key)
    with pytest.raises(Refused):
        crm.run(lambda r, _: r.get(key, user="1003"), codes=GONE)


@pytest.mark.parametrize("skew", [0, -3600, 3600])
def test_a_lost_create_is_not_repeated_and_is_found_by_a_search(crm: Crm, skew: float) -> None:
    crm.box.set_clock(skew_s={"crm": skew})
    crm.box.as_employee("1002").create("Visit", NINE, TEN)
    crm.box.fault("sharecrm", {"lose_answer": True}, path="data/create", times=1)

    async def lose(reader: CrmReader, writer: CrmWriter) -> list[CrmRow]:
        intent = datetime.now(UTC)
        with pytest.raises(AnswerLost):
            await create(reader, writer)
        return [row async for row in reader.created_since("1001", intent)]

    (found,) = crm.run(lose)
    assert found.event == VISIT
    assert len(crm.box.state()["sharecrm"]["events"]) == 2


def test_a_dropped_read_is_simply_asked_again(crm: Crm) -> None:
    crm.box.fault("sharecrm", {"lose_answer": True}, path="object/describe", times=2)
    assert crm.run(created).event == VISIT


def test_a_token_that_expired_by_sharecrms_clock_is_replaced(crm: Crm) -> None:
    async def late(reader: CrmReader, writer: CrmWriter) -> CrmRow:
        crm.box.set_clock(advance_s=7300)
        return await created(reader, writer)

    assert crm.run(late).event == VISIT
    assert len([each for each in crm.box.requests() if "oauth2.0/token" in each["path"]]) == 2


def test_a_rate_code_rests_the_path_and_the_run_goes_on(crm: Crm) -> None:
    crm.box.fault("sharecrm", {"code": 30004}, path="data/create", times=1)
    assert crm.run(created).event == VISIT
    assert crm.clock.seconds >= 20
    assert len(crm.box.state()["sharecrm"]["events"]) == 1


def test_quota_and_credentials_end_it_with_a_sentence(crm: Crm) -> None:
    with pytest.raises(AuthFailed, match="app secret"):
        crm.run(created, app_secret="wrong")
    crm.box.set_sharecrm(quota="used_up")
    with pytest.raises(QuotaSpent):
        crm.run(created)


def test_a_certificate_nobody_vouches_for_is_named(crm: Crm) -> None:
    with pytest.raises(ConfigError, match="`verify`"):
        crm.run(created, verify=True)


def test_employees_and_contacts(crm: Crm) -> None:
    async def people(reader: CrmReader, _: CrmWriter) -> tuple[Any, ...]:
        return (
            await reader.employees(),
            [contact async for contact in reader.contacts_changed_since(None)],
            await reader.contacts_by_ids(["c2", "nobody"]),
        )

    employees, contacts, by_id = crm.run(people)
    assert {(each.id, each.email, each.active) for each in employees} == {
        ("1001", "Anna@contoso.test", True),
        ("1002", "", True),
        ("1003", "", False),
    }
    assert {(each.id, each.address, each.account_id) for each in contacts} == {
        ("c1", "dora@firm.test", "f1"),
        ("c2", "", ""),
    }
    assert [each.id for each in by_id] == ["c2"]
