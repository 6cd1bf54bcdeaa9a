"""What people want of meetings is kept until it is done, and makes the next run look at them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from store.values import NOW, full_link

from calsync.core.model import Link
from calsync.store.records import Wish, WishKind
from calsync.store.store import Store

T = "sales"
WANTED = Wish("L1", WishKind.RESTORE, "17:0", "Olga Ops", NOW)


def test_a_wish_is_kept_until_it_is_ended(store: Store) -> None:
    other = Wish("L2", WishKind.UNDO, "manual__1", "Ann", NOW)
    store.wish(T, WANTED)
    store.wish(T, other)
    assert store.wishes(T) == {"L1": WANTED, "L2": other}
    assert store.wishes(T, ["L2", "absent"]) == {"L2": other}
    assert store.wishes(T, []) == {}
    store.end_wishes(T, ["L1", "absent"])
    assert store.wishes(T) == {"L2": other}


def test_the_last_wish_about_a_meeting_counts(store: Store) -> None:
    store.wish(T, WANTED)
    again = replace(WANTED, of="18:1", at=NOW + timedelta(minutes=1))
    store.wish(T, again)
    assert store.wishes(T) == {"L1": again}


def test_the_next_run_looks_at_the_meeting(store: Store) -> None:
    quiet, other = replace(full_link("L1", "R1"), dirty=False), Link(id="L2")
    store.save_links(T, [quiet, other])
    assert store.dirty_links(T) == []
    store.wish(T, WANTED)
    assert store.dirty_links(T) == [quiet]
    store.end_wishes(T, ["L1"])
    assert store.dirty_links(T) == []


def test_it_is_no_cursor_and_no_other_tenants(store: Store) -> None:
    store.wish(T, WANTED)
    assert store.cursors(T) == []
    assert store.wishes("other") == {}
