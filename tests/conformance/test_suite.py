"""The suite itself: enough behaviours, no rule without one, and the published table is this one."""

from __future__ import annotations

from pathlib import Path

from conformance.behaviour import RULES, suite
from conformance.table import as_markdown

DOCUMENT = Path(__file__).parents[2] / "docs" / "conformance.md"


def test_there_are_enough_behaviours() -> None:
    assert len(suite()) >= 150


def test_no_two_behaviours_say_the_same() -> None:
    said = [row.says for row in suite()]
    assert len(said) == len(set(said))


def test_every_rule_of_the_calendar_is_shown() -> None:
    assert not set(RULES) - {rule for row in suite() for rule in row.rules}


def test_the_published_table_is_up_to_date() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == as_markdown(suite()), "make conformance writes it anew"
