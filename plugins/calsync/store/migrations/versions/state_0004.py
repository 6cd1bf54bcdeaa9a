"""Who was not matched and why; of accounts, what lists of them are filtered and searched by.

The table of accounts is made anew, as state_0003 says of its two.
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
WAS = ("tenant", "employee", "enterprise", "object_id", "authorised", "value")
AUTHORISED = sa.text("authorised")


def upgrade() -> None:
    rows = _taken_away()
    _accounts(listed=True)
    for row in rows:
        said = json.loads(str(row["value"]))
        row |= {"standing": _standing(said), "availability": said["availability"], "address": said["address"]}
    _bring_back(rows)
    op.create_table(
        "refusal",
        *(_id(name) for name in ("tenant", "employee", "why", "object_id")),
        *(_text(name) for name in ("address", "candidates", "moved")),
        sa.PrimaryKeyConstraint("tenant", "employee", name="refusal_key"),
    )
    op.create_index("refusal_object", "refusal", ["tenant", "object_id"])


def downgrade() -> None:
    op.drop_table("refusal")
    rows = _taken_away()
    _accounts(listed=False)
    _bring_back(rows)


def _taken_away() -> list[dict[str, object]]:
    """Every account; its table is dropped."""
    kept = sa.table("account", *(sa.column(name) for name in WAS))
    rows = [dict(row) for row in op.get_bind().execute(sa.select(kept)).mappings()]
    op.drop_table("account")
    return [row | {"authorised": bool(row["authorised"])} for row in rows]


def _bring_back(rows: list[dict[str, object]]) -> None:
    if rows:
        columns = (sa.column(name, sa.Boolean() if name == "authorised" else sa.Text()) for name in rows[0])
        op.bulk_insert(sa.table("account", *columns), rows)


def _standing(said: dict[str, object]) -> str:
    if said.get("authorised_since") is None:
        return "never"
    return "authorised" if said.get("revoked_at") is None else "revoked"


def _id(name: str) -> sa.Column[str]:
    return sa.Column(name, ID, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _accounts(*, listed: bool) -> None:
    op.create_table(
        "account",
        *(_id(name) for name in ("tenant", "employee", "enterprise", "object_id")),
        sa.Column("authorised", sa.Boolean(), nullable=False),
        *([_id("standing"), _id("availability"), _text("address")] if listed else []),
        _text("value"),
        sa.PrimaryKeyConstraint("tenant", "employee", name="account_key"),
    )
    op.create_index(
        "account_authorised",
        "account",
        ["enterprise", "object_id"],
        unique=True,
        sqlite_where=AUTHORISED,
        postgresql_where=AUTHORISED,
    )
    op.create_index("account_object", "account", ["tenant", "object_id"])
