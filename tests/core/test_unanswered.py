"""Which record an unanswered create made (G3)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from core.make import NOW, at, event

from calsync.core.facts import Intent
from calsync.core.model import CrmRow
from calsync.core.unanswered import made_by

SENT = NOW
SINCE = SENT - timedelta(minutes=10)


def asked(link: str = "a", title: str = "Call", hour: int = 24) -> Intent:
    return Intent(link, "1", event(title, at(hour)), SINCE)


def record(
    id_: str = "r",
    title: str = "Call",
    hour: int = 24,
    *,
    owner: str = "1",
    made: datetime = SENT,
    edited: timedelta = timedelta(),
    version: int = 1,
) -> CrmRow:
    return CrmRow(id_, version, event(title, at(hour)), owner, created=made, modified=made + edited)


LATER = timedelta(minutes=5)


@pytest.mark.parametrize(
    ("row", "made"),
    [
        pytest.param(record(), True, id="as it was asked for"),
        pytest.param(record(owner="2"), False, id="somebody else's"),
        pytest.param(record(made=SINCE - timedelta(seconds=1)), False, id="made before it was asked for"),
        pytest.param(record(made=SENT + timedelta(minutes=9)), True, id="made as a slow clock says"),
        pytest.param(record(title="Demo", edited=LATER), True, id="renamed since"),
        pytest.param(record(title="Demo", version=2), True, id="renamed in the same second"),
        pytest.param(record(hour=30, edited=LATER), True, id="moved since"),
        pytest.param(record(title="Demo", hour=30, edited=LATER), False, id="renamed and moved: nothing tells"),
        pytest.param(record(title="Demo"), False, id="another meeting of that time"),
        pytest.param(record(title="Demo", edited=LATER, owner="2"), False, id="somebody else's, renamed"),
        pytest.param(record(title="Demo", edited=LATER, made=SENT + timedelta(minutes=11)), False, id="made later"),
    ],
)
def test_a_record_is_what_an_unanswered_create_made(row: CrmRow, made: bool) -> None:
    assert made_by([row], [asked()]) == ({"r": asked()} if made else {})


def test_what_shows_what_was_asked_for_goes_before_what_was_edited() -> None:
    rows = [record("renamed", "Demo", edited=LATER), record("same")]
    assert made_by(rows, [asked()]) == {"same": asked()}


def test_each_create_made_one_record() -> None:
    first, second = asked("a"), asked("b")
    assert made_by([record("x"), record("y"), record("z")], [first, second]) == {"x": first, "y": second}


def test_two_edited_records_that_one_create_may_have_made_are_left_alone() -> None:
    rows = [record("x", "Demo", edited=LATER), record("y", "Review", edited=LATER)]
    assert made_by(rows, [asked()]) == {}


def test_an_edited_record_that_two_creates_may_have_made_is_left_alone() -> None:
    assert made_by([record(hour=30, edited=LATER)], [asked("a", hour=24), asked("b", hour=48)]) == {}


def test_a_renamed_date_of_a_series_is_known_by_its_time() -> None:
    dates = [asked("a", hour=24), asked("b", hour=48)]
    assert made_by([record("x", "Demo", 48, edited=LATER)], dates) == {"x": dates[1]}
