"""What a tenant's configuration means for the calendar of an employee, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from calsync.config.model import Tenant


class Term(NamedTuple):
    """One thing to know before connecting."""

    heading: str
    text: str


_DIRECTION: Final = {
    "bidirectional": "Your Outlook calendar and ShareCRM are kept the same. What you create, change or delete on one "
    "side is created, changed or deleted on the other.",
    "crm_to_outlook": "Your ShareCRM events come to your Outlook calendar. Nothing of your Outlook calendar goes to "
    "ShareCRM.",
    "outlook_to_crm": "Your Outlook events come to ShareCRM. Nothing is written into your Outlook calendar.",
}
_INVITATIONS: Final = {
    "everyone": "When you own a meeting in ShareCRM, its attendees and contacts are invited from your Outlook "
    "calendar, in your name.",
    "colleagues": "When you own a meeting in ShareCRM, the colleagues who attend are invited from your Outlook "
    "calendar, in your name. Contacts are not.",
    "nobody": "Nobody is invited in your name.",
}


def terms(tenant: Tenant) -> list[Term]:
    """What an employee of this tenant agrees to by connecting."""
    to_crm, to_outlook = tenant.direction != "crm_to_outlook", tenant.direction != "outlook_to_crm"
    past, future = tenant.window.past_days, tenant.window.future_days
    told = [
        Term("Direction", _DIRECTION[tenant.direction]),
        Term(
            "Which days",
            f"Events from {_days(past)} back to {_days(future)} ahead. One that was taken up is followed wherever it "
            "is moved to.",
        ),
    ]
    if to_crm:
        told.append(
            Term(
                "What others see",
                "Title, time, colleagues and known contacts of your Outlook events stand in ShareCRM, for those who "
                "may see your events there. Texts, attachments and unknown guests stay in Outlook. Meetings that "
                "somebody outside the company organises stay in Outlook altogether.",
            )
        )
    told.append(
        Term(
            "Private events",
            "They are kept the same too, and are marked as private on the other side. Who may open a private event "
            "there is up to ShareCRM and Outlook. On the pages of calendar sync they are shown as \u201cPrivate\u201d.",
        )
    )
    if to_outlook:
        told.append(Term("Invitations", _INVITATIONS[tenant.invitations]))
    told.append(
        Term(
            "Disconnecting",
            "You can disconnect here at any time. Then your calendar is neither read nor written any more. Events that "
            "are there stay where they are.",
        )
    )
    return told


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"
