"""What is remembered after writes: the base moves only once ShareCRM and the speaker both show the target (C6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from calsync.core.merge import asked, content_change
from calsync.core.model import Event, Link, LinkState, Placement, Side, Standing
from calsync.core.past import RESTORED, UNDO
from calsync.core.plan import BESIDE_LOST, Action, ActionState, Meeting, Outcome, Verb
from calsync.core.scope import SCOPE_DELETES


def essential(meeting: Meeting, action: Action) -> bool:
    """Whether the agreement rests on this action: every one on the record, and those on the speaker.

    A copy beside a lost host's invitation too (E7): once the change is agreed nothing would ask for it again. None of
    those that are deleted because their meeting left the calendar: it stays unlinked, and what is left of it goes later
    (D6, D7).
    """
    if meeting.agreed.reason == SCOPE_DELETES:
        return action.side is Side.CRM
    if action.side is Side.CRM or action.reason == BESIDE_LOST:
        return True
    return not meeting.agreed.speaker or action.mailbox == meeting.agreed.speaker


def settle(meeting: Meeting, outcomes: Mapping[str, Outcome], *, may_agree: bool = True) -> Link:
    """The link to store, given what became of its actions so far. While it is held, nothing becomes of it (G6).

    Until everything essential is done the link stays as noted, dirty, so that the next diff decides it again; whatever
    was created is remembered at once, by its ids, also what an earlier run had made otherwise than is wanted now.

    :param may_agree: False where what was agreed cannot be stored
    """
    if any(action.held for action in meeting.actions):
        return replace(meeting.noted, dirty=False)
    done = {a.id for a in meeting.actions if (o := outcomes.get(a.id)) and o.state is ActionState.DONE}
    agreed = may_agree and all(a.id in done for a in meeting.actions if essential(meeting, a))
    everything = all(a.id in done for a in meeting.actions)
    dirty = _to_be_decided_again(meeting, outcomes)
    link = meeting.agreed if agreed else replace(meeting.noted, dirty=dirty)
    if agreed and not everything:
        link = replace(link, dirty=dirty)
    for action in meeting.actions:
        if action.id in done and (agreed or not _goes_back(action)):
            link = _remember(link, meeting, action, outcomes[action.id], agreed=agreed)
        elif (outcome := outcomes.get(action.id)) and outcome.state is ActionState.STALE and outcome.placement:
            made_before = replace(outcome.placement, shown=None, etag="")  # what it shows was never agreed
            link = replace(link, placements=(*link.placements, made_before))
        elif _deletes_event(action) and action.id not in done:
            link = _stand(link, action, Standing.LIVING)
    return link


def _to_be_decided_again(meeting: Meeting, outcomes: Mapping[str, Outcome]) -> bool:
    """Whether anything is open that no person has dropped (G10)."""
    states = [o.state if (o := outcomes.get(a.id)) else ActionState.PLANNED for a in meeting.actions]
    return meeting.agreed.dirty or any(state not in (ActionState.DONE, ActionState.DROPPED) for state in states)


def _goes_back(action: Action) -> bool:
    """Whether a person brings a value back (G9, C5). Until both sides show it, the side that does counts as edited:
    should the other never be written, the next run carries it over."""
    back = action.rule == UNDO or action.reason == RESTORED
    return back and (action.verb is Verb.UPDATE or (action.side is Side.CRM and bool(action.event)))


def _deletes_event(action: Action) -> bool:
    return action.verb is Verb.DELETE and action.side is Side.OUTLOOK


def _stands_then(meeting: Meeting, action: Action) -> Standing:
    """What becomes of a placement whose event is deleted: it ends, or it is one that shall not come again (E2)."""
    there = (p.standing for p in meeting.agreed.placements if (p.mailbox, p.id) == (action.mailbox, action.target_id))
    return Standing.DECLINED if Standing.DECLINED in there else Standing.ENDED


def _stand(link: Link, action: Action, standing: Standing) -> Link:
    """The link with the placement an action is about in this state: it ends when its event is gone, not before."""
    return link.standing(action.mailbox, action.target_id, standing)


def _remember(link: Link, meeting: Meeting, action: Action, outcome: Outcome, *, agreed: bool) -> Link:
    if _deletes_event(action):
        return _stand(link, action, _stands_then(meeting, action))
    if action.side is Side.CRM and outcome.crm_id:
        return _remember_record(link, action, outcome, agreed=agreed)
    if outcome.placement is None or action.verb in (Verb.LINK, Verb.UNLINK):
        return link
    new = replace(outcome.placement, asked=_kept_otherwise(action, outcome.placement.shown))
    return replace(link, placements=_placed(link.placements, action, new, agreed=agreed))


def _kept_otherwise(action: Action, shown: Event | None) -> str:
    """What was asked for, if the answer shows it otherwise in what was written and in nothing else (C3)."""
    differs = content_change(action.event, shown) if action.event and shown else frozenset()
    return asked(action.event) if action.event and differs and differs <= {*action.fields} else ""


def _remember_record(link: Link, action: Action, outcome: Outcome, *, agreed: bool) -> Link:
    """What ShareCRM shows after a write.

    Not agreed yet, or somebody else wrote before we read it back: only what we wrote, so that their change stays one.
    """
    overtaken = action.expect.isdigit() and outcome.crm_version > int(action.expect) + 1
    partly = overtaken or not agreed
    link = replace(link, crm_asked=_kept_otherwise(action, outcome.crm_shown))
    if partly and action.verb is Verb.UPDATE and link.crm_shown and outcome.crm_shown:
        return replace(link, crm_shown=_written(link.crm_shown, outcome.crm_shown, action))
    return replace(
        link,
        crm_id=outcome.crm_id,
        crm_version=max(outcome.crm_version, link.crm_version),
        crm_shown=outcome.crm_shown or link.crm_shown,
        crm_owner=outcome.crm_owner or link.crm_owner,
        state=LinkState.SEEN if link.base is None else link.state,
    )


def _written(before: Event, after: Event, action: Action) -> Event:
    """What a side had shown, with what we wrote of it, as it shows that now."""
    content = {name: getattr(after, name) for name in action.fields}
    people = {
        "attendees": {p for p in (*action.add, *action.remove) if not p.startswith("c:")},
        "contacts": {p[2:] for p in (*action.add, *action.remove) if p.startswith("c:")},
        "guests": {g.address for g in action.invite} | set(action.uninvite),
    }
    for name, ours in people.items():
        content[name] = (getattr(before, name) - ours) | (getattr(after, name) & ours)
    return replace(before, **content)


def _placed(
    placements: tuple[Placement, ...], action: Action, new: Placement, *, agreed: bool
) -> tuple[Placement, ...]:
    """The placements with `new` in the place of the one it is, keeping what only the old one remembers (C8).

    Not agreed yet: it shows what it had shown and what we wrote, so that its user's own change stays one. It keeps its
    former etag then, so that it is read again.
    """
    if (new.mailbox, new.id) not in [(p.mailbox, p.id) for p in placements]:
        return (*placements, new)
    return tuple(
        _renewed(old, action, new, agreed=agreed) if (old.mailbox, old.id) == (new.mailbox, new.id) else old
        for old in placements
    )


def _renewed(old: Placement, action: Action, new: Placement, *, agreed: bool) -> Placement:
    if not agreed and old.shown and new.shown:
        return replace(old, shown=_written(old.shown, new.shown, action), replaced=new.replaced, asked=new.asked)
    return replace(old, shown=new.shown, etag=new.etag, replaced=new.replaced, ical_uid=new.ical_uid, asked=new.asked)
