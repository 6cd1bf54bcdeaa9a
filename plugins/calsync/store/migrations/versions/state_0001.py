"""The first tables.

Written out in full, and never changed: what a version of calsync made must stay what it was.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _people()
    _links()
    _journal()
    _runs()


def downgrade() -> None:
    for table in ("lease", "run", "history", "action", "cursor", "placement", "link", "contact", "account"):
        op.drop_table(table)


def _id(name: str) -> sa.Column[str]:
    return sa.Column(name, ID, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _at(name: str, nullable: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Double(), nullable=nullable)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _unique_where(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=True, sqlite_where=where, postgresql_where=where)


def _people() -> None:
    op.create_table(
        "account",
        _id("tenant"),
        _id("employee"),
        _id("enterprise"),
        _id("object_id"),
        _flag("authorised"),
        _text("value"),
        sa.PrimaryKeyConstraint("tenant", "employee", name="account_key"),
    )
    _unique_where("account_authorised", "account", ["enterprise", "object_id"], "authorised")
    op.create_index("account_object", "account", ["tenant", "object_id"])
    op.create_table(
        "contact",
        _id("tenant"),
        _id("id"),
        _id("address"),
        _text("value"),
        sa.PrimaryKeyConstraint("tenant", "id", name="contact_key"),
    )
    op.create_index("contact_address", "contact", ["tenant", "address"])


def _links() -> None:
    op.create_table(
        "link",
        _id("tenant"),
        _id("id"),
        _id("crm_id"),
        sa.Column("crm_version", sa.BigInteger(), nullable=False),
        _id("crm_print"),
        _id("day"),
        _id("look"),
        _id("state"),
        _flag("dirty"),
        _text("value"),
        sa.PrimaryKeyConstraint("tenant", "id", name="link_key"),
    )
    _unique_where("link_record", "link", ["tenant", "crm_id"], "crm_id <> '' AND state <> 'retired'")
    op.create_index("link_crm", "link", ["tenant", "crm_id"])
    op.create_index("link_state", "link", ["tenant", "state"])
    op.create_index("link_dirty", "link", ["tenant", "dirty"])
    op.create_index("link_day", "link", ["tenant", "day"])
    op.create_index("link_look", "link", ["tenant", "look"])
    op.create_table(
        "placement",
        _id("tenant"),
        _id("link"),
        _number("position"),
        _id("mailbox"),
        _id("id"),
        _id("ical_uid"),
        _id("standing"),
        _id("etag"),
        _id("print"),
        _text("value"),
        sa.PrimaryKeyConstraint("tenant", "link", "position", name="placement_key"),
        sa.ForeignKeyConstraint(
            ["tenant", "link"], ["link.tenant", "link.id"], name="placement_link", ondelete="CASCADE"
        ),
    )
    _unique_where("placement_living", "placement", ["tenant", "mailbox", "id"], "id <> '' AND standing = 'living'")
    op.create_index("placement_event", "placement", ["tenant", "id", "mailbox"])
    op.create_index("placement_mailbox", "placement", ["tenant", "mailbox"])
    op.create_index("placement_ical", "placement", ["tenant", "ical_uid"])


def _journal() -> None:
    op.create_table(
        "action",
        _id("tenant"),
        _id("id"),
        _id("run"),
        _number("position"),
        _id("link"),
        _id("state"),
        _number("attempts"),
        _at("planned_at"),
        _at("sent_at", nullable=True),
        _at("settled_at", nullable=True),
        _at("next_at", nullable=True),
        _text("code"),
        _text("sentence"),
        _text("outcome"),
        _text("value"),
        sa.PrimaryKeyConstraint("tenant", "id", name="action_key"),
    )
    op.create_index("action_state", "action", ["tenant", "state", "next_at"])
    op.create_index("action_run", "action", ["tenant", "run"])
    op.create_index("action_link", "action", ["tenant", "link"])
    op.create_table(
        "history",
        sa.Column("id", COUNTER, autoincrement=True, nullable=False),
        _id("tenant"),
        _at("at"),
        *(_id(name) for name in ("run", "link", "side", "mailbox", "target_id", "action", "rule")),
        *(_text(name) for name in ("reason", "who", "before", "after", "losses")),
        sa.PrimaryKeyConstraint("id", name="history_key"),
    )
    for name, column in (("history_link", "link"), ("history_run", "run"), ("history_at", "at")):
        op.create_index(name, "history", ["tenant", column])


def _runs() -> None:
    op.create_table(
        "cursor",
        _id("tenant"),
        _id("name"),
        _text("value"),
        _at("saved_at"),
        _at("window_start", nullable=True),
        _at("window_end", nullable=True),
        _text("meta"),
        sa.PrimaryKeyConstraint("tenant", "name", name="cursor_key"),
    )
    op.create_table(
        "run",
        _id("tenant"),
        _id("id"),
        _id("kind"),
        _id("state"),
        _at("started_at"),
        _at("ended_at", nullable=True),
        _text("counters"),
        _text("sentence"),
        _text("meta"),
        sa.PrimaryKeyConstraint("tenant", "id", name="run_key"),
    )
    op.create_index("run_started", "run", ["tenant", "started_at"])
    op.create_table(
        "lease",
        _id("tenant"),
        _id("holder"),
        _at("taken_at"),
        _at("until"),
        sa.PrimaryKeyConstraint("tenant", name="lease_key"),
    )
