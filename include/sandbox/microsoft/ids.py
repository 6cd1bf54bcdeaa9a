"""Ids as Exchange makes them: opaque, case-sensitive, bound to a mailbox, ordinary or immutable.

The layout of an occurrence's id (a marker, the original date in .NET ticks, then the master's entry) is that of
published ids; hence the same (master, original date) always has the same id.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from datetime import date, timedelta

_ORDINARY_HEAD = bytes.fromhex("000324")
_IMMUTABLE_HEAD = bytes.fromhex("00028b")
_OCCURRENCE_MARK = bytes.fromhex("01510008")
_TICKS_PER_DAY = 864_000_000_000
_HEAD_CHARS = 16
_ENTRY_CHARS = 16
_DATE_CHARS = 16
_FIRST_DAY = date(1, 1, 1)


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()


def item_id(mailbox_id: str, number: int, *, immutable: bool, moves: int = 0) -> str:
    """The id of the mailbox's item `number`; an ordinary id changes with each of its `moves` to another folder.

    Items 2n and 2n+1 have ids that differ in the case of one letter only.
    """
    head = _IMMUTABLE_HEAD if immutable else _ORDINARY_HEAD
    box = hashlib.blake2b(mailbox_id.encode(), digest_size=9).digest()
    salt = f"{mailbox_id}/{number // 2}/{immutable}/{moves}"
    entry = hashlib.blake2b(salt.encode(), digest_size=9).digest()
    return f"{_b64(head + box)}{_b64(entry)}A{'qQ'[number % 2]}A="


def occurrence_id(master_id: str, day: date) -> str:
    """The id of the occurrence of `master_id` whose original date is `day`."""
    ticks = (day - _FIRST_DAY).days * _TICKS_PER_DAY
    middle = _b64(_OCCURRENCE_MARK + struct.pack("<q", ticks))
    return master_id[:_HEAD_CHARS] + middle + master_id[_HEAD_CHARS:]


def split_occurrence(event_id: str) -> tuple[str, date] | None:
    """Master id and original date of an occurrence's id; None if it is not the id of an occurrence."""
    if len(event_id) != _HEAD_CHARS + _DATE_CHARS + _ENTRY_CHARS:
        return None
    try:
        middle = base64.urlsafe_b64decode(event_id[_HEAD_CHARS : _HEAD_CHARS + _DATE_CHARS])
        days = struct.unpack("<q", middle[4:])[0] // _TICKS_PER_DAY
        day = _FIRST_DAY + timedelta(days=days)
    except (ValueError, struct.error, OverflowError):
        return None
    if not middle.startswith(_OCCURRENCE_MARK):
        return None
    return event_id[:_HEAD_CHARS] + event_id[_HEAD_CHARS + _DATE_CHARS :], day


def well_formed(event_id: str, mailbox_id: str) -> bool:
    """Whether `event_id` could be the id of an item of this mailbox."""
    own = {item_id(mailbox_id, 0, immutable=kind)[:_HEAD_CHARS] for kind in (False, True)}
    return event_id[:_HEAD_CHARS] in own and len(event_id) in (
        _HEAD_CHARS + _ENTRY_CHARS,
        _HEAD_CHARS + _DATE_CHARS + _ENTRY_CHARS,
    )


def change_key(mailbox_id: str, change: int) -> str:
    """The change key of the mailbox's `change`-th state; the etag is `W/"<change key>"`."""
    box = hashlib.blake2b(mailbox_id.encode(), digest_size=16).digest()
    return base64.b64encode(box + struct.pack(">Q", change)[2:]).decode()


def global_object_id(seed: str, day: date | None = None) -> str:
    """An `iCalUId`: Exchange's global object id; hex digits 33-40 hold the original date of an occurrence."""
    digits = f"{day.year:04X}{day.month:02X}{day.day:02X}" if day else "00000000"
    unique = hashlib.blake2b(seed.encode(), digest_size=24).hexdigest().upper()
    return f"040000008200E00074C5B7101A82E008{digits}{unique[:16]}000000000000000010000000{unique[16:48]}"


def dated(ical_uid: str, day: date) -> str:
    """The `iCalUId` of a series' occurrence on `day`, given its master's."""
    return f"{ical_uid[:32]}{day.year:04X}{day.month:02X}{day.day:02X}{ical_uid[40:]}"
