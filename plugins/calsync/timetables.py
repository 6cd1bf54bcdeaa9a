"""When the backfill DAG runs: never by itself, and for whole days of the tenant's zone when somebody backfills it.

The class is registered with Airflow by `airflow_plugin`, so that scheduler and API server can read it back.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pendulum
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction, Timetable


class LocalDays(Timetable):
    """Data intervals from midnight to midnight in one time zone, for backfills alone.

    A day is as long as the zone makes it: 23 or 25 hours when clocks change, and a date that a zone left out is none.

    zone: IANA name.
    """

    description = "Never by itself: started by a person, by a backfill or by maintenance"
    can_be_scheduled = False
    periodic = True  # Airflow backfills periodic timetables only.

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)

    @property
    def summary(self) -> str:
        """What the list of DAGs shows as the schedule."""
        return "On demand"

    def serialize(self) -> dict[str, Any]:
        """As Airflow's database keeps it."""
        return {"zone": self._zone.key}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> Timetable:
        """Out of Airflow's database."""
        return cls(data["zone"])

    def infer_manual_data_interval(self, *, run_after: pendulum.DateTime) -> DataInterval:
        """The last day that is over. A manual run says its days by its parameters; Airflow wants some interval."""
        end = self._midnight(run_after.astimezone(self._zone).date())
        return DataInterval(self._midnight((end - timedelta(seconds=1)).astimezone(self._zone).date()), end)

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """The next day of a backfill (which asks with `catchup`); None for a scheduler, and after the last day."""
        if not restriction.catchup or restriction.earliest is None:
            return None
        last = last_automated_data_interval
        start = last.end if last else self._from(restriction.earliest)
        if restriction.latest is not None and start > self._named(restriction.latest):
            return None
        return DagRunInfo.interval(start, self._after(start))

    def _from(self, earliest: datetime) -> pendulum.DateTime:
        """The first midnight of a backfill that begins at `earliest`."""
        named = self._named(earliest)
        midnight = self._midnight(named.astimezone(self._zone).date())
        return midnight if midnight >= named else self._after(midnight)

    def _named(self, at: datetime) -> pendulum.DateTime:
        """A bound of a backfill as a person meant it: `--from-date 2026-11-18` arrives as midnight in UTC, and names
        that day of the tenant's."""
        utc = at.astimezone(UTC)
        return self._midnight(utc.date()) if utc.time() == time.min else pendulum.instance(at)

    def _after(self, midnight: datetime) -> pendulum.DateTime:
        """The midnight after this one; later even where the zone left a date out."""
        day = midnight.astimezone(self._zone).date() + timedelta(days=1)
        while (found := self._midnight(day)) <= midnight:
            day += timedelta(days=1)
        return found

    def _midnight(self, day: date) -> pendulum.DateTime:
        """The instant at which a day begins. Clocks that skip midnight begin it at the skip, repeated ones with the
        first of the two."""
        return pendulum.instance(datetime.combine(day, time.min, self._zone).astimezone(UTC))
