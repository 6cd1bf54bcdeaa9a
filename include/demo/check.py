"""What the sandbox says about calsync's work: do both sides agree, and who wrote what."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from demo.agreement import differences
from demo.meetings import EMPTY_TITLE, Rules, dates
from sandbox.client import Sandbox

_DIRECTORY = "/v1.0/users?$select=id,mail,userPrincipalName,userType,proxyAddresses&$top=999"
_WINDOW = {"past_days": 30, "future_days": 180}
_ZONES = timedelta(days=1)
"""A day of the tenant's zone reaches into the neighbouring days of UTC."""


def disagreements(sandbox: Sandbox, tenant_file: Path) -> list[str]:
    """What does not agree between the two systems under the tenant's rules, a sentence each."""
    now = datetime.fromisoformat(sandbox.clock()["now"])
    rules = read_rules(tenant_file, now)
    state = sandbox.state(rules.first - _ZONES, rules.last + _ZONES)
    return differences(state, directory(sandbox), rules)


def read_rules(tenant_file: Path, now: datetime) -> Rules:
    """The rules that agreement depends on, from the tenant's YAML; the window is the one around `now`."""
    said = yaml.safe_load(tenant_file.read_text(encoding="utf-8"))
    zone, window = ZoneInfo(said["time_zone"]), _WINDOW | said.get("window", {})
    today = now.astimezone(zone).date()
    return Rules(
        calendar=said["name"],
        zone=zone,
        first=today - timedelta(days=window["past_days"]),
        last=today + timedelta(days=window["future_days"]),
        empty_title=said.get("empty_title", EMPTY_TITLE),
    )


def calendar(tenant_file: Path) -> str:
    """The name that ShareCRM's Calendar field bears for this tenant."""
    return str(yaml.safe_load(tenant_file.read_text(encoding="utf-8"))["name"])


def directory(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Microsoft's users, as one of them may list them."""
    boxes = sandbox.state()["outlook"]["mailboxes"]
    somebody = next(address for address, box in boxes.items() if box["state"] == "ok")
    answer = sandbox.http.get(_DIRECTORY, headers={"Authorization": f"Bearer user:{somebody}"})
    answer.raise_for_status()
    return list(answer.json()["value"])


def titles(sandbox: Sandbox) -> dict[str, str]:
    """Titles by the id of their record or event; a private one is not shown."""
    state = sandbox.state()
    found = {one["id"]: "Private" if one["private"] else one["content"] for one in state["sharecrm"]["events"]}
    for box in state["outlook"]["mailboxes"].values():
        for event in box["events"]:
            for one in (event, *dates(event)):
                found[one["id"]] = one["subject"] if one["sensitivity"] == "normal" else "Private"
    return found


def last_write(sandbox: Sandbox) -> int:
    """The number of the newest write so far, by anybody."""
    return max((write["n"] for write in sandbox.writes()), default=0)


def calsync_writes(sandbox: Sandbox, since: int) -> Counter[str]:
    """How often calsync itself wrote since the write `since`, by system (`sharecrm`, `graph`)."""
    return Counter(write["system"] for write in sandbox.writes(since) if not write["actor"].startswith("user:"))
