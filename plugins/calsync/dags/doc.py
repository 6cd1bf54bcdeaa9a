"""What the pages of the DAGs say: a tenant's rules in words, and how each DAG is used."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from calsync.naming import DagKind, dag_id

if TYPE_CHECKING:
    from calsync.config.model import Tenant

_DIRECTIONS: Final = {
    "bidirectional": "Both ways: a change made in ShareCRM or in Outlook reaches the other side.",
    "crm_to_outlook": "From ShareCRM to Outlook only; nothing is ever written to ShareCRM.",
    "outlook_to_crm": "From Outlook to ShareCRM only; nothing is ever written to Outlook.",
}
_DRIFT: Final = {
    "keep": "A change that may not be carried over stays where it was made.",
    "revert": "A change that may not be carried over is put back.",
}
_CONFLICTS: Final = {
    "latest": "Different fields merge. Where both sides changed the same field, the later change wins.",
    "crm": "Different fields merge. Where both sides changed the same field, ShareCRM wins.",
    "outlook": "Different fields merge. Where both sides changed the same field, Outlook wins.",
}
_DELETIONS: Final = {
    "lose": "Nothing is deleted without proof. A deletion loses against an edit on the other side.",
    "win": "Nothing is deleted without proof. A deletion wins against an edit on the other side.",
}
_INVITATIONS: Final = {
    "everyone": "Employees and contacts may be invited to a meeting, and Outlook mails them.",
    "colleagues": "Employees may be invited to a meeting, and Outlook mails them; contacts never are.",
    "nobody": "Nobody is invited, and every change that would send a mail is held.",
}
_FIRST_SYNC: Final = {
    "quiet": "Meetings from before the first run become silent copies.",
    "full": "Meetings from before the first run may become invitations too.",
}
_ANSWERS: Final = (
    ("approve", "the meetings are deleted on the other side too", "they are sent"),
    ("restore", "the side that lost them gets them back", "silent copies are made instead"),
    ("unlink", "both sides stay as they are, and are not synchronised any more", "the people stay as they are"),
)


def describe(tenant: Tenant) -> str:
    """Markdown for the DAG's page: every rule a person would ask about, in one table."""
    rows = "\n".join(f"| **{title}** | {text} |" for title, text in _rules(tenant))
    return "\n\n".join(
        part
        for part in (
            f"Keeps the ShareCRM and Outlook calendars of **{_plain(tenant.name)}** the same.",
            _plain(tenant.description),
            f"| | |\n|---|---|\n{rows}",
            "Each run's *Changes* tab lists what it did and why. Trigger the DAG with `dry_run` to see the changes "
            f"without making them. The rules are those of `{tenant.key}.yaml`.",
        )
        if part
    )


def describe_backfill(tenant: Tenant) -> str:
    """Markdown for the page of the DAG that compares chosen days."""
    window = tenant.window
    return "\n\n".join(
        (
            f"Compares chosen days of **{_plain(tenant.name)}** anew on both sides and mends what differs. It neither "
            "reads nor moves the cursors of the ordinary runs, and a second run over the same days writes nothing.",
            "- **Days that are over, one run each:** *Trigger → Backfill*, or `airflow backfill create --dag-id "
            f"{dag_id(tenant.key, DagKind.BACKFILL)} --from-date 2026-11-18 --to-date 2026-11-20`. Both days are "
            f"included and mean days in {tenant.time_zone}.\n"
            "- **Any days in one run, also ahead:** trigger it with `window_start` and `window_end`, both included.\n"
            f"- **The whole window** ({window.past_days} days back to {window.future_days} ahead): trigger it with "
            "`reconcile`. `calendar_sync_maintenance` does so once a week.",
            "With `accounts` it keeps to some employees, with `dry_run` it only shows. While another run writes this "
            "tenant's calendars, its tasks wait and take no slot.",
        )
    )


def describe_approval(tenant: Tenant) -> str:
    """Markdown for the page of the DAG that asks."""
    rows = "\n".join(f"| **{word}** | {mails} | {gone} |" for word, gone, mails in _ANSWERS)
    return "\n\n".join(
        (
            f"Asks about what runs of **{_plain(tenant.name)}** held, one run for each question. It waits under "
            "*Required Actions* until somebody answers, however long; until then nothing of it is done, and nothing "
            "else is decided for the meetings concerned. Trigger it by hand to be asked at once about all that nobody "
            "was asked about yet.",
            f"| answer | held mails | held deletions |\n|---|---|---|\n{rows}",
            "If one of the calendars has moved on meanwhile, the answer does nothing: the next run decides anew. Who "
            "answered, and when, is kept in the meetings' history. `python -m calsync held` answers as well.",
        )
    )


MAINTAINED: Final = (
    "Once a day, for all tenants: `retention` removes what is older than each tenant's file says, and `reconcile` has "
    "a seventh of the tenants compared over their whole window, each on its own day of the week, by its "
    "`calendar_sync_backfill__<tenant>`. A tenant whose `calendar_sync__<tenant>` is paused is left alone, and one "
    "whose file cannot be used stops nobody."
)
"""Markdown for the page of the DAG that looks after all tenants."""


def broken(key: str, problems: Iterable[str]) -> str:
    """Markdown for the DAG of a tenant whose file cannot be used: what is wrong, line by line."""
    lines = "\n".join(f"- `{problem.replace('`', chr(39))}`" for problem in problems)
    return (
        f"The file of tenant `{key}` cannot be used, so **its calendars are not synchronised**:\n\n{lines}\n\n"
        "Correct the file; Airflow reads it again by itself. `python -m calsync validate` checks it at once."
    )


def _rules(tenant: Tenant) -> Iterable[tuple[str, str]]:
    window, limits = tenant.window, tenant.limits
    yield "Direction", f"{_DIRECTIONS[tenant.direction]} {_DRIFT[tenant.drift]}"
    yield "Scope", _scope(tenant)
    yield "Window", f"{window.past_days} days back to {window.future_days} days ahead, in {tenant.time_zone}."
    yield "Conflicts", f"{_CONFLICTS[tenant.conflicts]} The value that lost is kept and can be restored."
    yield "Deletions", _DELETIONS[tenant.deletions]
    yield "Invitations", f"{_INVITATIONS[tenant.invitations]} {_FIRST_SYNC[tenant.first_sync]}"
    yield (
        "Held for approval",
        f"More than {limits.max_mails_per_run} mails in a run; more than {limits.tenant_meetings} meetings and "
        f"{limits.tenant_share:.0%} of all, or {limits.mailbox_meetings} meetings and {limits.mailbox_share:.0%} of "
        "one mailbox's, within 24 hours.",
    )
    yield "Schedule", schedule_in_words(tenant)
    yield "Owner", _plain(tenant.owner)


def schedule_in_words(tenant: Tenant) -> str:
    """When the tenant's DAG runs."""
    if tenant.schedule.cron:
        return f"`{tenant.schedule.cron}` ({tenant.time_zone})."
    minutes = tenant.schedule.every_minutes
    return "Every minute." if minutes == 1 else f"Every {minutes} minutes."


def _scope(tenant: Tenant) -> str:
    if tenant.scope == "all":
        return "Every ShareCRM event."
    leaving = "is deleted from Outlook" if tenant.out_of_scope == "delete" else "is unlinked and stays in Outlook"
    return f"ShareCRM events in the calendar *{_plain(tenant.name)}*; one that is taken out of it {leaving}."


def _plain(text: str) -> str:
    """Text of a person as Markdown that shows it and does nothing else."""
    flat = " ".join(text.split())
    return "".join(f"\\{char}" if char in "\\`*_{}[]<>()#|!" else char for char in flat)
