"""A server that does not keep what it is given: it rewrites subjects, and touches an event again after the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.microsoft.items import Event, Occurrence
from sandbox.titles import rewritten

if TYPE_CHECKING:
    from sandbox.microsoft.payload import Draft
    from sandbox.microsoft.state import Microsoft

_END = "</body></html>"


def at_once(ms: Microsoft, draft: Draft) -> None:
    """Rewrite a request's subject before it is stored, unless this server takes its time."""
    if not ms.quirks.late_rewrite and "subject" in draft.props:
        draft.props["subject"] = _subject(ms, draft.props["subject"])


def late(ms: Microsoft, item: Event | Occurrence) -> None:
    """After the answer: the event is normalised or only touched, and has another etag, though nobody did anything."""
    if not (ms.quirks.late_rewrite or ms.quirks.late_touch):
        return
    if isinstance(item, Event):
        item.props = item.props | _normalised(ms, item.props)
        item.mailbox.touch(item, ms.now)
    elif item.override:
        item.override.props |= _normalised(ms, item.override.props)
        item.master.mailbox.touch(item.master, ms.now, item.override)


def _normalised(ms: Microsoft, props: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if not ms.quirks.late_rewrite:
        return found
    if "subject" in props:
        found["subject"] = _subject(ms, props["subject"])
    if props.get("body", {}).get("content"):
        content = props["body"]["content"].removesuffix(_END).rstrip()
        found["body"] = props["body"] | {"content": f"{content}\r\n{_END}"}
    return found


def _subject(ms: Microsoft, subject: str | None) -> str | None:
    return rewritten(subject, ms.quirks.subjects) if subject else subject
