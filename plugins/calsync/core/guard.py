"""The guard: what looks like a disaster is held until a person answers; the rest goes on (G5, G6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from calsync.core.facts import Facts, Limits, Tally
from calsync.core.held import Versions
from calsync.core.model import STANDS, Kind, Link
from calsync.core.plan import ASKED, Action, Meeting, Plan, Verb


def ends_meeting(action: Action) -> bool:
    """Whether an action counts for the guard (G5): it ends a meeting, and no person has asked for that in a cleanup.

    A copy whose person left the attendees, or was invited, is no meeting's end (E2). An undo ends what had been made
    (G9).
    """
    return action.verb is Verb.DELETE and action.rule.startswith(("D", "G9")) and action.reason != ASKED


def stood_in(link: Link) -> frozenset[str]:
    """The mailboxes that lose a meeting when it ends: its host's and those of its copies. Guests only had it sent."""
    return frozenset(p.mailbox for p in link.placements if p.kind is not Kind.GUEST and p.standing in STANDS)


def hold(facts: Facts, plan: Plan) -> Plan:
    """The plan with everything held that a person has to answer for first (G5).

    Held are the meetings ended over a limit, or so that a mailbox has none left, and all that mails when the mails are
    too many. A meeting is held whole: nothing of it is written while a part of it waits. What a person has approved is
    neither held again nor counted.
    """
    unasked = [_Weighed.of(facts, meeting) for meeting in plan.meetings]
    reasons = _endings(facts, [each for each in unasked if each.ends])
    reasons |= _mailings(facts, [each for each in unasked if each.meeting.noted.id not in reasons])
    versions = Versions(facts)
    meetings = (_held_whole(versions, each.meeting, reasons.get(each.meeting.noted.id, "")) for each in unasked)
    return replace(plan, meetings=tuple(meetings))


@dataclass(frozen=True, slots=True)
class _Weighed:
    """A meeting with those of its actions that no person has approved."""

    meeting: Meeting
    fresh: tuple[Action, ...]

    @classmethod
    def of(cls, facts: Facts, meeting: Meeting) -> _Weighed:
        answer = facts.answers.get(meeting.noted.id)
        asked = (action for action in meeting.actions if answer is None or not answer.approves(action.id))
        return cls(meeting, tuple(asked))

    @property
    def waits(self) -> bool:
        """Whether it is held whatever the guard says (E5, E7, B5)."""
        return any(action.held for action in self.meeting.actions)

    @property
    def ends(self) -> bool:
        return any(ends_meeting(action) for action in self.fresh)

    @property
    def counted(self) -> str:
        """What the guard counts: the meeting, or the series that it is a date of."""
        return next(action.meeting for action in self.meeting.actions)

    @property
    def mailboxes(self) -> frozenset[str]:
        deleted_from = {action.mailbox for action in self.fresh if ends_meeting(action) and action.mailbox}
        return stood_in(self.meeting.noted) | deleted_from

    @property
    def mails(self) -> int:
        return sum(len(action.mails) for action in self.fresh)


def _held_whole(versions: Versions, meeting: Meeting, reason: str) -> Meeting:
    said = reason or next((action.held for action in meeting.actions if action.held), "")
    if not said:
        return meeting
    under = versions.under(meeting)
    actions = (replace(action, held=action.held or said, versions=under) for action in meeting.actions)
    return replace(meeting, actions=tuple(actions))


def _endings(facts: Facts, ending: list[_Weighed]) -> dict[str, str]:
    """Why meetings may not be ended, by link id: the tenant's limits, its mailboxes', and sudden emptiness."""
    by_mailbox: dict[str, list[_Weighed]] = defaultdict(list)
    for each in ending:
        for mailbox in each.mailboxes:
            by_mailbox[mailbox].append(each)
    reasons: dict[str, str] = {}
    for mailbox, there in sorted(by_mailbox.items()):
        if reason := _too_many_there(facts, mailbox, there):
            reasons |= dict.fromkeys(_ids(there), reason)
    if reason := _too_many(facts, ending):
        reasons |= dict.fromkeys(_ids(ending), reason)
    return reasons


def _ids(weighed: Iterable[_Weighed]) -> list[str]:
    return [each.meeting.noted.id for each in weighed]


def _too_many(facts: Facts, ending: list[_Weighed]) -> str:
    limits, tally = facts.rules.limits, facts.tenant
    count = len({each.counted for each in ending}) + tally.ended if ending else 0
    if count > limits.tenant_meetings and count > limits.tenant_share * tally.meetings:
        return (
            f"it would end {count} of {tally.meetings} meetings within 24 hours (allowed without a person's word: "
            f"{limits.tenant_meetings}, or {limits.tenant_share:.0%})"
        )
    if ending and _empties(limits, tally, len(ending)):
        return f"it would leave none of the tenant's {tally.meetings} meetings"
    return ""


def _too_many_there(facts: Facts, mailbox: str, ending: list[_Weighed]) -> str:
    limits, tally = facts.rules.limits, facts.mailboxes.get(mailbox, Tally())
    count = len({each.counted for each in ending}) + tally.ended
    if count > limits.mailbox_meetings and count > limits.mailbox_share * tally.meetings:
        return (
            f"it would end {count} of {tally.meetings} meetings of one mailbox within 24 hours (allowed without a "
            f"person's word: {limits.mailbox_meetings}, or {limits.mailbox_share:.0%})"
        )
    if _empties(limits, tally, len(ending)):
        return f"it would leave none of the {tally.meetings} meetings of one mailbox"
    return ""


def _empties(limits: Limits, tally: Tally, ending: int) -> bool:
    """Whether nothing would be left where there had been enough for that to be remarkable."""
    return tally.meetings >= limits.emptied_from and ending + tally.held >= tally.dates


def _mailings(facts: Facts, weighed: list[_Weighed]) -> Mapping[str, str]:
    """Why nothing that mails may be written, by link id."""
    mailing = [each for each in weighed if each.mails and not each.waits]
    count = sum(each.mails for each in mailing)
    if count <= facts.rules.limits.mails_per_run:
        return {}
    reason = f"the run would send {count} mails (allowed without a person's word: {facts.rules.limits.mails_per_run})"
    return dict.fromkeys(_ids(mailing), reason)
