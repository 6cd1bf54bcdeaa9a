"""A person's word where several meetings look the same (B4): which belong together, or that none do. Pure.

It changes what is remembered only; the next run reads both sides and decides the rest.
"""

from __future__ import annotations

from dataclasses import replace

from calsync.core.match import AMBIGUOUS
from calsync.core.model import Kind, Link, LinkState, Placement


def waits(link: Link) -> bool:
    """Whether a meeting waits because others look like it."""
    return link.reason == AMBIGUOUS and link.state is LinkState.SEEN


def paired(record: Link, event: Link) -> tuple[Link, Link]:
    """The link of a record joined with a waiting Outlook meeting, and that meeting's own link, which ends."""
    hosted = any(p.kind is not Kind.GUEST for p in record.placements)
    joined = (*record.placements, *(_beside(p) if hosted else p for p in event.placements))
    ends = replace(event, state=LinkState.RETIRED, reason="joined with its record", placements=(), dirty=False)
    return replace(_decided_anew(record), placements=joined), ends


def apart(record: Link) -> Link:
    """The link of a record that is none of the meetings which look like it: it gets events of its own."""
    return replace(_decided_anew(record), apart=True)


def _decided_anew(record: Link) -> Link:
    return replace(record, reason="" if waits(record) else record.reason, dirty=True)


def _beside(placement: Placement) -> Placement:
    """One host at most: a host's deletion is the meeting's (A3, D3)."""
    return replace(placement, kind=Kind.COPY) if placement.kind is Kind.HOST else placement
