"""Series: whose date a meeting is, and the key by which an Outlook meeting is known in every mailbox.

The two tables are made anew, since neither database adds a column that is required, has no default and stands where the
tables of a new database have it. What they hold knows no series yet.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

LINK_WAS = ("tenant", "id", "crm_id", "crm_version", "crm_print", "day", "look", "state", "dirty", "value")
PLACEMENT_WAS = ("tenant", "link", "position", "mailbox", "id", "ical_uid", "standing", "etag", "print", "value")
GLOBAL_ID = "040000008200E00074C5B7101A82E008"


def upgrade() -> None:
    _set_aside()
    _links()
    _placements()
    _bring_back("link", LINK_WAS, "series")
    _bring_back("placement", PLACEMENT_WAS, "ical_key", "master", "pattern")
    _fill_keys()


def downgrade() -> None:
    _set_aside()
    _links(with_series=False)
    _placements(with_series=False)
    _bring_back("link", LINK_WAS)
    _bring_back("placement", PLACEMENT_WAS)


def _set_aside() -> None:
    op.execute("CREATE TABLE kept_link AS SELECT * FROM link")
    op.execute("CREATE TABLE kept_placement AS SELECT * FROM placement")
    op.drop_table("placement")
    op.drop_table("link")


def _bring_back(table: str, names: tuple[str, ...], *new: str) -> None:
    """Copy what was set aside into the table made anew; its `new` columns are empty."""
    kept = sa.table(f"kept_{table}", *(sa.column(name) for name in names))
    made = sa.table(table, *(sa.column(name) for name in (*names, *new)))
    op.execute(made.insert().from_select([*names, *new], sa.select(*kept.c, *(sa.literal("") for _ in new))))
    op.drop_table(f"kept_{table}")


def _fill_keys() -> None:
    rows = op.get_bind().execute(sa.text("SELECT DISTINCT ical_uid FROM placement WHERE ical_uid <> ''"))
    set_key = sa.text("UPDATE placement SET ical_key = :key WHERE ical_uid = :uid")
    keys = [{"uid": row.ical_uid, "key": ical_key(row.ical_uid)} for row in rows]
    if keys:
        op.get_bind().execute(set_key, keys)


def ical_key(uid: str) -> str:
    """The key of a single event, whose iCalUId bears a date only if it is an invitation to one date of a series."""
    if not uid.upper().startswith(GLOBAL_ID) or len(uid) < 40:
        return f"{uid}|"
    try:
        year, month, day = int(uid[32:36], 16), int(uid[36:38], 16), int(uid[38:40], 16)
    except ValueError:
        return f"{uid[:32]}00000000{uid[40:]}|"
    when = f"{year:04}-{month:02}-{day:02}" if year and 1 <= month <= 12 and 1 <= day <= 31 else ""
    return f"{uid[:32]}00000000{uid[40:]}|{when}"


def _id(name: str) -> sa.Column[str]:
    return sa.Column(name, ID, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _indexes(table: str, columns: Iterable[str]) -> None:
    for column in columns:
        op.create_index(f"{table}_{column.removesuffix('_id')}", table, ["tenant", column])


def _unique_where(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=True, sqlite_where=where, postgresql_where=where)


def _links(*, with_series: bool = True) -> None:
    op.create_table(
        "link",
        _id("tenant"),
        _id("id"),
        _id("crm_id"),
        sa.Column("crm_version", sa.BigInteger(), nullable=False),
        *(_id(name) for name in ("crm_print", "day", "look", "state")),
        sa.Column("dirty", sa.Boolean(), nullable=False),
        *([_id("series")] if with_series else []),
        _text("value"),
        sa.PrimaryKeyConstraint("tenant", "id", name="link_key"),
    )
    _unique_where("link_record", "link", ["tenant", "crm_id"], "crm_id <> '' AND state <> 'retired'")
    _indexes("link", ("crm_id", "state", "dirty", "day", "look"))


def _placements(*, with_series: bool = True) -> None:
    op.create_table(
        "placement",
        _id("tenant"),
        _id("link"),
        sa.Column("position", sa.Integer(), nullable=False),
        *(_id(name) for name in ("mailbox", "id", "ical_uid")),
        *([_id(name) for name in ("ical_key", "master", "pattern")] if with_series else []),
        *(_id(name) for name in ("standing", "etag", "print")),
        _text("value"),
        sa.PrimaryKeyConstraint("tenant", "link", "position", name="placement_key"),
        sa.ForeignKeyConstraint(
            ["tenant", "link"], ["link.tenant", "link.id"], name="placement_link", ondelete="CASCADE"
        ),
    )
    _unique_where("placement_living", "placement", ["tenant", "mailbox", "id"], "id <> '' AND standing = 'living'")
    op.create_index("placement_event", "placement", ["tenant", "id", "mailbox"])
    op.create_index("placement_mailbox", "placement", ["tenant", "mailbox"])
    op.create_index("placement_ical", "placement", ["tenant", "ical_key" if with_series else "ical_uid"])
    if with_series:
        op.create_index("placement_master", "placement", ["tenant", "master", "mailbox"])
