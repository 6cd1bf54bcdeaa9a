"""What is remembered after writes: the base moves only once ShareCRM and the speaker both show the target (C6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from calsync.core.model import Link, LinkState, Placement, Side, Standing
from calsync.core.plan import Action, ActionState, Meeting, Outcome, Verb


def essential(meeting: Meeting, action: Action) -> bool:
    """Whether the agreement rests on this action: every one on the record, and those on the speaker."""
    return action.side is Side.CRM or not meeting.agreed.speaker or action.mailbox == meeting.agreed.speaker


def settle(meeting: Meeting, outcomes: Mapping[str, Outcome]) -> Link:
    """The link to store, given what became of its actions so far.

    Until everything essential is done the link stays as noted, dirty, so that the next diff decides it again; whatever
    was created is remembered at once, by its ids.
    """
    done = {a.id for a in meeting.actions if (o := outcomes.get(a.id)) and o.state is ActionState.DONE}
    agreed = all(a.id in done for a in meeting.actions if essential(meeting, a))
    everything = all(a.id in done for a in meeting.actions)
    held = any(o.state is ActionState.HELD for o in outcomes.values())
    link = meeting.agreed if agreed else replace(meeting.noted, dirty=not held)
    if agreed and not everything:
        link = replace(link, dirty=not held)
    for action in meeting.actions:
        if action.id in done:
            link = _remember(link, action, outcomes[action.id])
        elif _deletes_event(action):
            link = _stand(link, action, Standing.LIVING)
    return link


def _deletes_event(action: Action) -> bool:
    return action.verb is Verb.DELETE and action.side is Side.OUTLOOK


def _stand(link: Link, action: Action, standing: Standing) -> Link:
    """The link with the placement an action is about in this state: it ends when its event is gone, not before."""
    key = (action.mailbox, action.target_id)
    placements = (replace(p, standing=standing) if (p.mailbox, p.id) == key else p for p in link.placements)
    return replace(link, placements=tuple(placements))


def _remember(link: Link, action: Action, outcome: Outcome) -> Link:
    if action.side is Side.CRM and outcome.crm_id:
        life = LinkState.SEEN if link.base is None else link.state
        return replace(
            link,
            crm_id=outcome.crm_id,
            crm_version=max(outcome.crm_version, link.crm_version),
            crm_shown=outcome.crm_shown or link.crm_shown,
            crm_owner=outcome.crm_owner or link.crm_owner,
            state=life,
        )
    if _deletes_event(action):
        return _stand(link, action, Standing.ENDED)
    if outcome.placement is None or action.verb in (Verb.LINK, Verb.UNLINK):
        return link
    return replace(link, placements=_placed(link.placements, outcome.placement))


def _placed(placements: tuple[Placement, ...], new: Placement) -> tuple[Placement, ...]:
    """The placements with `new` in the place of the one it is, keeping what only the old one remembers (C8)."""
    kept = []
    found = False
    for placement in placements:
        if (placement.mailbox, placement.id) == (new.mailbox, new.id):
            found = True
            kept.append(replace(new, fixed=placement.fixed, since=placement.since or new.since, kind=placement.kind,
                                origin=placement.origin, standing=placement.standing))  # fmt: skip
        else:
            kept.append(placement)
    return (*kept, *(() if found else (new,)))
