"""Narrowing: of everything staged, only what is new to the links goes on, by joins on ids and versions.

Cheap at a million rows; only the few that remain become Events.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from calsync.core.codec import fingerprint
from calsync.core.model import CrmRow, OutlookRow, Shape
from calsync.staging import values

if TYPE_CHECKING:
    import pyarrow as pa

    from calsync.store.records import KnownCrm, KnownOutlook


def fresh_crm(staged: pa.Table, known: Sequence[KnownCrm]) -> list[CrmRow]:
    """The staged records that no link knows in this version."""
    return values(CrmRow, _lacking(staged, {(row.crm_id, row.version) for row in known}, "id", "version"))


def fresh_outlook(staged: pa.Table, known: Sequence[KnownOutlook]) -> list[OutlookRow]:
    """The staged events that no link knows with this etag, and exceptions that no link knows with this content.

    An exception shows what it inherits from its series too, while its etag tells of its own changes alone (F1).
    """
    etags = {(row.mailbox, row.id, row.etag) for row in known}
    shown = {(row.mailbox, row.id): row.shown for row in known}
    fresh = _lacking(staged, etags, "mailbox", "id", "etag")
    inheriting = _exceptions(staged) if fresh.num_rows < staged.num_rows else []
    moved = [row for row in inheriting if shown.get((row.mailbox, row.id), "") != fingerprint(row.event)]
    again = [row for row in moved if (row.mailbox, row.id, row.etag) in etags]
    return [*values(OutlookRow, fresh), *again]


def _exceptions(staged: pa.Table) -> list[OutlookRow]:
    return values(OutlookRow, staged.filter([shape == Shape.EXCEPTION for shape in staged["shape"].to_pylist()]))


def _lacking(staged: pa.Table, known: set[tuple[Any, ...]], *keys: str) -> pa.Table:
    if not known or not len(staged):
        return staged
    columns = (staged[key].to_pylist() for key in keys)
    return staged.filter([row not in known for row in zip(*columns, strict=True)])
