"""Narrowing: of everything staged, only what is new to the links goes on, by joins on ids and versions.

Cheap at a million rows; only the few that remain become Events.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from calsync.core.model import CrmRow, OutlookRow
from calsync.staging import values

if TYPE_CHECKING:
    import pyarrow as pa

    from calsync.store.records import KnownCrm, KnownOutlook


def fresh_crm(staged: pa.Table, known: Sequence[KnownCrm]) -> list[CrmRow]:
    """The staged records that no link knows in this version."""
    return values(CrmRow, _lacking(staged, {(row.crm_id, row.version) for row in known}, "id", "version"))


def fresh_outlook(staged: pa.Table, known: Sequence[KnownOutlook]) -> list[OutlookRow]:
    """The staged events that no link knows with this etag."""
    etags = {(row.mailbox, row.id, row.etag) for row in known}
    return values(OutlookRow, _lacking(staged, etags, "mailbox", "id", "etag"))


def _lacking(staged: pa.Table, known: set[tuple[Any, ...]], *keys: str) -> pa.Table:
    if not known or not len(staged):
        return staged
    columns = (staged[key].to_pylist() for key in keys)
    return staged.filter([row not in known for row in zip(*columns, strict=True)])
