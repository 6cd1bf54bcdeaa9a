"""The guard: what looks like a disaster is not carried out without a person (G5)."""

from __future__ import annotations

from collections import Counter

from calsync.core.facts import Facts
from calsync.core.plan import ASKED, Action, Plan, Verb


def ends_meeting(action: Action) -> bool:
    """Whether an action counts for the guard (G5): it ends a meeting, and no person has asked for that in a cleanup.

    A copy whose person left the attendees, or was invited, is no meeting's end (E2).
    """
    return action.verb is Verb.DELETE and action.rule.startswith("D") and action.reason != ASKED


def refusal(facts: Facts, plan: Plan) -> str:
    """Why the plan is larger than the guard allows, "" when it is not.

    Counts meetings that the plan ends together with those ended in the last 24 hours, per tenant and per mailbox, and
    the mails it would send.
    """
    limits = facts.rules.limits
    ends = [a for a in plan.actions if ends_meeting(a) and not a.held]
    meetings = {a.meeting for a in ends}
    count = len(meetings) + facts.ended_lately if meetings else 0
    if count > limits.tenant_meetings and count > limits.tenant_share * facts.totals:
        return (
            f"It would end {count} of {facts.totals} meetings within 24 hours (allowed: {limits.tenant_meetings}, or "
            f"{limits.tenant_share:.0%}). Nothing was written. Look at the plan (--dry-run); if it is right, raise "
            "limits.tenant_meetings in the tenant's file for one run."
        )
    if crowded := _crowded_mailbox(facts, ends):
        return crowded
    mails = len(plan.mails)
    if mails > limits.mails_per_run:
        return (
            f"It would send {mails} mails (allowed: {limits.mails_per_run}). Nothing was written. Look at the plan "
            "(--dry-run); if it is right, raise limits.max_mails_per_run in the tenant's file for one run."
        )
    return ""


def _crowded_mailbox(facts: Facts, ends: list[Action]) -> str:
    limits = facts.rules.limits
    counts = Counter(mailbox for mailbox, _ in {(a.mailbox, a.meeting) for a in ends if a.mailbox})
    for mailbox, planned in sorted(counts.items()):
        count = planned + facts.mailbox_ended_lately.get(mailbox, 0)
        total = facts.mailbox_totals.get(mailbox, 0)
        if count > limits.mailbox_meetings and count > limits.mailbox_share * total:
            return (
                f"It would end {count} of {total} meetings of one mailbox within 24 hours (allowed: "
                f"{limits.mailbox_meetings}, or {limits.mailbox_share:.0%}). Nothing was written. Look at the plan "
                "(--dry-run); if it is right, raise limits.mailbox_meetings in the tenant's file for one run."
            )
    return ""
