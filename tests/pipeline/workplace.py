"""A tenant with its state database and staging against the live sandbox: what a pipeline test works in."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import msal
import yaml
from pipeline.post import Post

from calsync.accounts import authorise, refresh, revoke
from calsync.config.load import load_tenant, tenants_folder
from calsync.config.model import Tenant
from calsync.connections import Conn
from calsync.core.plan import Action
from calsync.graph.auth import MsalTokens
from calsync.graph.client import GraphClient
from calsync.graph.connection import settings_from_connection
from calsync.graph.settings import GraphSettings
from calsync.sharecrm.auth import Wallet
from calsync.sharecrm.client import CrmClient
from calsync.stages.context import Counters, Ports, Run
from calsync.stages.ports import open_ports
from calsync.stages.report import read_report
from calsync.stages.run import run_tenant
from calsync.store import upgrade
from demo.connections import sandbox_connections
from sandbox.client import Sandbox
from sandbox.server import Server

CALENDAR = "Sales calendar"


@dataclass
class Workplace:
    """One tenant at work. `run` is `python -m calsync run` without the process.

    late: how far calsync's clock has moved on. impatient: its clients sit no pause out. transport: what carries their
    requests then, if not httpx alone. dsn: its state database, "" for one in its folder. keeping: its ports stay open
    from run to run, until `close`; kept: those ports. post: what compares its mails with its journal, if anything does.
    """

    box: Sandbox
    server: Server
    folder: Path
    tenant: Tenant
    last: Run | None = None
    late: timedelta = timedelta()
    impatient: bool = False
    transport: Callable[[], httpx.AsyncBaseTransport] | None = None
    dsn: str = ""
    keeping: bool = False
    kept: Ports | None = None
    post: Post | None = None

    @classmethod
    def open(cls, box: Sandbox, server: Server, folder: Path, **settings: Any) -> Workplace:
        """A tenant like the demo's, with `settings` over it."""
        text = yaml.safe_load((tenants_folder() / "sandbox.yaml").read_text()) | settings
        file = folder / "sandbox.yaml"
        file.write_text(yaml.safe_dump(text))
        work = cls(box, server, folder, load_tenant(file))
        work.lose_state()
        return work

    def beside(self, key: str, **settings: Any) -> Workplace:
        """Another configuration of the same enterprise, in the same state database: this one's with `settings`."""
        said = yaml.safe_load((self.folder / "sandbox.yaml").read_text()) | settings
        file = self.folder / f"{key}.yaml"
        file.write_text(yaml.safe_dump(said))
        return replace(self, tenant=load_tenant(file), last=None, keeping=False, kept=None)

    def lose_state(self) -> None:
        """The state database is a new one, with its tables and nothing in them."""
        self.close()
        for file in self.folder.glob("calsync.db*"):
            file.unlink()
        (self.folder / "calsync.db").write_bytes(empty_database())

    def configure(self, **settings: Any) -> None:
        """Change the tenant's file, as an admin would."""
        self.close()
        file = self.folder / f"{self.tenant.key}.yaml"
        file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | settings))
        self.tenant = load_tenant(file)

    def connection(self, conn_id: str) -> Conn:
        """One of the tenant's two connections to the sandbox."""
        system = "crm" if conn_id == self.tenant.connections.crm else "graph"
        said = sandbox_connections(self.server.info)[f"calsync_{system}_sandbox"]
        return Conn(
            conn_id=conn_id,
            conn_type=said["conn_type"],
            login=said.get("login"),
            password=said.get("password"),
            schema=said.get("schema"),
            host=said["host"],
            port=None,
            extra=said["extra"],
        )

    def now(self) -> datetime:
        """What calsync takes for now."""
        return datetime.now(UTC) + self.late

    def ports(self) -> Ports:
        state = self.dsn or f"sqlite:///{self.folder / 'calsync.db'}"
        ports = open_ports(self.tenant, self.connection, str(self.folder / "staging"), state, here=self.now)
        self._sit_nothing_out(ports, settings_from_connection(self.connection(self.tenant.connections.graph)))
        return ports

    def _sit_nothing_out(self, ports: Ports, graph: GraphSettings) -> None:
        """While impatient, clients whose pauses take no time; the clock they see moves on by them."""
        crm, patient = ports.crm, ports.graph
        passed = [0.0]
        wallet: Wallet = {}
        tokens = msal.TokenCache()
        settings = ports.crm_settings

        async def sleep(seconds: float) -> None:
            passed[0] += seconds

        def carrier() -> httpx.AsyncBaseTransport | None:
            return self.transport() if self.transport else None

        def hasty_crm() -> CrmClient:
            return CrmClient(
                settings(),
                wallet=wallet,
                here=self.now,
                transport=carrier(),
                now=lambda: passed[0],
                sleep=sleep,
            )

        def hasty_graph() -> GraphClient:
            return GraphClient(graph, here=self.now, tokens=MsalTokens(graph, tokens), transport=carrier(), sleep=sleep)

        ports.crm = lambda: hasty_crm() if self.impatient else crm()
        ports.graph = lambda: hasty_graph() if self.impatient else patient()

    def keep_open(self) -> None:
        """Let the runs from now on share their ports: opening them costs half a run."""
        self.keeping = True

    def close(self) -> None:
        """Close the ports that are open; if they are kept open, the next run opens them anew."""
        if self.kept:
            self.kept.close()
        self.kept = None

    @contextmanager
    def at_work(self) -> Iterator[Ports]:
        """The ports that stay open, else some for this once; the mails of what is done by them are watched."""
        if self.keeping:
            self.kept = self.kept or self.ports()
            with self._watched(self.kept):
                yield self.kept
            return
        ports = self.ports()
        try:
            with self._watched(ports):
                yield ports
        finally:
            ports.close()

    def _watched(self, ports: Ports) -> AbstractContextManager[None]:
        return self.post.watched(lambda: ports.store.actions(self.tenant.key)) if self.post else nullcontext()

    def authorise(self, *employees: str) -> None:
        """Match everybody, and authorise these employees, or all who can be."""
        with self.at_work() as ports:

            async def matched() -> Any:
                async with ports.crm() as crm, ports.graph() as graph:
                    return await refresh(self.tenant, crm, graph, ports.store, ports.now())

            found = asyncio.run(matched())
            authorise(self.tenant, found, list(employees) or None, ports.store, ports.now())

    def settle_in(self) -> None:
        """Everybody authorised, and a first run, a minute ago: what people make from now on may mail (A4).

        A minute, since ShareCRM's stamps are whole seconds.
        """
        self.late -= timedelta(minutes=1)
        self.authorise()
        self.run()
        self.late += timedelta(minutes=1)

    def revoke(self, *employees: str) -> None:
        """Take these employees' authorisation back."""
        with self.at_work() as ports:
            revoke(self.tenant, employees, ports.store, ports.now())

    def run(self, **more: Any) -> Counters:
        """One whole run; a failed stage fails the test, unless `may_fail`."""
        may_fail = more.pop("may_fail", False)
        self.last = Run(f"test-{secrets.token_hex(4)}", "cli", self.now(), f"test:{secrets.token_hex(4)}", **more)
        with self.at_work() as ports:
            result = run_tenant(self.tenant, ports, self.last)
        assert may_fail or not result["failed"], result["sentence"]
        return result

    def report(self) -> dict[str, Any]:
        assert self.last is not None
        with self.at_work() as ports:
            told = read_report(ports.staging, self.tenant.key, self.last.id)
        assert told is not None
        return told

    def planned(self) -> list[Action]:
        assert self.last is not None
        with self.at_work() as ports:
            return ports.staging.read_rows(Action, self.tenant.key, self.last.id, "actions")

    def writes(self) -> list[dict[str, Any]]:
        """What calsync itself wrote since the sandbox was reset; people's own acts are left out."""
        return [entry for entry in self.box.writes() if str(entry["actor"]).startswith("app:")]

    def events(self, address: str) -> list[dict[str, Any]]:
        """The living events of a mailbox."""
        found = self.box.state()["outlook"]["mailboxes"][address]["events"]
        return [event for event in found if not event.get("deleted")]

    def records(self) -> list[dict[str, Any]]:
        """The living schedules of ShareCRM."""
        return [
            r for r in self.box.state()["sharecrm"]["events"] if not r.get("deleted") and r["life_status"] == "normal"
        ]


@cache
def empty_database() -> bytes:
    """A state database with its tables and nothing in them; made once, since that takes longer than a run."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "calsync.db"
        upgrade(f"sqlite:///{file}")
        return file.read_bytes()
