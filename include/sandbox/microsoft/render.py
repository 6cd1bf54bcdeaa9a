"""Events as Graph answers them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sandbox.microsoft import content, ids
from sandbox.microsoft.items import Event, Occurrence
from sandbox.microsoft.zones import Moment, format_stamp, format_wall

if TYPE_CHECKING:
    from sandbox.microsoft.call import Prefer

Json = dict[str, Any]

SLIM = ("@odata.etag", "id", "seriesMasterId", "type", "start", "end")
"""All that a delta round says of an ordinary occurrence."""

_ONLY_IF_SELECTED = {"originalStart", "cancelledOccurrences"}


def etag(item: Event | Occurrence) -> str:
    master = item if isinstance(item, Event) else item.master
    return f'W/"{ids.change_key(master.mailbox.id, item.change)}"'


def event_id(item: Event | Occurrence, *, immutable: bool) -> str:
    """The id in the form that the request prefers."""
    if isinstance(item, Event):
        return item.immutable_id if immutable else item.ordinary_id
    return ids.occurrence_id(event_id(item.master, immutable=immutable), item.day)


def _moment(moment: Moment, zone_name: str, *, all_day: bool) -> dict[str, str]:
    """All-day events are at midnight in whichever zone is named; the digits do not move."""
    if all_day:
        return {"dateTime": format_wall(moment.wall), "timeZone": zone_name}
    return moment.shown(zone_name)


def times(item: Event | Occurrence, zone_name: str = "UTC") -> Json:
    span, all_day = item.span, item.props["isAllDay"]
    return {
        "start": _moment(span.start, zone_name, all_day=all_day),
        "end": _moment(span.end, zone_name, all_day=all_day),
    }


def _attendees(event: Event, people: list[Json]) -> list[Json]:
    """In the answers of some events the type is capitalised, as the real service has it at times."""
    if event.number % 5 != 3:
        return people
    return [person | {"type": person["type"].capitalize()} for person in people]


def _whole(item: Event | Occurrence) -> Json:
    """Everything that does not depend on the request."""
    event = item if isinstance(item, Event) else item.master
    props = item.props
    answer = {
        "@odata.etag": etag(item),
        "createdDateTime": format_stamp(event.created),
        "lastModifiedDateTime": format_stamp(event.modified),
        "changeKey": etag(item)[3:-1],
        **props,
        "originalStartTimeZone": event.disguise.zone or item.span.start.zone_name,
        "originalEndTimeZone": event.disguise.zone or item.span.end.zone_name,
        "iCalUId": event.ical_uid,
        "uid": event.ical_uid,
        "bodyPreview": content.preview(props["body"]["content"]),
        "isOrganizer": event.is_organizer,
        "organizer": {"emailAddress": event.organizer},
        "attendees": _attendees(event, props["attendees"]),
        "webLink": _web_link(event.ordinary_id),
        "type": item.type,
        "seriesMasterId": None,
        "recurrence": _recurrence(item),
        "IsRoomRequested": False,
        "AutoRoomBookingStatus": "None",
        **times(item),
    }
    if event.transaction_id is not None:
        answer["transactionId"] = event.transaction_id
    if isinstance(item, Occurrence):
        answer["iCalUId"] = _ical_uid(item)
        answer["originalStart"] = format_stamp(item.original_start)
        if item.override:
            answer["lastModifiedDateTime"] = format_stamp(item.override.modified)
    else:
        answer["originalStart"] = None
        answer["cancelledOccurrences"] = []
    return answer


def _recurrence(item: Event | Occurrence) -> Json | None:
    shown = item.recurrence.shown if isinstance(item, Event) and item.recurrence else None
    return item.disguise.recurrence(shown) if isinstance(item, Event) else None


def _ical_uid(item: Occurrence) -> str | None:
    master = item.master
    return ids.dated(master.ical_uid, item.day) if master.ical_uid else None


def _cached(item: Event | Occurrence) -> Json:
    if isinstance(item, Occurrence):
        return _whole(item)
    if item.rendered is None or item.rendered[0] != item.change:
        item.rendered = (item.change, _whole(item))
    return item.rendered[1]


def shown(item: Event | Occurrence, prefer: Prefer, select: Collection[str] | None = None) -> Json:
    """`item` as an answer to a request with these preferences; `select` names the properties wanted (None: all)."""
    answer = dict(_cached(item))
    answer["id"] = event_id(item, immutable=prefer.immutable)
    master = item.master if isinstance(item, Occurrence) else item
    if isinstance(item, Occurrence):
        answer["seriesMasterId"] = event_id(master, immutable=prefer.immutable)
        answer["occurrenceId"] = f"OID.{answer['seriesMasterId']}.{item.day.isoformat()}"
    elif master.removed:
        answer["cancelledOccurrences"] = [f"OID.{answer['id']}.{day.isoformat()}" for day in sorted(master.removed)]
    if prefer.zone:
        answer |= times(item, prefer.zone)
    if prefer.text_body:
        answer["body"] = {"contentType": "text", "content": content.plain(answer["body"]["content"])}
    if select is None:
        return {name: value for name, value in answer.items() if name not in _ONLY_IF_SELECTED}
    wanted = {"@odata.etag", "id", *select} | ({"locations"} if "location" in select else set())
    return {name: value for name, value in answer.items() if name in wanted}


def slim(item: Occurrence, prefer: Prefer) -> Json:
    """An ordinary occurrence in a delta round."""
    master_id = event_id(item.master, immutable=prefer.immutable)
    return {
        "@odata.etag": etag(item),
        "id": ids.occurrence_id(master_id, item.day),
        "seriesMasterId": master_id,
        "type": "occurrence",
        **times(item, prefer.zone or "UTC"),
    }


def _web_link(ordinary_id: str) -> str:
    itemid = quote(ordinary_id, safe="")
    return f"https://outlook.office365.com/owa/?itemid={itemid}&exvsurl=1&path=/calendar/item"


def extended(item: Event | Occurrence, wanted: Collection[str] | None = None) -> list[Json]:
    """The single-value extended properties; `wanted` holds their ids in lower case (None: all)."""
    return [
        {"id": name, "value": value}
        for name, value in item.extended.items()
        if wanted is None or name.lower() in wanted
    ]


def dumped(event: Event, first: date, last: date) -> Json:
    """An event for the control interface: as Graph shows it, in UTC, with both ids and what Graph hides.

    `id` is the immutable id. A master brings its exceptions, its `cancelledOccurrences` and the `occurrences` that it
    has from `first` to `last` (days in UTC, both included).
    """
    answer = dict(_cached(event))
    answer["id"], answer["ordinaryId"] = event.immutable_id, event.ordinary_id
    answer["singleValueExtendedProperties"] = extended(event)
    answer["deleted"] = event.deleted
    if event.recurrence:
        answer["cancelledOccurrences"] = [day.isoformat() for day in sorted(event.removed)]
        exceptions = [Occurrence(event, day) for day in sorted(event.overrides)]
        answer["exceptions"] = [
            _whole(one) | {"id": event_id(one, immutable=True), "seriesMasterId": event.immutable_id}
            for one in exceptions
        ]
        start, end = (datetime.combine(day, time(), UTC) for day in (first, last + timedelta(days=1)))
        found = [] if event.deleted else event.occurrences(start, end)
        answer["occurrences"] = [_dumped_occurrence(one) for one in found]
    return answer


def _dumped_occurrence(item: Occurrence) -> Json:
    """One date of a series, exception or not; `original` is the date that the pattern gives it."""
    props = item.props
    return {
        "id": event_id(item, immutable=True),
        "type": item.type,
        "original": item.day.isoformat(),
        "originalStart": format_stamp(item.original_start),
        "iCalUId": _ical_uid(item),
        **times(item),
        **{name: props[name] for name in ("subject", "isAllDay", "sensitivity", "attendees", "isCancelled")},
        "singleValueExtendedProperties": extended(item),
    }
