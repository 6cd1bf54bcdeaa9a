"""Between which days a calendar reaches: what lies beyond is a slip or a trick, and arithmetic on it fails."""

from __future__ import annotations

from datetime import date

FIRST, LAST = date(1601, 4, 1), date(4500, 8, 31)
"""The first and the last day of Outlook's calendar."""


def reaches(day: date) -> bool:
    """Whether a date, or a time by its own date, lies in the calendar."""
    return FIRST <= date(day.year, day.month, day.day) <= LAST
