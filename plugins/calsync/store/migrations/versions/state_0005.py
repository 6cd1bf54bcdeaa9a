"""What calendars and searches look at, in a narrow table beside the links; filled from them."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from itertools import islice
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
PRIVATE = '"private":true'
AT_ONCE = 2_000


def upgrade() -> None:
    made = op.create_table(
        "calendar",
        *(_id(name) for name in ("tenant", "starts", "link", "ends", "state", "owner")),
        sa.Column("external", sa.Boolean(), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "starts", "link", name="calendar_key"),
        sa.ForeignKeyConstraint(
            ["tenant", "link"], ["link.tenant", "link.id"], name="calendar_link", ondelete="CASCADE"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("calendar_of", "calendar", ["tenant", "link"])
    rows = _rows()
    while part := list(islice(rows, AT_ONCE)):
        op.bulk_insert(made, part)


def downgrade() -> None:
    op.drop_table("calendar")


def _id(name: str) -> sa.Column[str]:
    return sa.Column(name, ID, nullable=False)


def _rows() -> Iterator[dict[str, Any]]:
    """The meetings that are not over and have a time, read in parts."""
    link = sa.table("link", *(sa.column(name) for name in ("tenant", "id", "state", "value")))
    placement = sa.table("placement", *(sa.column(name) for name in ("tenant", "link", "value")))
    hidden = sa.select(placement.c.tenant, placement.c.link).where(placement.c.value.contains(PRIVATE, autoescape=True))
    private = {tuple(row) for row in op.get_bind().execute(hidden)}
    after = ("", "")
    while True:
        query = sa.select(link).where(sa.tuple_(link.c.tenant, link.c.id) > after).order_by(link.c.tenant, link.c.id)
        found = op.get_bind().execute(query.limit(AT_ONCE)).all()
        for tenant, id_, state, value in found:
            events = [event for name in ("crm_shown", "base") if (event := json.loads(value).get(name))]
            if not events or state == "retired":
                continue
            is_private = PRIVATE in value or (tenant, id_) in private
            yield {
                "tenant": tenant,
                "starts": events[0]["time"]["start"],
                "link": id_,
                "ends": events[0]["time"]["end"],
                "state": state,
                "owner": json.loads(value).get("crm_owner", ""),
                "external": any(event.get("contacts") for event in events),
                "private": is_private,
                "title": "" if is_private else unicodedata.normalize("NFKC", events[0]["title"]).casefold(),
            }
        if not found:
            return
        after = (found[-1].tenant, found[-1].id)
