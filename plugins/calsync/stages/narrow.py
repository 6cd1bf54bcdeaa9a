"""Narrowing: of everything staged, only what is new to the links goes on, by joins on ids and versions.

Cheap at a million rows; only the few that remain become Python objects.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from calsync.core.model import CrmRow, OutlookRow
from calsync.staging import values

if TYPE_CHECKING:
    import pandas as pd

    from calsync.store.records import KnownCrm, KnownOutlook


def fresh_crm(staged: pd.DataFrame, known: Sequence[KnownCrm]) -> list[CrmRow]:
    """The staged records that no link knows in this version."""
    import pandas as pd

    if staged.empty or not known:
        return values(CrmRow, staged)
    remembered = pd.DataFrame(known, columns=["id", "version", "shown", "link"])[["id", "version"]].drop_duplicates()
    return values(CrmRow, _lacking(staged, remembered, ["id", "version"]))


def fresh_outlook(staged: pd.DataFrame, known: Sequence[KnownOutlook]) -> list[OutlookRow]:
    """The staged events that no link knows with this etag."""
    import pandas as pd

    if staged.empty or not known:
        return values(OutlookRow, staged)
    remembered = pd.DataFrame(known, columns=list(known[0]._fields))[["mailbox", "id", "etag"]].drop_duplicates()
    return values(OutlookRow, _lacking(staged, remembered, ["mailbox", "id", "etag"]))


def _lacking(staged: pd.DataFrame, known: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    joined = staged.merge(known, on=keys, how="left", indicator=True)
    return joined[joined["_merge"] == "left_only"]
