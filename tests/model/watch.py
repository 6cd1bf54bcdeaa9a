"""What calsync must not do in any run: comparing what stood there before with what stands there after it."""

from __future__ import annotations

from collections.abc import Iterator

from model.expected import Expected, addresses
from model.users import Json, Scene, marked, token_of
from pipeline.team import STRANGER


def misdeeds(before: Scene, after: Scene, expected: Expected) -> Iterator[str]:
    """Nobody else acts during a run, so that everything that differs is calsync's doing."""
    left = {(e["mailbox"], e["id"]): e for e in after.events}
    for event in before.events:
        if not event["isOrganizer"]:
            continue
        now = left.get((event["mailbox"], event["id"]))
        meeting = expected.meetings[token_of(event["subject"])]
        if now is None:
            if not marked(event) and not meeting.ended:
                yield f"deleted: №{meeting.token} is its user's own event in {event['mailbox']}, and nobody ended it"
            continue
        if STRANGER in addresses(event) - addresses(now):
            yield f"dropped: a guest whom calsync does not know is off №{meeting.token} in {event['mailbox']}"
        if lost := _cancelled(now) - _cancelled(event):
            meeting.cancelled += len(lost)
            if meeting.cancelled > meeting.dropped_dates:
                yield f"cancelled: {sorted(lost)} of №{meeting.token}, and nobody deleted its record"


def _cancelled(event: Json) -> set[str]:
    """The dates of a series that do not take place."""
    return {one["start"]["dateTime"][:10] for one in event.get("occurrences", ()) if one["isCancelled"]}
