"""Several processes and threads on one database, and what it says when it cannot be used."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from store.values import MEETING, full_link

from calsync.core.model import Link
from calsync.errors import StateError, StateUnreachable
from calsync.store import engine, open_store, version
from calsync.store.store import Store
from calsync.store.tables import REVISION

T = "sales"


def test_readers_see_the_last_commit_while_somebody_writes(store: Store, dsn: str) -> None:
    store.save_links(T, [Link(id="before")])
    with open_store(dsn) as other, other.begin() as tx:
        tx.save_links(T, [Link(id="now")])
        assert [link.id for link in store.links(T)] == ["before"]
    assert [link.id for link in store.links(T)] == ["before", "now"]


def test_a_database_is_opened_while_somebody_writes(store: Store, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BUSY_S", 0)
    with store.begin() as tx:
        tx.save_links(T, [Link(id="now")])
        with open_store(dsn) as other:
            assert other.links(T) == []
        assert version(dsn) == REVISION


def test_upgrades_at_the_same_time_all_succeed(empty_dsn: str) -> None:
    code = "import sys; from calsync.store import upgrade; sys.stdin.readline(); print(upgrade(sys.argv[1]))"
    plugins = str(Path(sys.modules["calsync.store"].__file__ or "").parents[2])
    pair = [
        subprocess.Popen(
            [sys.executable, "-c", code, empty_dsn],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": plugins},
        )
        for _ in range(2)
    ]
    for one in pair:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    assert [one.communicate()[0].strip() for one in pair] == [REVISION, REVISION]


def test_a_value_of_another_shape_is_told_without_its_content(store: Store, dsn: str) -> None:
    store.save_links(T, [full_link()])
    engine = create_engine(dsn)
    with engine.begin() as connection:
        connection.execute(text("UPDATE link SET value = replace(value, '\"title\"', '\"topic\"')"))
    engine.dispose()
    with pytest.raises(StateError, match="A stored Link") as caught:
        store.links(T)
    assert "Müller" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_refused_statement_does_not_show_its_values(store: Store, dsn: str) -> None:
    engine = create_engine(dsn)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE placement"))
    engine.dispose()
    with pytest.raises(StateError, match=r"placement.*calsync_state") as caught:
        store.save_links(T, [full_link()])
    assert MEETING.title not in str(caught.value)


def test_a_database_that_is_locked_for_too_long_may_be_tried_again(
    tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "calsync.db"
    file.write_bytes(migrated_sqlite.read_bytes())
    monkeypatch.setattr(engine, "BUSY_S", 0)
    other = sqlite3.connect(file, isolation_level=None)
    with open_store(f"sqlite:///{file}") as store:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateUnreachable, match="locked"):
            store.save_links(T, [full_link()])
        other.execute("ROLLBACK")
        store.save_links(T, [full_link()])
    other.close()


def test_the_database_takes_any_text(store: Store) -> None:
    odd = Link(id="%_\\'\"", crm_id="a%", reason="line\nbreak \u2028 \x00 end")
    store.save_links(T, [odd, Link(id="x", crm_id="ab")])
    assert store.links(T, [odd.id]) == [odd]
    assert store.links_by_crm(T, ["a%"]) == [odd]
