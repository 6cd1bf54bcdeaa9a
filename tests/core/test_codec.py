"""Values as they are stored: what an earlier release wrote is read, and still counts as the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from calsync.core.codec import fingerprint, from_json, to_json
from calsync.core.model import Event, OutlookRow, Time

HOLIDAY = Event("Messe", Time(date(2026, 5, 1), date(2026, 5, 3)), guests=frozenset({"a@example.com"}))
STORED = (
    '{"title":"Messe","time":{"start":"2026-05-01","end":"2026-05-03","zone":""},"private":false,'
    '"attendees":[],"contacts":[],"guests":["a@example.com"]}'
)
"""HOLIDAY as it was stored before Events knew of rooms."""


def test_an_event_stored_before_rooms_were_known_is_read() -> None:
    assert from_json(Event, STORED) == HOLIDAY


def test_an_event_without_rooms_has_the_fingerprint_it_had_before_rooms_were_known() -> None:
    start = datetime(2026, 3, 3, tzinfo=UTC)
    visit = Event("Visit", Time(start, start.replace(hour=1)), True, frozenset({"1001"}), frozenset({"c1"}))
    assert fingerprint(HOLIDAY) == "71b04bcd67a615a5fe016a63be067085"
    assert fingerprint(visit) == "14d6dcd3e064695d04a902617af57477"
    assert fingerprint(OutlookRow("m", "i", "e", HOLIDAY)) == "e82f573e7ac6289d2887dcbff6a8b672"


def test_a_room_is_stored_and_counts() -> None:
    booked = replace(HOLIDAY, rooms=frozenset({"hall@example.com"}))
    assert from_json(Event, to_json(booked)) == booked
    assert fingerprint(booked) != fingerprint(HOLIDAY)
