"""One story: a tenant in an emptied sandbox, its runs, and what must hold after each of them and in the end."""

from __future__ import annotations

import logging
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import reject
from model.expected import Expected
from model.trouble import Died, cause, die_at
from model.users import EPOCH, PEOPLE, Scene, Users, mailbox, token_of
from model.watch import misdeeds
from pipeline.team import old, own, seed
from pipeline.workplace import CALENDAR, Workplace

from demo.check import disagreements
from sandbox.client import Sandbox
from sandbox.server import Server

MOST_RUNS = 6
HELD_OPEN = ("failed", "parked", "stale", "left", "held")


class Broken(AssertionError):
    """Something that must hold does not."""


def kind_of(error: BaseException) -> str:
    """What sort of failure it is: its first sentence without names and numbers."""
    said = f"{type(error).__name__} {error}".splitlines()[0]
    return re.sub(r"'[^']*'|\S+@\S+|[0-9a-f]{8,}|[\d:+-]+", "#", said)[:160]


@dataclass
class Tally:
    """What was played so far. known: kinds of failure that were reported before, and how often each was met again."""

    stories: int = 0
    acts: int = 0
    runs: int = 0
    known: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def judged(self) -> Iterator[None]:
        """Let a failure of a known kind end its story quietly, so that others are found."""
        try:
            yield
        except Exception as error:
            kind = kind_of(error)
            if kind not in self.known:
                raise
            self.known[kind] += 1
            reject()


class Heard(logging.Handler):
    """Hears every word of calsync's log, for titles."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.titles: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        said = self.format(record)
        if "№" in said or "\\u2116" in said:
            self.titles.append(f"{record.name}:{record.lineno}")


@dataclass
class Stage:
    """Where stories are played: one sandbox, emptied for each of them. work: the tenant of the one being played."""

    box: Sandbox
    server: Server
    tally: Tally = field(default_factory=Tally)
    work: Workplace = field(init=False)


class Story:
    """A story under way."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.box = stage, stage.box
        self.users = Users(stage.box)
        self.expected = Expected()
        self.begun = False
        self.pace = self.since = 0
        self.foreseen: dict[str, Counter[tuple[str, str]]] = {}
        self.sent: Counter[tuple[str, str]] = Counter()
        self.heard = Heard()
        self._folder = tempfile.TemporaryDirectory()
        self._log = logging.getLogger("calsync")
        self._log.addHandler(self.heard)
        self._log.setLevel(logging.DEBUG)
        self._log.propagate = False
        # A run that dies leaves requests half sent; the sandbox's server has much to say about that.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)

    def begin(self, connected: list[str], *, planted: bool) -> None:
        """Some employees connect, and the first run is over; `planted`: meetings stood there before."""
        self.expected.connected = {name: name in connected for name in PEOPLE}
        self.expected.open = dict.fromkeys(PEOPLE, True)
        more = self._planted() if planted else {}
        self.box.reset(seed(**more) | {"clock": {"now": (EPOCH - timedelta(hours=1)).isoformat()}})
        limits = {
            "tenant_meetings": 1000, "mailbox_meetings": 1000, "max_mails_per_run": 1000, "emptied_from": 1000
        }  # fmt: skip
        self.stage.work = work = Workplace.open(self.box, self.stage.server, Path(self._folder.name), limits=limits)
        work.impatient = True
        self._advance(timedelta())
        work.keep_open()
        work.authorise(*(PEOPLE[name] for name in connected))
        self.begun = True
        self.run(1)
        self._advance(timedelta(hours=1))
        self.stage.tally.stories += 1

    def _planted(self) -> dict[str, list]:
        record, event = self.expected.new(), self.expected.new()
        start = (EPOCH + timedelta(days=22)).strftime("%Y-%m-%dT%H:%M:%S")
        end = (EPOCH + timedelta(days=22, hours=1)).strftime("%Y-%m-%dT%H:%M:%S")
        said = old(f"Visit №{record.token}", attendees=[PEOPLE["bob"]], contacts=["con-zoe"])
        theirs = own(f"Call №{event.token}", of=PEOPLE["bob"], guests=(mailbox("cai"), "yan@client.example"))
        times = {"start": {"dateTime": start, "timeZone": "UTC"}, "end": {"dateTime": end, "timeZone": "UTC"}}
        return {
            "crm_events": [said | {"start": f"{start}Z", "end": f"{end}Z"}],
            "outlook_events": [theirs | times | {"created": "2026-02-01T00:00:00Z"}],
        }

    def close(self) -> None:
        self._log.removeHandler(self.heard)
        self._log.propagate = True
        if self.begun:
            self.stage.work.close()
        self._folder.cleanup()

    def acted(self) -> None:
        """Somebody did something; after every `pace` acts calsync runs."""
        self.stage.tally.acts += 1
        self.since += 1
        if self.pace and self.since >= self.pace:
            with self.stage.tally.judged():
                self.run(15)

    @contextmanager
    def between_two_runs(self) -> Iterator[None]:
        """What is done here is done before calsync runs again."""
        pace, self.pace = self.pace, 0
        try:
            yield
        finally:
            self.pace = pace

    def mailbox(self, who: str, state: str) -> None:
        self.box.set_mailbox(mailbox(who), state)
        self.expected.open[who] = state == "ok"
        if state == "none":
            self.expected.unreached.add(mailbox(who))
        self.acted()

    def _advance(self, by: timedelta) -> None:
        """Both systems' clocks and calsync's."""
        self.box.set_clock(advance_s=by.total_seconds())
        self.stage.work.late = datetime.fromisoformat(self.box.clock()["now"]) - datetime.now(UTC)

    # --- Runs --------------------------------------------------------------------------------------------------------

    def run(
        self,
        minutes: float,
        faults: list[tuple[str, int, int | None]] | None = None,
        dies: tuple[int, bool] | None = None,
    ) -> int:
        """Some minutes later a run, disturbed or not; how much it wrote or wanted to write."""
        work = self.stage.work
        self.stage.tally.runs += 1
        self.since = 0
        self._advance(timedelta(minutes=minutes))
        for name, skip, times in faults or ():
            cause(self.box, name, skip, times)
        if dies:
            die_at(work, *dies)
        before, stood = (self._last("mails"), self._last("writes")), Scene(self.box)
        result: dict[str, int | str] = {}
        try:
            result = work.run(may_fail=bool(faults) or not self.expected.all_open)
        except Died:
            pass
        finally:
            work.transport = None
            self.box.clear_faults()
        self._check_mails(before[0], result, calm=not (faults or dies))
        self._check_words(result)
        now = Scene(self.box)
        if found := list(misdeeds(stood, now, self.expected)):
            raise Broken("\n".join(found))
        clean = bool(result) and not faults and not result["failed"] and not any(result[name] for name in HELD_OPEN)
        self.expected.ran(now, clean=clean)
        return len(self.box.writes(before[1])) + len(work.planned()) - (self._refused() if result else 0)

    def _refused(self) -> int:
        """How many dates of series wait for a person: they cannot pass their neighbours, so both sides differ."""
        refused = [c for c in self.stage.work.report()["changes"] if "cannot pass its neighbours" in c["sentence"]]
        records = {record["id"]: record for record in Scene(self.box).records}
        for change in refused:
            with self.stage.work.at_work() as ports:
                (link,) = [one for one in ports.store.links(self.stage.work.tenant.key) if one.id == change["link"]]
            if record := records.get(link.crm_id):
                self.expected.meetings[token_of(record["content"])].excuse = "a date that cannot pass its neighbours"
        return len(refused)

    def _last(self, log: str) -> int:
        entries = self.box.mails() if log == "mails" else self.box.writes()
        return max((entry["n"] for entry in entries), default=0)

    def _check_mails(self, since: int, result: dict[str, int | str], *, calm: bool) -> None:
        """No mail that no plan foresaw, none twice; in a calm run exactly those of what was done (E1)."""
        sent = [(mail["kind"], mail["to"]) for mail in self.box.mails(since)]
        for action in self.stage.work.planned():
            if not action.held:
                self.foreseen[action.id] = Counter((mail.kind, mail.to) for mail in action.mails)
        self.sent.update(sent)
        surprise = self.sent - sum(self.foreseen.values(), Counter())
        if surprise:
            raise Broken(f"mail: nobody foresaw {sorted(surprise.elements())}")
        if result and calm and len(sent) != result["mails"]:
            raise Broken(f"mail: {len(sent)} were sent, {result['mails']} were foreseen")

    def _check_words(self, result: dict[str, int | str]) -> None:
        if self.heard.titles or "№" in str(result.get("sentence")):
            raise Broken(f"log: a title stands in the log, from {sorted(set(self.heard.titles)) or 'the run sentence'}")

    # --- In the end --------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Everybody is back, nothing is wrong any more: in a few runs both sides agree, then all is quiet."""
        for name in PEOPLE:
            if not self.expected.open[name]:
                self.mailbox(name, "ok")
            if not self.expected.connected[name]:
                self.stage.work.authorise(PEOPLE[name])
                self.expected.connected[name] = True
        for _ in range(MOST_RUNS):
            if not self.run(360):
                break
        else:
            raise Broken(f"unquiet: still at work after {MOST_RUNS} runs: {self._at_work()}")
        sentences = disagreements(self.box, self.stage.work.folder / "sandbox.yaml")
        failures = list(self.expected.failures(Scene(self.box), sentences, CALENDAR))
        if failures:
            raise Broken("\n".join(failures))

    def _at_work(self) -> str:
        return "; ".join(f"{a.verb} {a.side} {a.rule} {a.reason} {a.held}" for a in self.stage.work.planned())
