"""The stage of a scenario: given what stands, when people act, then both sides, the mails and the writes are these.

Ann, Bob and Cai are employees with mailboxes, Zoe and Yan contacts of the customer, `STRANGER` is nobody ShareCRM
knows. Everything they do goes through the two systems' ordinary APIs; everything calsync does is a whole run.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from config.at_work import call, connect
from pipeline.post import Mails, Post
from pipeline.team import ANN, BOB, CAI, NAMES, Team, address, seed
from pipeline.workplace import Workplace

from calsync.core.plan import ActionState
from calsync.errors import CalsyncError
from calsync.stages.context import Run
from calsync.stages.lease import leased, release
from calsync.stages.run import STAGES, staged
from demo.check import disagreements

MAX_RUNS = 4
QUIET_RUNS = 3
_SYSTEM = {"graph": "outlook", "sharecrm": "crm"}


def mails(kind: str, *people: str) -> Mails:
    """One mail of a kind (invitation, update, cancellation) for each of these people."""
    return [(kind, one if "@" in one else address(one)) for one in people]


class Scene(Team):
    """One scenario. `then` looks back to the last `then`, or to `given`.

    Whatever calsync does meanwhile, by a run, a command or a person's word, in this configuration or one beside it,
    sends exactly the mails that its plan predicted (`pipeline.post`).
    """

    def __init__(self, work: Workplace) -> None:
        super().__init__(work)
        self._writes = 0
        self._told: list[str] = []
        self._post = work.post = Post(work.box)
        self._works = [work]

    # --- given -------------------------------------------------------------------------------------------------------

    def given(self, *authorised: str, agree: bool = True, **planted: Any) -> Scene:
        """calsync is at work, its first sync is done: of these people (all three), with what stood before it came."""
        self.before_first_sync(*authorised, **planted)
        self.settle(agree=agree and not authorised)
        self.later(minutes=1)  # ShareCRM's stamps are whole seconds: what people make from now on is plainly younger
        self._look_from_here()
        return self

    def before_first_sync(self, *authorised: str, **planted: Any) -> Scene:
        """People are connected and this stands on both sides, but calsync never ran."""
        self.work.box.reset(seed(**planted))
        self.work.late = timedelta()
        self.work.authorise(*(authorised or (ANN, BOB, CAI)))
        self._look_from_here()
        return self

    def settled(self, *, agree: bool = True) -> None:
        """All of this is carried over already; `then` looks back to here."""
        self.settle(agree=agree)
        self._look_from_here()

    def _look_from_here(self) -> None:
        self._writes, self._told = len(self.work.writes()), []
        self._post.sent.clear()

    # --- when --------------------------------------------------------------------------------------------------------

    def later(self, **by: float) -> None:
        """Time passes, on both systems' clocks and on calsync's (`days=`, `hours=`, `minutes=`)."""
        passed = timedelta(**by)
        self.work.box.set_clock(advance_s=passed.total_seconds())
        for work in self._works:
            work.late += passed

    def beside(self, key: str, **settings: Any) -> Workplace:
        """Another configuration of the same enterprise is at work from now on; its runs are its own `run`."""
        work = self.work.beside(key, **settings)
        self._works.append(work)
        return work

    def run(self) -> Mails:
        """One run, all of whose actions are done but those that are held; its report is kept for `then`."""
        sent = super().run()
        self._told.append(str(self.work.report()))
        return sent

    def run_while(self, stage: str, act: Callable[[], object]) -> None:
        """One run, even one that fails, and what happens just before one of its stages."""
        name = f"test-{secrets.token_hex(4)}"
        self.work.last = run = Run(name, "cli", self.work.now(), name)
        with self.work.at_work() as ports, leased(self.work.tenant, ports, run), suppress(CalsyncError):
            for each in STAGES:
                if each == stage:
                    with self._post.people_act():
                        act()
                staged(each, self.work.tenant, ports, run)
        with self.work.at_work() as ports:
            release(self.work.tenant, ports, run)

    def command(self, *arguments: str) -> str:
        """What a person types after `python -m calsync`, without a terminal to be asked at; what it answers."""
        with pytest.MonkeyPatch.context() as patch, self.work.at_work():
            connect(self.work, patch)
            answer = call(*arguments)
        assert answer.exit_code == 0, answer.output
        return answer.stdout

    def revoke(self, *employees: str) -> None:
        """An admin withdraws the authorisation of these employees."""
        self.work.revoke(*employees)

    def new_address(self, contact: str, email: str) -> None:
        """The customer's contact gets another e-mail address in ShareCRM, "" for none."""
        self.crm().data("update", {"object_data": {"dataObjectApiName": "ContactObj", "_id": contact, "email": email}})

    # --- then --------------------------------------------------------------------------------------------------------

    def then(
        self,
        *,
        crm: list[str],
        outlook: dict[str, list[str]],
        mails: Mails,
        writes: dict[str, int],
        reports: tuple[str, ...] = (),
        agree: bool = True,
    ) -> None:
        """Runs until all is settled, then three that write nothing; then everything is exactly so.

        crm: titles of the living records. outlook: titles in the calendars of these people, cancelled ones left out;
        who is not named has an empty one. mails: what was sent since the last `then`. writes: what calsync wrote since,
        as {"outlook create": 2, "crm update": 1}. reports: parts of sentences that a run's report must contain.
        agree: whether both sides agree under the field mapping, by the sandbox's own second opinion.
        """
        self._until_quiet()
        wrote = Counter(f"{_SYSTEM[w['system']]} {w['action']}" for w in self.work.writes()[self._writes :])
        assert {
            "crm": sorted(r["content"] for r in self.work.records()),
            "outlook": {NAMES[e]: self.titles(e) for e in NAMES},
            "mails": sorted(self._post.sent),
            "writes": dict(wrote),
        } == {
            "crm": sorted(crm),
            "outlook": {NAMES[e]: sorted(outlook.get(e, [])) for e in NAMES},
            "mails": sorted(mails),
            "writes": writes,
        }
        for sentence in reports:
            assert any(sentence in told for told in self._told), f"no report says: {sentence}"
        if agree:
            found = disagreements(self.work.box, self.work.folder / "sandbox.yaml")
            assert not found, found
        self._look_from_here()

    def yielded(self) -> list[str]:
        """The titles that gave way to others and are kept in history."""
        with self.work.at_work() as ports:
            entries = ports.store.history(self.work.tenant.key)
        return [loss.event.title for entry in entries for loss in entry.losses]

    def _until_quiet(self) -> None:
        """Runs until one writes nothing, the fourth at the latest; that one and two more are the three."""
        for _ in range(MAX_RUNS):
            before = len(self.work.writes())
            self.run()
            if len(self.work.writes()) == before and all(action.held for action in self.work.planned()):
                break
        for _ in range(QUIET_RUNS - 1):
            self.run()
        more = self.work.writes()[before:]
        assert not more, f"it does not come to rest: {more}"

    # --- what stands where -------------------------------------------------------------------------------------------

    def listed(self, employee: str) -> set[str]:
        """The addresses on the attendee list of the one event in a calendar."""
        return {person["emailAddress"]["address"].lower() for person in self.event(employee)["attendees"]}

    def people(self, title: str) -> tuple[set[str], set[str]]:
        """The employees and the contacts of the one living record of this title."""
        (record,) = [r for r in self.work.records() if r["content"] == title]
        return set(record["attendees"]), set(record["contacts"])

    def held(self) -> list[str]:
        """The rules of the actions that wait for a person's word."""
        with self.work.at_work() as ports:
            held = ports.store.actions(self.work.tenant.key, states=[ActionState.HELD])
        return [row.action.rule for row in held]
