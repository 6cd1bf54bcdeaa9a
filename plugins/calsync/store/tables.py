"""The tables, as SQLAlchemy Core. A change here needs a migration beside it (`migrations/versions`) and a new REVISION.

`value` holds a whole frozen value as JSON text (core.codec); the columns beside it are only what queries look at.
Ids are compared byte for byte: SQLite does so by itself, PostgreSQL under the collation "C". Instants: epoch seconds.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    TypeDecorator,
    text,
)

REVISION = "0005"
"""The migration these tables belong to: alembic's head."""


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept as epoch seconds: the same number in every database and every time zone."""

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> float | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A time without a zone cannot be stored; give it one")
        return value.timestamp()

    def process_result_value(self, value: float | None, dialect: Dialect) -> datetime | None:
        return None if value is None else datetime.fromtimestamp(value, UTC)


ID = Text().with_variant(Text(collation="C"), "postgresql")
COUNTER = BigInteger().with_variant(Integer(), "sqlite")


def _id(name: str) -> Column[str]:
    return Column(name, ID, nullable=False)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _at(name: str, nullable: bool = False) -> Column[datetime]:
    return Column(name, Instant, nullable=nullable)


def _unique_where(name: str, columns: tuple[str, ...], condition: str) -> Index:
    return Index(name, *columns, unique=True, sqlite_where=text(condition), postgresql_where=text(condition))


metadata = MetaData()

account = Table(
    "account",
    metadata,
    _id("tenant"),
    _id("employee"),
    _id("enterprise"),
    _id("object_id"),
    Column("authorised", Boolean, nullable=False),
    _id("standing"),
    _id("availability"),
    _text("address"),
    _text("value"),
    PrimaryKeyConstraint("tenant", "employee", name="account_key"),
    # One authorised account per Microsoft user and enterprise, whatever the configuration (RULES A5).
    _unique_where("account_authorised", ("enterprise", "object_id"), "authorised"),
    Index("account_object", "tenant", "object_id"),
)

refusal = Table(
    "refusal",
    metadata,
    _id("tenant"),
    _id("employee"),
    _id("why"),
    _id("object_id"),
    _text("address"),
    _text("candidates"),
    _text("moved"),
    PrimaryKeyConstraint("tenant", "employee", name="refusal_key"),
    Index("refusal_object", "tenant", "object_id"),
)

contact = Table(
    "contact",
    metadata,
    _id("tenant"),
    _id("id"),
    _id("address"),
    _text("value"),
    PrimaryKeyConstraint("tenant", "id", name="contact_key"),
    Index("contact_address", "tenant", "address"),
)

link = Table(
    "link",
    metadata,
    _id("tenant"),
    _id("id"),
    _id("crm_id"),
    Column("crm_version", BigInteger, nullable=False),
    _id("crm_print"),
    _id("day"),
    _id("look"),
    _id("state"),
    Column("dirty", Boolean, nullable=False),
    _id("series"),
    _text("value"),
    PrimaryKeyConstraint("tenant", "id", name="link_key"),
    # A ShareCRM record belongs to one meeting (RULES A1).
    _unique_where("link_record", ("tenant", "crm_id"), "crm_id <> '' AND state <> 'retired'"),
    Index("link_crm", "tenant", "crm_id"),
    Index("link_state", "tenant", "state"),
    Index("link_dirty", "tenant", "dirty"),
    Index("link_day", "tenant", "day"),
    Index("link_look", "tenant", "look"),
)

placement = Table(
    "placement",
    metadata,
    _id("tenant"),
    _id("link"),
    Column("position", Integer, nullable=False),
    _id("mailbox"),
    _id("id"),
    _id("ical_uid"),
    _id("ical_key"),
    _id("master"),
    _id("pattern"),
    _id("standing"),
    _id("etag"),
    _id("print"),
    _text("value"),
    PrimaryKeyConstraint("tenant", "link", "position", name="placement_key"),
    ForeignKeyConstraint(["tenant", "link"], ["link.tenant", "link.id"], name="placement_link", ondelete="CASCADE"),
    # A living Outlook event belongs to one meeting (RULES A1).
    _unique_where("placement_living", ("tenant", "mailbox", "id"), "id <> '' AND standing = 'living'"),
    Index("placement_event", "tenant", "id", "mailbox"),
    Index("placement_mailbox", "tenant", "mailbox"),
    Index("placement_ical", "tenant", "ical_key"),
    Index("placement_master", "tenant", "master", "mailbox"),
)

# What calendars and searches look at of the links that are not over, in the order of their times.
calendar = Table(
    "calendar",
    metadata,
    _id("tenant"),
    _id("starts"),
    _id("link"),
    _id("ends"),
    _id("state"),
    _id("owner"),
    Column("external", Boolean, nullable=False),
    Column("private", Boolean, nullable=False),
    _text("title"),
    PrimaryKeyConstraint("tenant", "starts", "link", name="calendar_key"),
    ForeignKeyConstraint(["tenant", "link"], ["link.tenant", "link.id"], name="calendar_link", ondelete="CASCADE"),
    Index("calendar_of", "tenant", "link"),
    sqlite_with_rowid=False,
)

cursor = Table(
    "cursor",
    metadata,
    _id("tenant"),
    _id("name"),
    _text("value"),
    _at("saved_at"),
    _at("window_start", nullable=True),
    _at("window_end", nullable=True),
    _text("meta"),
    PrimaryKeyConstraint("tenant", "name", name="cursor_key"),
)

action = Table(
    "action",
    metadata,
    _id("tenant"),
    _id("id"),
    _id("run"),
    Column("position", Integer, nullable=False),
    _id("link"),
    _id("state"),
    Column("attempts", Integer, nullable=False),
    _at("planned_at"),
    _at("sent_at", nullable=True),
    _at("settled_at", nullable=True),
    _at("next_at", nullable=True),
    _id("asked"),
    _at("asked_at", nullable=True),
    _id("answer"),
    _text("answered_by"),
    _at("answered_at", nullable=True),
    _text("code"),
    _text("sentence"),
    _text("outcome"),
    _text("value"),
    PrimaryKeyConstraint("tenant", "id", name="action_key"),
    Index("action_state", "tenant", "state", "next_at"),
    Index("action_run", "tenant", "run"),
    Index("action_link", "tenant", "link"),
    Index("action_asked", "tenant", "asked"),
)

history = Table(
    "history",
    metadata,
    Column("id", COUNTER, autoincrement=True, nullable=False),
    _id("tenant"),
    _at("at"),
    _id("run"),
    _id("link"),
    _id("side"),
    _id("mailbox"),
    _id("target_id"),
    _id("action"),
    _id("rule"),
    _text("reason"),
    _text("who"),
    _text("before"),
    _text("after"),
    _text("base"),
    _text("losses"),
    PrimaryKeyConstraint("id", name="history_key"),
    Index("history_link", "tenant", "link"),
    Index("history_run", "tenant", "run"),
    Index("history_at", "tenant", "at"),
)

run = Table(
    "run",
    metadata,
    _id("tenant"),
    _id("id"),
    _id("kind"),
    _id("state"),
    _at("started_at"),
    _at("ended_at", nullable=True),
    _text("counters"),
    _text("sentence"),
    _text("meta"),
    PrimaryKeyConstraint("tenant", "id", name="run_key"),
    Index("run_started", "tenant", "started_at"),
)

lease = Table(
    "lease",
    metadata,
    _id("tenant"),
    _id("holder"),
    _at("taken_at"),
    _at("until"),
    PrimaryKeyConstraint("tenant", name="lease_key"),
)
