"""A tenant's rules in words: what the page of its DAG says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

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
