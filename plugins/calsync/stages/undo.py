"""Undo, from history: which meetings a run wrote, what it did to each, and what the undo of it is told to people (G9).

The undo itself is a focused run like any other (`Run.focus`, `Run.undo`), with the same guard, journal and lease.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from calsync.core.model import Link, Side
from calsync.core.past import UNDO, Deed, Past
from calsync.core.plan import Action, ActionState, Verb, Word
from calsync.errors import ConfigError
from calsync.stages.context import Focus
from calsync.stages.masking import title_of
from calsync.stages.report import read_report
from calsync.store.records import HistoryEntry, JournalRow, Wish, WishKind

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.stages.context import Ports, Run
    from calsync.store.store import Store

_LEFT = (ActionState.PARKED, ActionState.DROPPED)
"""What an undo leaves undone for now: it was refused and waits for its time, or a person has given it up (G10)."""


def run_to_undo(tenant: Tenant, store: Store, link: str) -> str:
    """The last run that wrote a meeting.

    :raises ConfigError: there is no such meeting, or history knows of none
    """
    last = next((e.run for e in reversed(store.history(tenant.key, link=link)) if e.done), "")
    if not last and not store.links(tenant.key, [link]):
        raise ConfigError(
            [
                f"--meeting: no meeting has this id: see `link` in `python -m calsync explain {tenant.key} --title TEXT"
                " --json`, or the end of the address of the meeting's page"
            ]
        )
    if not last:
        raise ConfigError([f"--meeting: no run has written this meeting{_kept(tenant)}"])
    return last


def focus_of(tenant: Tenant, store: Store, run: str, link: str = "") -> Focus:
    """What an undo of a run has to read: the meetings that it wrote, and the events that it deleted.

    :param link: only this one of them
    :raises ConfigError: history knows of none
    """
    entries = [e for e in store.history(tenant.key, run=run, link=link or None) if e.done]
    if not entries:
        raise ConfigError([f"--run: this run has written nothing{_kept(tenant)}"])
    deleted = {
        (row.action.mailbox, row.action.target_id)
        for row in store.actions(tenant.key, ids={entry.action for entry in entries})
        if row.action.verb is Verb.DELETE and row.action.side is Side.OUTLOOK
    }
    return Focus(links=frozenset(entry.link for entry in entries), events=frozenset(deleted))


def _kept(tenant: Tenant) -> str:
    return f" that is known; history reaches back {tenant.retention.history_days} days"


def pasts(
    store: Store, tenant: str, run: Run, held: Iterable[JournalRow], wishes: Mapping[str, Wish]
) -> dict[str, Past]:
    """Per link, what is to be undone by this run: what it was asked to, what people wish, and undos that a person has
    answered for (G6).

    :param held: the actions that wait for a person
    """
    approved = (row.action for row in held if row.action.rule == UNDO and row.answer == Word.APPROVE)
    asked = {action.link: action.evidence for action in approved}
    asked |= {link: wish.of for link, wish in wishes.items() if wish.kind is WishKind.UNDO}
    if run.undo and run.focus:
        asked |= dict.fromkeys(run.focus.links, run.undo)
    found = {link: _past(store, tenant, link, undone) for link, undone in asked.items()}
    return {link: past for link, past in found.items() if past}


def _past(store: Store, tenant: str, link: str, run: str) -> Past | None:
    """What a run did to a meeting; None when it did nothing to it."""
    entries = [entry for entry in store.history(tenant, link=link) if _changes(entry)]
    told = [entry for entry in entries if entry.run == run]
    done = [entry for entry in told if entry.done]
    if not done:
        return None
    later = [entry for entry in entries if entry.id > done[-1].id and entry.run != run]
    actions = {row.action.id: row.action for row in store.actions(tenant, links=[link])}
    deeds = [_deed(entry, actions[entry.action]) for entry in done if entry.action in actions]
    return Past(
        run=run,
        base=done[0].base,
        deeds=tuple(deeds),
        losses=tuple(loss for entry in told for loss in entry.losses),
        later=later[0].run if later else "",
        begun=all(_undoes(actions.get(entry.action), run) for entry in later),
        complete=len(deeds) == len(done),
    )


def _changes(entry: HistoryEntry) -> bool:
    """Whether an entry tells that a meeting became another: by an action, by what yielded, or without a write."""
    return entry.done or bool(entry.losses) or (not entry.action and entry.base is not None)


def _undoes(action: Action | None, run: str) -> bool:
    return action is not None and action.rule == UNDO and action.evidence == run


def _deed(entry: HistoryEntry, action: Action) -> Deed:
    return Deed(
        verb=action.verb,
        side=action.side,
        rule=entry.rule,
        reason=entry.reason,
        mailbox=action.mailbox,
        target_id=entry.target_id,
        before=entry.before,
        after=entry.after,
        fields=action.fields,
        invite=action.invite,
        uninvite=action.uninvite,
        add=action.add,
        remove=action.remove,
    )


def told(tenant: Tenant, ports: Ports, run: Run) -> dict[str, Any]:
    """What an undo would do, or has done, meeting by meeting; private ones are masked as in its report (F6).

    meetings: link, title, start, changes (as the report has them), mails, mails_outside, held. refused: link, title,
    start, reason. mails, mails_outside: of everything that is neither held nor left undone.
    """
    report = read_report(ports.staging, tenant.key, run.id) or {}
    changes = [change for change in report.get("changes", ()) if change["rule"] == UNDO]
    refused = [remark for remark in report.get("remarks", ()) if remark["rule"] == UNDO]
    links = ports.store.links(tenant.key, {line["link"] for line in (*changes, *refused)})
    about = {link.id: {"title": title_of(link), "start": _start(link)} for link in links}
    meetings = []
    for link in dict.fromkeys(change["link"] for change in changes):
        mine = [change for change in changes if change["link"] == link]
        kinds = [kind for change in mine if change["state"] not in _LEFT for kind in change["mail_kinds"]]
        meetings.append(
            {
                "link": link,
                **about.get(link, {"title": "", "start": ""}),
                "changes": mine,
                "mails": sum(kind["count"] for kind in kinds),
                "mails_outside": sum(kind["outside"] for kind in kinds),
                "held": next((change["sentence"] for change in mine if change["state"] == "held"), ""),
            }
        )
    going = [meeting for meeting in meetings if not meeting["held"]]
    return {
        "tenant": tenant.key,
        "run": run.undo,
        "meetings": meetings,
        "refused": [
            {"link": one["link"], **about.get(one["link"], {"title": "", "start": ""}), "reason": one["reason"]}
            for one in refused
        ],
        "mails": sum(meeting["mails"] for meeting in going),
        "mails_outside": sum(meeting["mails_outside"] for meeting in going),
    }


def _start(link: Link) -> str:
    event = link.base or link.crm_shown
    return str(event.time.start) if event else ""
