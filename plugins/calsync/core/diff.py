"""diff: from facts to a plan. Everything that is decided is decided here, and nothing is done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from calsync.core.answers import carry_out, overtaken, parted, stay_apart
from calsync.core.asked import agree_as_asked
from calsync.core.deletion import retire
from calsync.core.desk import Desk
from calsync.core.facts import Facts
from calsync.core.fresh import from_crm_record, from_outlook, pair_up
from calsync.core.guard import hold
from calsync.core.held import moved, unread
from calsync.core.living import compare
from calsync.core.match import AMBIGUOUS, Sight, is_gone, left_alone
from calsync.core.matcher import Matcher
from calsync.core.model import FOLLOWED, Kind, Life, Link, LinkState, Side, Standing
from calsync.core.people import People
from calsync.core.plan import Meeting, Plan, Remark, Verb
from calsync.core.reopen import reopen
from calsync.core.restore import restore
from calsync.core.speaker import hand_over, wake_and_sleep
from calsync.core.undo import undo, unlinked_first

MOVED_ON = "what a held action rested on has moved on; it is dropped, and decided anew by the next run"
EVENT_DELETED = "its event was deleted"


def diff(facts: Facts) -> Plan:
    """The plan of one run. Raises nothing of its own: what cannot be decided is remarked upon."""
    people = People(facts.accounts, facts.contacts, facts.members, facts.employees)
    matcher = Matcher(facts, people)
    sights = matcher.match()
    meetings = tuple(_decide(facts, people, sights))
    if recovering(facts):
        meetings = tuple(_hold_creations(facts, meeting) for meeting in meetings)
    plan = Plan(facts.rules.tenant, facts.run, facts.now, meetings, tuple(matcher.remarks))
    return replace(plan, meetings=tuple(unlinked_first(meeting) for meeting in hold(facts, plan).meetings))


def recovering(facts: Facts) -> bool:
    """Whether the state was lost: nothing is remembered, yet events with our mark are there (B5)."""
    ours = (facts.rules.installation, facts.rules.tenant)
    nothing = not facts.tenant.meetings and all(map(left_alone, facts.links))
    return facts.recover or (nothing and any(r.mark and r.mark[:2] == ours for r in facts.outlook))


def _decide(facts: Facts, people: People, sights: list[Sight]) -> Iterator[Meeting]:
    stored = {link.id: link for link in facts.links}
    for sight in sights:
        desk = Desk(facts, people, sight, sight.link, sight.link)
        waits = _waits(desk, stored.get(sight.link.id))
        hand_over(desk)
        meeting = replace(desk.meeting(), waits=waits)
        if meeting.actions or meeting.remarks or meeting.losses or meeting.noted != stored.get(sight.link.id):
            yield meeting


def _waits(desk: Desk, stored: Link | None) -> bool:
    """Whether held actions of the meeting wait on; else it is decided, by a person's word if there is one (G6)."""
    sight, held = desk.sight, desk.facts.held.get(desk.link.id, ())
    answer = desk.facts.answers.get(desk.link.id)
    given_up = desk.link.state is LinkState.RETIRED and stored is not None and stored.state is not LinkState.RETIRED
    if not held or given_up:
        _look_at(desk)
    elif moved(sight, held) and (not (answer and answer.goes_on) or overtaken(desk, held)):
        desk.link = replace(desk.link, dirty=True)
        desk.remark("G6", MOVED_ON)
    elif answer is None:
        desk.remark("G6", "a held action of this meeting waits for a person's answer")
        return True
    elif unread(sight, held):
        desk.link = replace(desk.link, dirty=True)
        desk.remark("G6", "a person has answered; it is done once everything that it concerns can be read")
        return True
    else:
        carry_out(desk, answer, held, _look_at)
    return False


def _look_at(desk: Desk) -> None:
    """The ordinary decision, or what a person wants instead; not without the mails that they have just refused (G6)."""
    wanted = desk.facts.wanted.get(desk.link.id) if desk.silent is None else None
    if past := desk.facts.past.get(desk.link.id):
        undo(desk, past)
    elif wanted and restore(desk, wanted):
        return
    elif parted(desk):
        stay_apart(desk)
    else:
        _compare(desk)
        _tell_what_stayed(desk)


def _compare(desk: Desk) -> None:
    sight, link = desk.sight, desk.link
    if link.reason == AMBIGUOUS:
        if _all_gone(sight):
            for placement in link.placements:
                desk.put(replace(placement, standing=Standing.ENDED))
            desk.link = replace(desk.link, state=LinkState.RETIRED, reason=EVENT_DELETED, dirty=False)
        return
    if sight.unreadable:
        # It comes again when it changes. What else was read of it must not be lost: the next run decides it again.
        desk.link = replace(link, dirty=link.dirty or bool(sight.crm or sight.rows or sight.absences))
    elif link.state is LinkState.RETIRED:
        wake_and_sleep(desk)
        reopen(desk)
    elif link.base is not None:
        compare(desk)
    else:
        _never_agreed(desk)


def _tell_what_stayed(desk: Desk) -> None:
    """Images and files of a record's content stay in ShareCRM; told once for each change of it (F4)."""
    row = desk.sight.crm
    agreed = desk.link.state is LinkState.LIVING and desk.rules.to_outlook
    if row and row.dropped and agreed and row.version > desk.noted.crm_version:
        what = "1 file was" if row.dropped == 1 else f"{row.dropped} files were"
        desk.remark("F4", f"{what} left out of its title; what it holds stays in ShareCRM", Side.CRM, skipped=False)


def _never_agreed(desk: Desk) -> None:
    sight, link = desk.sight, desk.link
    normal = sight.crm is not None and sight.crm.life is Life.NORMAL
    if agree_as_asked(desk):
        compare(desk)
    elif sight.crm and normal and _deleted_in_outlook(sight):
        desk.link = replace(link, placements=())
        retire(desk, "D3", "deleted in Outlook before it was agreed")
    elif sight.crm and normal and link.placements and sight.rows:
        pair_up(desk, sight.crm)
    elif sight.crm and normal and _has_unread_events(desk):
        desk.link = replace(link, dirty=True)
        desk.remark("B1", "its event stands in a mailbox that cannot be read now", Side.OUTLOOK)
    elif sight.crm and normal:
        from_crm_record(desk, sight.crm)
    elif sight.crm and sight.crm.life is Life.INVALID:
        retire(desk, "D4", "deleted in ShareCRM before it was agreed")
    elif sight.rows and not link.crm_id:
        from_outlook(desk)
    elif not link.crm_id and _all_gone(sight) and not any(intent.link == link.id for intent in desk.facts.intents):
        # Nothing is left to be done, not even what was parked of it. Its events are forgotten: one is new, if restored.
        desk.link = replace(link, state=LinkState.RETIRED, reason=EVENT_DELETED, placements=(), dirty=False)
    elif sight.rows and sight.crm is None:
        desk.link = replace(link, dirty=True)  # its record is known by id alone, and read in the next run


def _all_gone(sight: Sight) -> bool:
    """Whether every event of a meeting is proven to be deleted."""
    return bool(sight.link.placements) and all(
        is_gone(sight.absences, placement) for placement in sight.link.placements
    )


def _deleted_in_outlook(sight: Sight) -> bool:
    """Whether nothing of a meeting is left in Outlook: its host's deletion counts, without a host everybody's (D3)."""
    placements = sight.link.placements
    hosts = [placement for placement in placements if placement.kind is Kind.HOST]
    return bool(placements) and all(is_gone(sight.absences, placement) for placement in hosts or placements)


def _has_unread_events(desk: Desk) -> bool:
    """Whether Outlook has the meeting already, in a mailbox that will be read again: it must not get it twice."""
    unread = (p for p in desk.link.placements if p.shown is None and p.standing in FOLLOWED)
    accounts = [desk.account(p.mailbox) for p in unread]
    return any(account is not None and account.authorised for account in accounts)


def _hold_creations(facts: Facts, meeting: Meeting) -> Meeting:
    """After a loss of state, a creation that pairing left over is shown to a person first (B5)."""
    answer = facts.answers.get(meeting.noted.id)
    held = tuple(
        replace(a, held=a.held or "the state was lost; what could not be paired is created only with a person's word")
        if a.verb is Verb.CREATE and not (answer and answer.approves(a.id))
        else a
        for a in meeting.actions
    )
    return replace(meeting, actions=held)


def remarks_of(plan: Plan) -> list[Remark]:
    """Every remark of a plan, those on meetings and those on rows that became none."""
    return [*plan.remarks, *(remark for meeting in plan.meetings for remark in meeting.remarks)]
