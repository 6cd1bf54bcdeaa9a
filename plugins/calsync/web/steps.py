"""What the steps of the configuration show beside what was typed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import available_timezones

from calsync.config.save import has_comments
from calsync.stages.doctor_graph import CALENDARS, DIRECTORY
from calsync.web.credentials import MicrosoftForm, Use, consent_url
from calsync.web.draft import Known

PERMISSIONS: Final = (
    (DIRECTORY, "to match employees with the members of the Microsoft tenant by their e-mail addresses"),
    (CALENDARS, "to read and write the calendars of connected accounts"),
)
"""The application permissions of Microsoft Graph that calsync needs, and what for."""

CHOICES: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "direction": (
        ("bidirectional", "Both ways"),
        ("crm_to_outlook", "ShareCRM to Outlook only"),
        ("outlook_to_crm", "Outlook to ShareCRM only"),
    ),
    "conflicts": (("latest", "The later change wins"), ("crm", "ShareCRM wins"), ("outlook", "Outlook wins")),
    "deletions": (("lose", "The edit wins: the meeting is put back"), ("win", "The deletion wins")),
    "invitations": (
        ("everyone", "Colleagues and contacts"),
        ("colleagues", "Colleagues only"),
        ("nobody", "Nobody: no mail is caused by people added"),
    ),
    "first_sync": (
        ("quiet", "Quietly: what existed before becomes a copy without people"),
        ("full", "In full: what existed before may invite people too"),
    ),
    "scope": (
        ("calendar", "Events whose Calendar field names this configuration"),
        ("all", "Every event: the enterprise has no Calendar field"),
    ),
    "out_of_scope": (("unlink", "Stays in Outlook, no longer synchronised"), ("delete", "Is deleted in Outlook")),
}
"""The settings that are a choice of one: value and what people read."""


def page_values(values: Mapping[str, str], known: Known, path: Path | None) -> dict[str, Any]:
    """What the template knows besides the page's own values. No secret is among it.

    :param path: the tenant's file, None for a new tenant
    """
    form = MicrosoftForm(values, known.graph)
    return {
        "values": {name: value for name, value in values.items() if name not in SECRETS},
        "key": known.key if known.tenant else values.get("key", ""),
        "settled": known.settled,
        "stored": {
            "crm": bool(known.crm.conn and known.crm.conn.password),
            "graph": bool(known.graph.conn and known.graph.conn.password),
        },
        "as_is": {"crm": known.crm.use is Use.AS_IS, "graph": known.graph.use is Use.AS_IS},
        "comments": bool(path and has_comments(path)),
        "choices": CHOICES,
        "permissions": PERMISSIONS,
        "consent": consent_url(form.conn, values.get("microsoft_tenant", "")),
        "zones": _zones(),
    }


SECRETS: Final = ("graph_conn.secret", "graph_conn.passphrase", "crm_conn.secret", "crm_conn.code")
"""Fields of the form whose value goes into no page."""


@cache
def _zones() -> list[str]:
    return sorted(
        zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "posix", "right"))
    )
