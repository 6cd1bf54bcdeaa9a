"""`cleanup`: removes what calsync made, after showing it and the cancellations that this sends (D7)."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from calsync.cli.run import this_run
from calsync.cli.show import complain, say, show_table

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.core.plan import Action, Mail
    from calsync.stages.cleanup import Survey
    from calsync.stages.context import Counters, Ports, Run

SHOWN = 50
"""So many events are shown by title; the counts are of all."""


def cleanup(
    tenant: Annotated[str, typer.Argument(help="The tenant's key: its file's name without the ending.")],
    account: Annotated[str, typer.Option(help="Only this employee's calendar: employee id or address.")] = "",
    records: Annotated[
        bool, typer.Option("--records", help="Also invalidate the ShareCRM records that were made from Outlook.")
    ] = False,
    past: Annotated[
        bool, typer.Option("--past", help="Also invitations to meetings that have ended; that mails their guests.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for a confirmation.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object; asks nothing.")] = False,
) -> None:
    """Remove what calsync made in Outlook, after showing it and how many cancellations that sends.

    The accounts concerned are revoked first. Without --yes and without a terminal it only shows.
    """
    from calsync.config.load import load_one, tenants_folder
    from calsync.stages.cleanup import survey
    from calsync.stages.lease import exclusively
    from calsync.stages.ports import open_ports
    from calsync.stages.settings import days

    found = load_one(tenants_folder(), tenant)
    ports, run = open_ports(found), this_run("cleanup", dry_run=not yes and (as_json or not interactive()))
    run = replace(run, window=days(found, run))
    counters: Counters | None = None
    try:
        with exclusively(found, ports, run):
            seen = survey(found, ports, run, account, records=records, past=past)
            told = _told(found, seen)
            if not as_json:
                _show(told)
            if _wanted(told, run, yes):
                counters = _remove(found, ports, run, seen)
    finally:
        ports.close()
    _end(told, counters, run, as_json)


def interactive() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty()


def _wanted(told: dict[str, Any], run: Run, yes: bool) -> bool:
    """Whether it is to be done: something was found, and a person has said so."""
    if run.dry_run or not (told["events"] or told["records"]):
        return False
    return (
        yes
        or typer.prompt(f"Type {told['tenant']} to remove all of this", default="", show_default=False)
        == (told["tenant"])
    )


def _remove(tenant: Tenant, ports: Ports, run: Run, seen: Survey) -> Counters:
    """Revoke, so that no run puts back what goes, then remove."""
    from calsync import accounts
    from calsync.stages.cleanup import carry_out

    accounts.revoke(tenant, [one.employee for one in seen.accounts], ports.store, ports.now())
    return carry_out(tenant, ports, run)


def _told(tenant: Tenant, seen: Survey) -> dict[str, Any]:
    """What was found as plain values; private titles are masked (F6)."""
    from calsync.core.diff import remarks_of
    from calsync.core.model import Side
    from calsync.stages.masking import masked

    employees = {one.object_id: one.employee for one in seen.everybody}
    mails = seen.found.mails

    link_of = {meeting.noted.id: meeting.noted for meeting in seen.found.meetings}

    def shown(action: Action) -> dict[str, Any]:
        link = link_of[action.link]
        return {
            "employee": employees.get(action.mailbox, action.actor),
            "title": masked(action.before, link.base, link.crm_shown),
            "start": str(action.before.time.start) if action.before else "",
            "cancellations": len(action.mails),
        }

    actions = seen.found.actions
    return {
        "tenant": tenant.key,
        "accounts": {one.employee: one.address for one in seen.accounts},
        "events": [shown(action) for action in actions if action.side is Side.OUTLOOK],
        "records": [shown(action) for action in actions if action.side is Side.CRM],
        "cancellations": len(mails),
        "cancellations_outside": len(_outside(mails)),
        "people_outside": len({mail.to for mail in _outside(mails)}),
        "left": [
            {"employee": employees.get(one.mailbox, ""), "rule": one.rule, "reason": one.reason}
            for one in remarks_of(seen.found)
        ],
        "unread": {employees.get(mailbox, mailbox): str(error) for mailbox, error in seen.away.items()},
        "unlinked": sum(meeting.agreed.state == "unlinked" for meeting in seen.found.meetings),
    }


def _outside(mails: list[Mail]) -> list[Mail]:
    return [mail for mail in mails if mail.outside]


def _show(told: dict[str, Any]) -> None:
    events, records = told["events"], told["records"]
    if events:
        counted = Counter(one["employee"] for one in events)
        mailed: Counter[str] = Counter()
        for one in events:
            mailed[one["employee"]] += one["cancellations"]
        rows = [(who, told["accounts"].get(who, ""), count, mailed[who]) for who, count in sorted(counted.items())]
        show_table("In Outlook", ("Employee", "Calendar", "Events", "Cancellations"), rows)
        _show_titles("Events of ours", events)
    if records:
        _show_titles("ShareCRM records made from Outlook; people may have worked with them since", records)
    left = Counter((one["employee"], f"{one['rule']} {one['reason']}") for one in told["left"])
    if left:
        show_table("Left alone", ("Employee", "Events", "Why"), [(who, n, why) for (who, why), n in left.items()])
    for who, why in told["unread"].items():
        complain(f"The calendar of {who} could not be read: {why}")
    if events or records:
        say(_would(told))


def _show_titles(title: str, found: list[dict[str, Any]]) -> None:
    rows = [(one["employee"], one["start"], one["title"][:60], one["cancellations"] or "") for one in found[:SHOWN]]
    more = f", the first {SHOWN} of {len(found)}" if len(found) > SHOWN else ""
    show_table(title + more, ("Employee", "Starts", "Title", "Cancellations"), rows)


def _would(told: dict[str, Any]) -> str:
    what = [_count(len(told["events"]), "event") + " in Outlook"]
    if told["records"]:
        what.append(_count(len(told["records"]), "ShareCRM record") + " (invalidated; they can be recovered)")
    mails = f"{_count(told['cancellations'], 'cancellation')}, {told['cancellations_outside']} of them to "
    people = _count(told["people_outside"], "person", "people") + " outside"
    return f"Removing {' and '.join(what)} sends {mails}{people}."


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _end(told: dict[str, Any], counters: Counters | None, run: Run, as_json: bool) -> None:
    """What became of it; exit code 1 when something of it is still there."""
    open_still = sum(int(counters[name]) for name in ("failed", "parked", "stale", "left", "held")) if counters else 0
    unsure = counters is not None and any(one["rule"] == "D2" for one in told["left"])
    if as_json:
        typer.echo(json.dumps({**told, "done": counters is not None, "result": counters}, ensure_ascii=False))
    elif counters is not None:
        (complain if open_still else say)(str(counters["sentence"]))
        say("Syncing these calendars again needs `python -m calsync accounts authorise`.")
        if open_still:
            complain("Not all of it could be removed: repeat the command, it goes on where this one stopped.")
    elif not (told["events"] or told["records"]):
        say("Nothing that calsync made was found; nothing was changed.")
    elif run.dry_run:
        say(
            f"Nothing was removed. Do it with `python -m calsync cleanup {told['tenant']} ... --yes`, or in a terminal."
        )
    else:
        say("Nothing was removed.")
    if open_still or unsure:
        raise typer.Exit(1)
