"""What the scenarios compare mails by: every mail has an action that predicted it, every prediction its mail."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from pipeline.post import Post

from calsync.core.model import Side
from calsync.core.plan import Action, ActionState, Mail, Verb
from calsync.store.records import JournalRow
from sandbox.client import Sandbox

AT = datetime(2026, 3, 1, tzinfo=UTC)
ZOE, YAN = "zoe@client.example", "yan@client.example"


@dataclass
class Office:
    """A mail log and a journal that say what a test wants."""

    log: list[dict[str, Any]] = field(default_factory=list)
    journal: dict[str, JournalRow] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.post = Post(cast("Sandbox", self))

    def mails(self, since: int = 0) -> list[dict[str, Any]]:
        return [mail for mail in self.log if mail["n"] > since]

    def sends(self, *to: str) -> None:
        self.log += [{"n": len(self.log) + n, "kind": "update", "to": one} for n, one in enumerate(to, 1)]

    def notes(self, id_: str, state: ActionState, *to: str) -> None:
        mails = tuple(Mail("update", one, outside=True) for one in to)
        action = Action(id_, "l", Verb.UPDATE, Side.OUTLOOK, "C5", "", mails=mails)
        self.journal[id_] = JournalRow(action, "r", state, AT, sent_at=AT)

    def rows(self) -> list[JournalRow]:
        return list(self.journal.values())


@pytest.fixture
def office() -> Office:
    return Office()


def test_what_was_done_has_mailed_what_it_predicted_and_people_mail_besides(office: Office) -> None:
    office.sends(YAN)
    with office.post.watched(office.rows):
        office.notes("a", ActionState.DONE, ZOE)
        office.sends(ZOE)
        with office.post.people_act():
            office.sends(YAN)
    assert office.post.sent == [("update", ZOE)]


def complaint(office: Office, journal: dict[ActionState, list[str]], *to: str) -> str:
    """What is said of actions that came to these states with these predictions, while these were mailed."""
    try:
        with office.post.watched(office.rows):
            for state, predicted in journal.items():
                office.notes(state, state, *predicted)
            office.sends(*to)
    except AssertionError as error:
        return str(error).partition("\n")[0]
    return ""


def test_a_mail_that_nothing_predicted(office: Office) -> None:
    said = complaint(office, {ActionState.DONE: [ZOE], ActionState.STALE: [YAN]}, ZOE, YAN)
    assert said == f"sent, but predicted by nothing that was done: update to {YAN}"


def test_a_predicted_mail_that_was_not_sent(office: Office) -> None:
    said = complaint(office, {ActionState.DONE: [ZOE, YAN]}, ZOE)
    assert said == f"done, but these mails that it predicted were not sent: update to {YAN}"


@pytest.mark.parametrize("state", [ActionState.SENT, ActionState.FAILED])
def test_a_write_without_an_answer_mails_at_most_once(office: Office, state: ActionState) -> None:
    assert complaint(office, {state: [ZOE]}) == ""
    office.notes(state, ActionState.PLANNED, ZOE)
    assert complaint(office, {state: [ZOE]}, ZOE) == ""
    assert complaint(office, {state: [ZOE]}, ZOE) == f"sent, but predicted by nothing that was done: update to {ZOE}"
    with office.post.watched(office.rows):
        office.notes(state, ActionState.DONE, ZOE)  # found done by a later run
    assert complaint(office, {ActionState.SENT: [YAN]}, YAN, YAN).endswith(f"update to {YAN}")
