"""What is remembered and planned of a meeting, in plain words. Values in, sentences out; no titles, no addresses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from calsync.core.model import FOLLOWED, Form, Kind, Link, LinkState, Origin, Placement, Side, Standing
from calsync.core.plan import ActionState, Verb
from calsync.store.records import HistoryEntry, JournalRow

SYSTEMS = {Side.CRM: "ShareCRM", Side.OUTLOOK: "Outlook"}

_FORMS = {
    Form.INVITED: "One event in its owner's calendar invites the others (A4).",
    Form.COPIES: "Each connected attendee has a copy of their own, and nobody is invited (A4).",
    Form.THEIRS: "It came from Outlook and stays there as it is (A4).",
}
_KINDS = {
    (Kind.HOST, Origin.OURS): "the event that invites, made by calsync",
    (Kind.HOST, Origin.THEIRS): "its organiser's own event",
    (Kind.COPY, Origin.OURS): "a copy made by calsync",
    (Kind.COPY, Origin.THEIRS): "an event of its user's own",
}
_STANDINGS = {
    Standing.ASLEEP: "its mailbox or its authorisation is away",
    Standing.DECLINED: "its user removed it",
    Standing.RELEASED: "left to its user",
    Standing.LOST: "its mailbox is gone",
    Standing.ENDED: "ended",
}
_VERBS = {Verb.CREATE: "Create it", Verb.UPDATE: "Change it", Verb.DELETE: "Delete it"}
_OF_BOTH = {Verb.LINK: "Agree that both are the same meeting", Verb.UNLINK: "Leave both sides alone"}
_DONE = {Verb.LINK: "agreed", Verb.UNLINK: "no longer synchronised", Verb.DELETE: "deleted"}


def state_told(link: Link) -> list[str]:
    """Whether a meeting is kept the same on both sides, and why, or why not."""
    since = f" It is known since {link.created:%Y-%m-%d %H:%M} UTC." if link.created else ""
    because = f": {link.reason}" if link.reason else ""
    if link.state is LinkState.LIVING:
        form = [_FORMS[link.form]] if link.form else []
        return [f"It is kept the same in ShareCRM and Outlook.{since}", *form]
    if link.state is LinkState.SEEN:
        where = "one side only" if not (link.crm_id and link.placements) else "both sides, and was never agreed"
        return [f"It is not synchronised: it is known from {where}{because}.{since}"]
    if link.state is LinkState.UNLINKED:
        return [f"It is not synchronised any more{because}. Neither side is changed while that lasts (D6).{since}"]
    return [f"It is over{because}.{since}"]


def places_told(link: Link, employees: Mapping[str, str]) -> list[str]:
    """Where a meeting stands.

    :param employees: Microsoft object id -> employee id
    """
    owner = f" of employee {link.crm_owner}" if link.crm_owner else ""
    record = [f"ShareCRM: record {link.crm_id}{owner}."] if link.crm_id else []
    return [*record, *(_place(p, link, employees) for p in link.placements)]


def _place(place: Placement, link: Link, employees: Mapping[str, str]) -> str:
    speaks = place.mailbox == link.speaker and place.standing in FOLLOWED
    told = [
        _KINDS.get((place.kind, place.origin), "an invitation"),
        *([_STANDINGS[place.standing]] if place.standing in _STANDINGS else []),
        *(["what it shows counts as Outlook's (C1)"] if speaks else []),
    ]
    return f"Outlook, {calendar(place.mailbox, employees)}: event {place.id}, {'; '.join(told)}."


def calendar(mailbox: str, employees: Mapping[str, str]) -> str:
    return f"{employees[mailbox]}'s calendar" if mailbox in employees else "a calendar that is no account's any more"


def happened_told(entry: HistoryEntry, employees: Mapping[str, str], verbs: Mapping[str, Verb]) -> str:
    """One thing that happened to a meeting.

    :param verbs: action id -> what it did, as far as the journal knows still
    """
    who = f", as {entry.who}" if entry.who else ""
    why = f"{entry.reason} ({entry.rule}{who})"
    if entry.losses:
        fields = ", ".join(sorted({loss.field for loss in entry.losses}))
        return f"A value that yielded was kept ({fields}): {why}."
    if entry.side is None:
        return f"{why[0].upper()}{why[1:]}."
    where = SYSTEMS[entry.side] + (f", {calendar(entry.mailbox, employees)}" if entry.mailbox else "")
    done = _done(entry, verbs.get(entry.action)) if entry.done else ""
    return f"{where}: {done}; {why}." if done else f"{where}: {why}."


def _done(entry: HistoryEntry, verb: Verb | None) -> str:
    """What was done, "" where only its reason is known still."""
    if verb in _DONE:
        return _DONE[verb]
    if verb is Verb.CREATE:
        return "put back" if entry.before else "created"
    if entry.before is None or entry.after is None:
        if verb:
            return "changed"
        return "created" if entry.after else "deleted" if entry.before else ""
    names = ("title", "time", "private", "attendees", "contacts", "guests")
    changed = [name for name in names if getattr(entry.before, name) != getattr(entry.after, name)]
    return f"{', '.join(changed)} changed" if changed else "written again"


def waiting_told(row: JournalRow, employees: Mapping[str, str]) -> str:
    """An action of the journal that is not done yet: why, and until when."""
    action = row.action
    what = _what(action.verb, action.side, employees.get(action.mailbox, ""))
    if row.state is ActionState.HELD and row.answered_at:
        at = f"{row.answered_at:%Y-%m-%d %H:%M} UTC"
        return f"{what}: a person answered {row.answer} on {at}; not carried out yet (G6)."
    if row.state is ActionState.HELD:
        return f"{what}: held for a person since {row.planned_at:%Y-%m-%d %H:%M} UTC: {action.held} (G6)."
    if row.state in (ActionState.PARKED, ActionState.FAILED):
        again = f"; tried again from {row.next_at:%Y-%m-%d %H:%M} UTC" if row.next_at else ""
        tries = "1 try" if row.attempts == 1 else f"{row.attempts} tries"
        return f"{what}: {row.state} after {tries}: {row.sentence or row.code}{again} (G10)."
    return f"{what}: planned by run {row.run} and not finished; the next run goes on with it (G3)."


def next_told(
    changes: Iterable[Mapping[str, Any]], remarks: Iterable[Mapping[str, Any]], resting: Mapping[str, JournalRow]
) -> list[str]:
    """What the next run will do, out of a dry run's report, and why it leaves something alone.

    :param resting: action id -> its row, of what is decided still and not tried: dropped by a person, or not due
    """
    return [*(_planned(one, resting.get(one["id"])) for one in changes), *dict.fromkeys(map(_left, remarks))]


def _planned(change: Mapping[str, Any], rests: JournalRow | None) -> str:
    mails = sum(kind["count"] for kind in change["mail_kinds"])
    outside = sum(kind["outside"] for kind in change["mail_kinds"])
    sends = f" It sends {mails} mail{'' if mails == 1 else 's'}, {outside} of them outside." if mails else ""
    held = f" It will wait for a person: {change['sentence']}." if change["state"] == ActionState.HELD else ""
    fields = f" ({', '.join(change['fields'])})" if change["verb"] == "update" and change["fields"] else ""
    what = _what(Verb(change["verb"]), change["side"], change["employee"], fields)
    if rests and rests.state is ActionState.DROPPED:
        return f"Do not {what[0].lower()}{what[1:]}: {rests.sentence} (G10)."
    if rests:
        what = f"Not before {rests.next_at:%Y-%m-%d %H:%M} UTC, since it is parked (G10): {what[0].lower()}{what[1:]}"
    return f"{what}: {change['reason']} ({change['rule']}).{sends}{held}"


def _what(verb: Verb, side: str, employee: str, fields: str = "") -> str:
    return _OF_BOTH.get(verb) or f"{_VERBS[verb]}{fields} in {_where(side, employee)}"


def _where(side: str, employee: str) -> str:
    if side == Side.CRM:
        return f"ShareCRM, as {employee}" if employee else "ShareCRM"
    return f"Outlook, {employee}'s calendar" if employee else "Outlook"


def _left(remark: Mapping[str, Any]) -> str:
    where = f"{SYSTEMS[Side(remark['side'])]}: " if remark["side"] else ""
    reason = str(remark["reason"])
    return f"{where}{reason if where else reason[0].upper() + reason[1:]} ({remark['rule']})."
