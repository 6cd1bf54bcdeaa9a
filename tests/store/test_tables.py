"""The tables: made by the migrations, the same as `tables.metadata`, refused when missing, old or somebody else's."""

from __future__ import annotations

import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, select, text
from store.values import HOLIDAY, MEETING, NOW, person, placed, some_action

from calsync.core.match import ical_key
from calsync.core.model import Link, LinkState
from calsync.core.plan import ActionState
from calsync.errors import StateError, StateUnreachable
from calsync.store import open_store, upgrade, version
from calsync.store.calendar import calendar_row
from calsync.store.engine import encode
from calsync.store.links import _link_row, _placement_rows
from calsync.store.migrate import SCRIPTS
from calsync.store.records import HistoryEntry
from calsync.store.roster import Group
from calsync.store.tables import REVISION, calendar, metadata

GLOBAL = "040000008200E00074C5B7101A82E008"
NAMES = {
    "account", "refusal", "contact", "link", "placement", "calendar", "cursor", "action", "history", "run", "lease"
}  # fmt: skip

CATALOG = {
    "sqlite": ["SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"],
    "postgresql": [
        "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
        "SELECT table_name, column_name, data_type, is_nullable, collation_name, column_default"
        " FROM information_schema.columns WHERE table_schema = 'public'",
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace",
    ],
}


def _catalog(connection: Connection) -> set[tuple[object, ...]]:
    """What the database itself says of every table but alembic's, white space aside."""
    queries = CATALOG[connection.dialect.name]
    rows = [tuple(row) for query in queries for row in connection.execute(text(query))]
    plain = {tuple(" ".join(str(part).split()) for part in row) for row in rows}
    return {row for row in plain if "alembic_version" not in " ".join(row)}


def test_migrations_make_exactly_the_tables_that_the_code_uses(empty_dsn: str) -> None:
    upgrade(empty_dsn)
    engine = create_engine(empty_dsn)
    with engine.begin() as connection:
        assert set(inspect(connection).get_table_names()) == NAMES | {"alembic_version"}
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata) == []
        migrated = _catalog(connection)
        metadata.drop_all(connection)
        metadata.create_all(connection)
        assert _catalog(connection) == migrated
    engine.dispose()


def test_the_revision_in_the_code_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    assert ScriptDirectory.from_config(config).get_heads() == [REVISION]


def test_upgrade_is_repeatable_and_tells_the_version(empty_dsn: str) -> None:
    assert version(empty_dsn) is None
    assert upgrade(empty_dsn) == REVISION
    assert upgrade(empty_dsn) == REVISION
    assert version(empty_dsn) == REVISION


def test_a_database_without_tables_is_refused_with_the_command_to_run(empty_dsn: str) -> None:
    with pytest.raises(StateError, match="python -m calsync db upgrade"):
        open_store(empty_dsn)


def test_asking_for_a_missing_file_does_not_make_it(tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    assert version(f"sqlite:///{path}") is None
    with pytest.raises(StateError, match="python -m calsync db upgrade"):
        open_store(f"sqlite:///{path}")
    assert not path.exists()


def test_another_version_is_refused_by_open_and_upgrade_and_left_alone(dsn: str) -> None:
    engine = create_engine(dsn)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StateError, match=r"9999.*python -m calsync db upgrade"):
        open_store(dsn)
    with pytest.raises(StateError, match="newer calsync or to another application"):
        upgrade(dsn)
    engine.dispose()
    assert version(dsn) == "9999"


def test_an_upgrade_that_fails_leaves_nothing_behind(empty_dsn: str) -> None:
    version_before = version(empty_dsn)
    engine = create_engine(empty_dsn)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE lease (tenant TEXT)"))
    with pytest.raises(StateError, match="already exists"):
        upgrade(empty_dsn)
    assert inspect(engine).get_table_names() == ["lease"]
    engine.dispose()
    assert version(empty_dsn) == version_before


def test_a_sqlite_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "calsync.db"
    upgrade(f"sqlite:///{path}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("dsn", "error"),
    [
        ("mysql://u:hidden@h/d", StateError),
        ("sqlite://", StateError),
        ("no url at all", StateError),
        ("postgresql://h:port/d", StateError),
        ("postgresql+psycopg://u:hidden@127.0.0.1:1/d", StateUnreachable),
    ],
)
def test_an_unusable_address_is_told_without_its_password(dsn: str, error: type[Exception]) -> None:
    with pytest.raises(error, match="calsync_state") as caught:
        open_store(dsn)
    assert "hidden" not in str(caught.value)


def test_importing_the_package_does_not_import_sqlalchemy() -> None:
    code = (
        "import sys, calsync.store, calsync.store.records;"
        "print([m for m in ('sqlalchemy', 'alembic') if m in sys.modules])"
    )
    plugins = Path(sys.modules["calsync.store"].__file__ or "").parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(plugins)}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


OLD_LINK = (
    "INSERT INTO link (tenant, id, crm_id, crm_version, crm_print, day, look, state, dirty, value)"
    " VALUES ('t', 'L1', 'R1', 1, '', '', '', 'seen', :no, :link)"
)
OLD_PLACEMENT = (
    "INSERT INTO placement (tenant, link, position, mailbox, id, ical_uid, standing, etag, print, value)"
    " VALUES ('t', 'L1', :n, 'm', :id, :uid, 'living', '', '', :value)"
)


def make_version(dsn: str, revision: str, *statements: str) -> None:
    """The tables of an older calsync, with what it put in them."""
    engine = create_engine(dsn)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(SCRIPTS))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def test_what_the_first_version_stored_is_found_by_its_key(empty_dsn: str) -> None:
    """Of the version before series: only single events, some of them invitations to one date of somebody's series."""
    dated, plain = GLOBAL + "07EA0302FF", "plain@uid"
    make_version(empty_dsn, "0001")
    engine = create_engine(empty_dsn)
    with engine.begin() as connection:
        link = Link("L1", "R1", placements=(placed("m", "a", ical_uid=dated), placed("m", "b", ical_uid=plain)))
        connection.execute(text(OLD_LINK), {"link": encode(replace(link, placements=())), "no": False})
        for n, one in enumerate(link.placements):
            row = {"n": n, "id": one.id, "uid": one.ical_uid, "value": encode(one)}
            connection.execute(text(OLD_PLACEMENT), row)
    engine.dispose()
    assert upgrade(empty_dsn) == REVISION
    with open_store(empty_dsn) as store:
        for uid in (dated, plain):
            assert store.links_by_ical("t", [ical_key(uid)]) == [link]
        assert [row.id for row in store.known_outlook("t")] == ["a", "b"]


def test_journal_and_history_of_the_version_before_questions_go_on(empty_dsn: str) -> None:
    """What waited then waits still, unasked; history is numbered on from where it was."""
    action = some_action("A1", held="more than 20 %")
    make_version(
        empty_dsn,
        "0002",
        "INSERT INTO action (tenant, id, run, position, link, state, attempts, planned_at, code, sentence, outcome,"
        " value) VALUES"
        f" ('t', 'A1', 'r1', 0, 'L1', 'held', 0, {NOW.timestamp()!r}, '', '', '', '{_quoted(encode(action))}')",
        "INSERT INTO history (id, tenant, at, run, link, side, mailbox, target_id, action, rule, reason, who,"
        " before, after, losses) VALUES"
        f" (7, 't', {NOW.timestamp()!r}, 'r1', 'L1', '', '', '', '', 'C5', 'why', '', '', '', '[]')",
    )
    assert upgrade(empty_dsn) == REVISION
    with open_store(empty_dsn) as store:
        (row,) = store.actions("t")
        assert (row.action, row.state, row.asked, row.asked_at) == (action, ActionState.HELD, "", None)
        store.add_history("t", [HistoryEntry(NOW, "r2", "L1", "C5", "later", base=MEETING)])
        assert [(one.id, one.reason, one.base) for one in store.history("t")] == [
            (7, "why", None),
            (8, "later", MEETING),
        ]


def test_accounts_of_the_version_before_lists_are_found_in_their_groups(empty_dsn: str) -> None:
    people = [person("1", "o1"), person("2", "o2", authorised=False), replace(person("3", "o3"), revoked_at=NOW)]
    make_version(
        empty_dsn,
        "0003",
        *(
            "INSERT INTO account (tenant, employee, enterprise, object_id, authorised, value) VALUES"
            f" ('t', '{one.employee}', 'e', '{one.object_id}', {str(one.authorised).lower()}, '{_quoted(encode(one))}')"
            for one in people
        ),
    )
    assert upgrade(empty_dsn) == REVISION
    with open_store(empty_dsn) as store:
        assert [(one.account, one.group, one.address) for one in store.people("t")] == [
            (people[0], Group.CONNECTED, "1@example.com"),
            (people[1], Group.READY, "2@example.com"),
            (people[2], Group.REVOKED, "3@example.com"),
        ]
        assert store.authorised_elsewhere("e", "o1", "another") == "t"
        with pytest.raises(StateError, match="contradict"):
            store.save_accounts("another", [person("9", "o1")], "e")


def test_meetings_of_the_version_before_calendars_are_found_as_those_saved_now(empty_dsn: str) -> None:
    open_ = replace(MEETING, private=False)
    plain = Link("plain", "R1", crm_shown=open_, base=HOLIDAY, crm_owner="1001", state=LinkState.LIVING)
    one = Link("agreed", base=replace(HOLIDAY, title="Ｆａｉｒ"), state=LinkState.SEEN)
    here = Link("hidden", "R2", crm_shown=open_, placements=(placed("m", "a"),), state=LinkState.LIVING)
    links = [plain, one, here, replace(plain, id="over", state=LinkState.RETIRED), Link("timeless")]
    make_version(empty_dsn, "0004")
    engine = create_engine(empty_dsn)
    with engine.begin() as connection:
        for each in links:
            row = _link_row("t", each)
            names = ", ".join(row)
            connection.execute(text(f"INSERT INTO link ({names}) VALUES (:{names.replace(', ', ', :')})"), row)
            for row in _placement_rows("t", each):
                names = ", ".join(row)
                connection.execute(text(f"INSERT INTO placement ({names}) VALUES (:{names.replace(', ', ', :')})"), row)
    assert upgrade(empty_dsn) == REVISION
    with engine.begin() as connection:
        rows = {row.link: dict(row._mapping) for row in connection.execute(select(calendar))}
    engine.dispose()
    assert rows == {each.id: calendar_row("t", each) for each in (plain, one, here)}
    assert {name: row["title"] for name, row in rows.items()} == {
        "plain": "angebot für müller 🎉 'drop table'",
        "agreed": "fair",
        "hidden": "",
    }


def _quoted(value: str) -> str:
    return value.replace("'", "''").replace(":", r"\:")
