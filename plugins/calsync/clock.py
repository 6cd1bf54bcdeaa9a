"""Our own clock: what calsync takes for now, and how far it finds the two systems' clocks from it (RULES A4, C5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Here = Callable[[], datetime]
"""Says what time it is here, as an aware datetime."""


def utc() -> datetime:
    """This machine's time."""
    return datetime.now(UTC)
