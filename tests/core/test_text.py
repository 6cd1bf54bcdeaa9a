"""Titles on their way out and back (F4, C2)."""

from __future__ import annotations

import pytest
from core.world import World

from calsync.core.diff import remarks_of
from calsync.core.text import outgoing, returning, squeeze

LONG = "a" * 250 + "0123456789"


@pytest.mark.parametrize(
    ("title", "sent"),
    [
        ("Visit", "Visit"),
        ("  two\n lines\t here ", "two lines here"),
        ("a" * 255, "a" * 255),
        ("a" * 256, "a" * 255),
        ("a" * 254 + " b", "a" * 254),
        ("a" * 254 + "e\u0301", "a" * 254),
        ("a" * 254 + "👩🏽", "a" * 254),
        ("a" * 253 + "👩\u200d👧", "a" * 253),
        ("a" * 254 + "❤\ufe0f", "a" * 254),
        ("a" * 254 + "🇨🇳", "a" * 254),
        ("a" * 253 + "🇨🇳🇩🇪", "a" * 253 + "🇨🇳"),
        ("a" * 254 + "1\ufe0f\u20e3", "a" * 254),
        ("a" * 254 + "का", "a" * 254),
        ("a" * 253 + "\u1112\u1161\u11ab", "a" * 253),
        ("a" * 250 + "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", "a" * 250),
        ("", ""),
    ],
)
def test_a_title_goes_out_on_one_line_and_no_character_is_cut_in_half(title: str, sent: str) -> None:
    assert outgoing(title) == sent


@pytest.mark.parametrize(
    ("full", "edited", "title", "lost"),
    [
        ("Visit", "Call", "Call", ""),
        (LONG, "a" * 250 + "0123X", "a" * 250 + "0123X" + "56789", ""),
        (LONG, "Something else", "Something else", LONG),
        (LONG, "", "", LONG),
    ],
)
def test_an_edited_title_replaces_only_what_had_gone_out(full: str, edited: str, title: str, lost: str) -> None:
    assert returning(full, edited) == (title, lost)


def test_a_title_that_was_shortened_before_loses_nothing_when_it_is_shortened_again() -> None:
    full = LONG[:255] + "rest" * 100
    once, _ = returning(full, full[:200])
    assert returning(once, full[:150], shown=full[:200]) == (full[:150] + "rest" * 100, "")


def test_titles_are_compared_with_single_spaces() -> None:
    assert squeeze(" a \r\n b ") == "a b"


@pytest.mark.parametrize(("files", "told"), [(0, []), (1, ["1 file was"]), (2, ["2 files were"])])
def test_files_that_no_title_shows_are_told_once_for_each_change_of_the_record(files: int, told: list[str]) -> None:
    world = World()
    record = world.record(row={"dropped": files})

    def said(world: World) -> list[str]:
        plan = world.run()
        return [r.reason.partition(" left")[0] for r in remarks_of(plan) if r.rule == "F4"]

    assert said(world) == told
    assert said(world) == []
    world.edit_record(record, title="Demo")
    assert said(world) == told
