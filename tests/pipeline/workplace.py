"""A tenant with its state database and staging against the live sandbox: what a pipeline test works in."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from calsync.accounts import authorise, remember, user_from
from calsync.config.load import load_tenant, tenants_folder
from calsync.config.model import Tenant
from calsync.connections import Conn
from calsync.core.plan import Action
from calsync.graph.client import GraphClient
from calsync.graph.connection import settings_from_connection
from calsync.graph.settings import GraphSettings
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

    late: how far calsync's clock has moved on. impatient: its clients sit no pause out.
    """

    box: Sandbox
    server: Server
    folder: Path
    tenant: Tenant
    last: Run | None = None
    late: timedelta = timedelta()
    impatient: bool = False

    @classmethod
    def open(cls, box: Sandbox, server: Server, folder: Path, **settings: Any) -> Workplace:
        """A tenant like the demo's, with `settings` over it."""
        text = yaml.safe_load((tenants_folder() / "sandbox.yaml").read_text()) | settings
        file = folder / "sandbox.yaml"
        file.write_text(yaml.safe_dump(text))
        upgrade(f"sqlite:///{folder / 'calsync.db'}")
        return cls(box, server, folder, load_tenant(file))

    def configure(self, **settings: Any) -> None:
        """Change the tenant's file, as an admin would."""
        file = self.folder / "sandbox.yaml"
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

    def ports(self) -> Ports:
        state = f"sqlite:///{self.folder / 'calsync.db'}"
        ports = open_ports(self.tenant, self.connection, str(self.folder / "staging"), state)
        ports.now = lambda: datetime.now(UTC) + self.late
        if self.impatient:
            sit_nothing_out(ports, settings_from_connection(self.connection(self.tenant.connections.graph)))
        return ports

    def authorise(self, *employees: str) -> None:
        """Match everybody, and authorise these employees, or all who can be."""
        ports = self.ports()

        async def matched() -> Any:
            from calsync.graph.read import users
            from calsync.sharecrm.read import open_reader

            async with ports.crm() as crm, ports.graph() as graph:
                people = await (await open_reader(crm)).employees()
                listed = [user_from(raw) for raw in await users(graph)]
            return remember(self.tenant, people, listed, ports.store, ports.now())

        try:
            found = asyncio.run(matched())
            authorise(self.tenant, found, list(employees) or None, ports.store, ports.now())
        finally:
            ports.close()

    def run(self, **more: Any) -> Counters:
        """One whole run; a failed stage fails the test, unless `may_fail`."""
        may_fail = more.pop("may_fail", False)
        at = datetime.now(UTC) + self.late
        self.last = Run(f"test-{secrets.token_hex(4)}", "cli", at, f"test:{secrets.token_hex(4)}", **more)
        ports = self.ports()
        try:
            result = run_tenant(self.tenant, ports, self.last)
        finally:
            ports.close()
        assert may_fail or not result["failed"], result["sentence"]
        return result

    def report(self) -> dict[str, Any]:
        ports = self.ports()
        try:
            assert self.last is not None
            told = read_report(ports.staging, self.tenant.key, self.last.id)
            assert told is not None
            return told
        finally:
            ports.close()

    def planned(self) -> list[Action]:
        ports = self.ports()
        try:
            assert self.last is not None
            return ports.staging.read_rows(Action, self.tenant.key, self.last.id, "actions")
        finally:
            ports.close()

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


def sit_nothing_out(ports: Ports, graph: GraphSettings) -> None:
    """Clients whose pauses take no time; the clock they see moves on by them."""
    passed = [0.0]

    async def sleep(seconds: float) -> None:
        passed[0] += seconds

    settings = ports.crm_settings
    ports.crm = lambda: CrmClient(settings(), now=lambda: passed[0], sleep=sleep)
    ports.graph = lambda: GraphClient(graph, sleep=sleep)
