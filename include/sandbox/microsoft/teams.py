"""Online meetings: an event that asks for a Teams meeting gets a link, for ever, and a block with it in its body."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from sandbox.microsoft.content import plain

if TYPE_CHECKING:
    from sandbox.microsoft.items import Event

_BLOCK = '<div class="x_me-email-text"><a href="{url}">Join the meeting now</a></div>'


def settle(event: Event, before: dict[str, Any] | None = None) -> None:
    """Make the link where one is asked for; once there it stays (`before`: the properties before the change).

    A client that overwrites the body loses the block, as with the real service.
    """
    props = event.props
    if before and before["onlineMeeting"]:
        kept = ("isOnlineMeeting", "onlineMeetingProvider", "onlineMeeting")
        event.props = props | {name: before[name] for name in kept}
    elif props["isOnlineMeeting"] and props["onlineMeetingProvider"] == "teamsForBusiness":
        digits = hashlib.blake2b(event.immutable_id.encode(), digest_size=12).hexdigest()
        url = f"https://teams.microsoft.com/l/meetup-join/19%3ameeting_{digits}%40thread.v2/0"
        meeting = {"joinUrl": url, "conferenceId": str(int(digits[:8], 16)), "tollNumber": "+1 323-555-0166"}
        event.props = props | {"onlineMeeting": meeting, "body": _with_block(props["body"]["content"], url)}


def _with_block(html: str, url: str) -> dict[str, str]:
    start = html.removesuffix("</body></html>") if plain(html) else "<html><head></head><body>"
    return {"contentType": "html", "content": f"{start}{_BLOCK.format(url=url)}</body></html>"}
