"""The README's examples are the contract: what can be sent is accepted, what is answered has the shape shown."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sandbox import server as sandbox_server
from sandbox.client import Sandbox
from sandbox.server import Server

README = (Path(sandbox_server.__file__).parent / "README.md").read_text(encoding="utf-8")


def examples(heading: str) -> list[Any]:
    """The JSON blocks below the heading that begins with `heading`."""
    (section,) = re.findall(rf"^#+ {re.escape(heading)}.*?\n(.*?)(?=^#|\Z)", README, flags=re.MULTILINE | re.DOTALL)
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)```", section, flags=re.DOTALL)]


SENT = [
    *[("reset", body) for body in examples("`POST /_control/reset`")],
    ("clock", examples("`GET`, `POST /_control/clock`")[0]),
    ("faults", examples("`GET`, `POST`, `DELETE /_control/faults`")[0]),
    ("mailbox/ann@contoso.example", examples("`POST /_control/mailbox/{address}`")[0]),
    ("limits", examples("`GET`, `POST /_control/limits`")[0]),
    ("sharecrm", examples("`GET`, `POST /_control/sharecrm`")[0]),
    ("microsoft", examples("`GET`, `POST /_control/microsoft`")[0]),
]
SEED = examples("`POST /_control/reset`")[-1]


@pytest.mark.parametrize(("path", "body"), SENT, ids=[path for path, _ in SENT])
def test_what_the_readme_sends_is_accepted(box: Sandbox, path: str, body: Any) -> None:
    box.reset(SEED)
    answer = box.http.post(f"/_control/{path}", json=body)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("name", ["limits", "sharecrm", "microsoft"])
def test_the_defaults_are_those_of_the_readme(box: Sandbox, name: str) -> None:
    assert box.http.get(f"/_control/{name}").json() == dict(SENT)[name]


def test_the_first_line_has_the_members_of_the_readme(server: Server) -> None:
    assert set(examples("The sandbox")[0]) == set(server.info)


def test_the_state_has_the_shape_of_the_readme(box: Sandbox) -> None:
    box.reset(SEED)
    (shown, occurrence), state = examples("`GET /_control/state`"), box.state()
    assert {name: set(rows[0]) for name, rows in shown["sharecrm"].items()} == {
        name: set(rows[0]) for name, rows in state["sharecrm"].items()
    }
    assert shown["sharecrm"]["events"][0] == state["sharecrm"]["events"][0]
    (mailbox,), (promised,) = (each["outlook"]["mailboxes"].values() for each in (state, shown))
    assert set(mailbox) == set(promised)
    assert set(promised["events"][0]) - {"…"} <= set(mailbox["events"][0])
    weekly = {"pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"]}}
    made = box.as_user("ann@contoso.example").create(
        *("Lunch", "2026-03-02T12:00:00", "2026-03-02T13:00:00"),
        recurrence=weekly | {"range": {"type": "noEnd", "startDate": "2026-03-02"}},
    )
    events = box.state(date(2026, 3, 1), date(2026, 3, 31))["outlook"]["mailboxes"]["ann@contoso.example"]["events"]
    [series] = [one for one in events if one["id"] == made["id"]]
    assert set(occurrence) == set(series["occurrences"][0])


def test_log_entries_have_the_members_of_the_readme(box: Sandbox) -> None:
    box.reset(SEED)
    ann = box.as_user("ann@contoso.example")
    ann.create("Lunch", "2026-03-02T12:00:00", "2026-03-02T13:00:00", attendees=SEED["outlook_events"][0]["attendees"])
    batch = {"requests": [{"id": "1", "method": "GET", "url": "/me/events"}]}
    headers = {"authorization": "Bearer user:ann@contoso.example"}
    box.http.post("/v1.0/$batch", json=batch, headers=headers)
    request, in_batch, write, mail = examples("`GET /_control/log/requests`")
    assert [set(entry) for entry in box.requests()] == [set(request), set(in_batch)]
    assert set(box.requests()[-1]["parts"][0]) == set(in_batch["parts"][0])
    assert [set(entry) for entry in box.writes()] == [set(write)]
    assert [set(entry) for entry in box.mails()] == [set(mail)]
