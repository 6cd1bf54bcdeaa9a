"""Links and placements come back as they were saved, found by every id that identifies them."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import date

import pytest
from store.values import MEETING, full_link, placed

from calsync.core.codec import fingerprint
from calsync.core.match import ical_key
from calsync.core.model import Link, LinkState, Standing
from calsync.errors import StateError
from calsync.store.records import KnownCrm, KnownOutlook
from calsync.store.store import Store

T = "sales"


def test_a_link_comes_back_as_it_was_saved(store: Store) -> None:
    store.save_links(T, [full_link(), Link(id="L0")])
    assert store.links(T) == [Link(id="L0"), full_link()]
    assert store.links(T, ["L1", "absent"]) == [full_link()]
    assert store.links(T, []) == []


def test_saving_again_replaces_the_link_and_all_its_placements(store: Store) -> None:
    store.save_links(T, [full_link()])
    moved = replace(full_link(), crm_id="R2", dirty=False, placements=(placed("m9", "new"),))
    store.save_links(T, [moved])
    assert store.links(T) == [moved]
    assert store.links_by_crm(T, ["R1"]) == []
    assert store.links_by_placement(T, [("m1", "L1-a")]) == []
    assert store.dirty_links(T) == []


def test_links_are_found_by_each_of_their_ids(store: Store) -> None:
    one, two = full_link("L1", "R1"), replace(full_link("L2", "R2"), dirty=False)
    store.save_links(T, [one, two])
    assert store.links_by_crm(T, ["R2", "R1", "R3"]) == [one, two]
    assert store.links_by_placement(T, [("m1", "L1-a"), ("m2", "L1-b")]) == [one], "ended placements count too"
    assert store.links_by_placement(T, [("m2", "L1-a")]) == [], "mailbox and id belong together"
    assert store.links_by_ical(T, [ical_key("uid-1"), ""]) == [one, two]
    assert store.links_by_ical(T, [""]) == []
    assert store.dirty_links(T) == [one]


def test_ids_are_compared_byte_for_byte(store: Store) -> None:
    upper = Link(id="L", crm_id="R", placements=(placed("m", "AAMkAb="),))
    lower = Link(id="l", crm_id="r", placements=(placed("m", "AAMkAB="),))
    accented = Link(id="é", crm_id="e\u0301", placements=(placed("m", "AAMkAb"),))
    store.save_links(T, [upper, lower, accented])
    assert store.links_by_placement(T, [("m", "AAMkAB=")]) == [lower]
    assert store.links_by_crm(T, ["R"]) == [upper]
    assert store.links_by_crm(T, ["é"]) == []
    assert [row.id for row in store.known_outlook(T)] == ["AAMkAB=", "AAMkAb", "AAMkAb="], "in the order of their bytes"


def test_tenants_do_not_see_each_other(store: Store) -> None:
    store.save_links("a", [full_link()])
    store.save_links("b", [replace(full_link(), reason="b's own")])
    assert store.links("a") == [full_link()]
    assert store.links_by_crm("c", ["R1"]) == []
    assert store.links_by_placement("c", [("m1", "L1-a")]) == []
    assert store.known_crm("c") == []
    assert store.known_outlook("c") == []


def test_known_ids_carry_what_was_agreed(store: Store) -> None:
    store.save_links(T, [full_link(), Link(id="L2", crm_id="R0"), Link(id="L3", placements=(placed("m3", ""),))])
    print_ = fingerprint(MEETING)
    assert store.known_crm(T) == [KnownCrm("R0", 0, "", "L2"), KnownCrm("R1", 7, print_, "L1")]
    first = KnownOutlook("m1", "L1-a", 'W/"L1-a"', print_, Standing.LIVING, "L1")
    second = KnownOutlook("m2", "L1-b", 'W/"L1-b"', print_, Standing.ENDED, "L1")
    assert store.known_outlook(T) == [first, second]
    assert store.known_outlook(T, ["m2"]) == [second]
    assert store.known_outlook(T, []) == []


def test_links_are_counted_by_state(store: Store) -> None:
    store.save_links(T, [Link(id="1"), Link(id="2"), Link(id="3", state=LinkState.RETIRED)])
    assert store.count_links(T) == {
        LinkState.SEEN: 2,
        LinkState.LIVING: 0,
        LinkState.UNLINKED: 0,
        LinkState.RETIRED: 1,
    }


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Link(id="1", crm_id="R"), Link(id="2", crm_id="R")),
        (Link(id="1", placements=(placed("m", "e"),)), Link(id="2", placements=(placed("m", "e"),))),
    ],
    ids=["a record", "an event"],
)
def test_nothing_belongs_to_two_meetings(store: Store, first: Link, second: Link) -> None:
    store.save_links(T, [first])
    with pytest.raises(StateError, match="contradict") as caught:
        store.save_links(T, [Link(id="other"), second])
    assert MEETING.title not in str(caught.value)
    assert store.links(T) == [first], "the whole call is undone"


def test_only_what_contradicts_others_is_left_out(store: Store) -> None:
    store.save_links(T, [Link(id="0", crm_id="R"), Link(id="3", crm_id="S")])
    contradicts = Link(id="1", crm_id="R", placements=(placed("m", "e"),))
    takes_over, gives_up = Link(id="2", crm_id="S"), Link(id="3")
    assert store.save_consistent_links(T, [contradicts, takes_over, gives_up]) == {"1"}
    assert store.links(T) == [Link(id="0", crm_id="R"), takes_over, gives_up]
    assert store.save_consistent_links(T, [replace(contradicts, crm_id="")]) == set(), "it left nothing behind"


def test_a_retired_meeting_gives_its_ids_up(store: Store) -> None:
    store.save_links(T, [Link(id="1", crm_id="R", placements=(placed("m", "e"),))])
    retired = Link(id="1", crm_id="R", state=LinkState.RETIRED, placements=(placed("m", "e", Standing.ENDED),))
    successor = Link(id="0", crm_id="R", placements=(placed("m", "e"),))
    store.save_links(T, [successor, retired])
    assert store.links_by_crm(T, ["R"]) == [successor, retired]


def test_a_transaction_is_all_or_nothing(store: Store) -> None:
    def save_and_fail() -> None:
        with store.begin() as tx:
            tx.save_links(T, [full_link()])
            with tx.begin() as joined:
                joined.save_contacts(T, [])
            assert tx.links(T) == [full_link()], "a transaction sees its own writes"
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        save_and_fail()
    assert store.links(T) == []
    with store.begin() as tx:
        tx.save_links(T, [full_link()])
    assert store.links(T) == [full_link()]


def test_twenty_thousand_links_are_saved_and_known(store: Store) -> None:
    links = [
        Link(id=f"L{n:05}", crm_id=f"R{n:05}", crm_version=n, placements=(placed(f"m{n % 7}", f"E{n:05}"),))
        for n in range(20_000)
    ]
    store.save_links(T, links)
    store.save_links(T, [replace(links[0], crm_version=99)])
    assert [(row.crm_id, row.version) for row in store.known_crm(T)[:2]] == [("R00000", 99), ("R00001", 1)]
    assert {row.link for row in store.known_outlook(T, ["m3"])} == {one.id for one in links[3::7]}
    wanted = links[5:15_000:5]
    assert store.links(T, [one.id for one in wanted]) == wanted
    assert store.links_by_placement(T, [(one.placements[0].mailbox, one.placements[0].id) for one in wanted]) == wanted


def test_nothing_of_an_event_is_logged(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        store.save_links(T, [full_link()])
        store.links(T)
    assert "Müller" not in caplog.text


GLOBAL = "040000008200E00074C5B7101A82E008"


def test_a_date_of_a_series_is_found_by_its_series_and_by_its_key_in_every_mailbox(store: Store) -> None:
    host = replace(
        placed("m1", "1"), ical_uid=GLOBAL + "00000000FF", original=date(2026, 3, 2), master="S", pattern="p"
    )
    one = Link(id="L1", state=LinkState.LIVING, placements=(host,))
    two = Link(id="L2", state=LinkState.LIVING, placements=(replace(host, id="2", original=date(2026, 3, 9)),))
    single = Link(id="L3", state=LinkState.LIVING, placements=(placed("m2", "S", ical_uid="other"),))
    store.save_links(T, [one, two, single])
    assert store.links_by_series(T, [("m1", "S"), ("m2", "")]) == [one, two]
    assert store.links_by_series(T, [("m2", "S")]) == []
    assert store.links_by_ical(T, [ical_key(GLOBAL + "07EA0302FF")]) == [one]
    assert [(row.master, row.pattern) for row in store.known_outlook(T)] == [("S", "p"), ("S", "p"), ("", "")]
    assert store.count_links(T)[LinkState.LIVING] == 3
    assert store.count_living(T) == 2


def test_links_are_found_by_the_day_on_which_they_begin(store: Store) -> None:
    store.save_links(T, [full_link()])
    assert [link.id for link in store.links_between(T, date(2026, 3, 3), date(2026, 3, 3))] == ["L1"]
    assert store.links_between(T, date(2026, 3, 4), date(2026, 12, 31)) == []
    assert store.links_between(T, date(2026, 1, 1), date(2026, 3, 2)) == []
