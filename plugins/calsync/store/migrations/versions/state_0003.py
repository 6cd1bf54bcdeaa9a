"""Questions and answers: what is asked about a held action, and what a person said; history keeps the base before.

The two tables are made anew, since neither database adds a column that is required, has no default and stands where the
tables of a new database have it. Nothing that they hold has been asked about.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

ACTION_WAS = ("tenant", "id", "run", "position", "link", "state", "attempts", "planned_at", "sent_at", "settled_at",
              "next_at", "code", "sentence", "outcome", "value")  # fmt: skip
HISTORY_WAS = ("id", "tenant", "at", "run", "link", "side", "mailbox", "target_id", "action", "rule", "reason", "who",
               "before", "after", "losses")  # fmt: skip


def upgrade() -> None:
    _set_aside()
    _actions()
    _history()
    _bring_back("action", ACTION_WAS, "asked", "answer", "answered_by")
    _bring_back("history", HISTORY_WAS, "base")
    _count_on()


def downgrade() -> None:
    _set_aside()
    _actions(with_answers=False)
    _history(with_base=False)
    _bring_back("action", ACTION_WAS)
    _bring_back("history", HISTORY_WAS)
    _count_on()


def _set_aside() -> None:
    op.execute("CREATE TABLE kept_action AS SELECT * FROM action")
    op.execute("CREATE TABLE kept_history AS SELECT * FROM history")
    op.drop_table("action")
    op.drop_table("history")


def _bring_back(table: str, names: tuple[str, ...], *new: str) -> None:
    """Copy what was set aside into the table made anew; its `new` columns are empty."""
    kept = sa.table(f"kept_{table}", *(sa.column(name) for name in names))
    made = sa.table(table, *(sa.column(name) for name in (*names, *new)))
    op.execute(made.insert().from_select([*names, *new], sa.select(*kept.c, *(sa.literal("") for _ in new))))
    op.drop_table(f"kept_{table}")


def _count_on() -> None:
    """PostgreSQL numbers history by a sequence, which begins anew with the table."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SELECT setval('history_id_seq', (SELECT max(id) FROM history)) FROM history LIMIT 1")


def _id(name: str) -> sa.Column[str]:
    return sa.Column(name, ID, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _at(name: str, nullable: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Double(), nullable=nullable)


def _answers() -> Iterator[sa.schema.SchemaItem]:
    yield _id("asked")
    yield _at("asked_at", nullable=True)
    yield _id("answer")
    yield _text("answered_by")
    yield _at("answered_at", nullable=True)


def _actions(*, with_answers: bool = True) -> None:
    op.create_table(
        "action",
        _id("tenant"),
        _id("id"),
        _id("run"),
        sa.Column("position", sa.Integer(), nullable=False),
        _id("link"),
        _id("state"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _at("planned_at"),
        _at("sent_at", nullable=True),
        _at("settled_at", nullable=True),
        _at("next_at", nullable=True),
        *(_answers() if with_answers else ()),
        _text("code"),
        _text("sentence"),
        _text("outcome"),
        _text("value"),
        sa.PrimaryKeyConstraint("tenant", "id", name="action_key"),
    )
    op.create_index("action_state", "action", ["tenant", "state", "next_at"])
    op.create_index("action_run", "action", ["tenant", "run"])
    op.create_index("action_link", "action", ["tenant", "link"])
    if with_answers:
        op.create_index("action_asked", "action", ["tenant", "asked"])


def _history(*, with_base: bool = True) -> None:
    op.create_table(
        "history",
        sa.Column("id", COUNTER, autoincrement=True, nullable=False),
        _id("tenant"),
        _at("at"),
        *(_id(name) for name in ("run", "link", "side", "mailbox", "target_id", "action", "rule")),
        *(_text(name) for name in ("reason", "who", "before", "after")),
        *([_text("base")] if with_base else []),
        _text("losses"),
        sa.PrimaryKeyConstraint("id", name="history_key"),
    )
    for name, column in (("history_link", "link"), ("history_run", "run"), ("history_at", "at")):
        op.create_index(name, "history", ["tenant", column])
