"""The process dies at any remote call of `load`: nothing is doubled, lost or announced twice (issue 2, Shown by 4)."""

from __future__ import annotations

import os
import ssl
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import httpx
import pytest
from pipeline.morning import CARLA, DIRK, Standing, prepare, standing
from pipeline.workplace import Workplace

from calsync.core.plan import ActionState
from calsync.graph.client import GraphClient
from calsync.graph.connection import settings_from_connection
from calsync.sharecrm.client import CrmClient
from calsync.stages.context import Ports, Run
from calsync.stages.lease import leased
from calsync.stages.run import STAGES, staged
from calsync.store.lease import cli_holder
from sandbox.client import Sandbox
from sandbox.server import Server

DIED = 17


class Dying(httpx.AsyncBaseTransport):
    """Counts the calls of both systems together, and ends the process at one of them."""

    calls = 0
    armed = False

    def __init__(self, ca: str, at: int, sent: bool) -> None:
        self.at, self.sent = at, sent
        self.inner = httpx.AsyncHTTPTransport(verify=ssl.create_default_context(cafile=ca))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        Dying.calls += Dying.armed
        last = Dying.armed and Dying.calls == self.at
        if last and not self.sent:
            os._exit(DIED)
        response = await self.inner.handle_async_request(request)
        if last:
            await response.aread()
            os._exit(DIED)
        return response


def dying_ports(work: Workplace, at: int, sent: bool) -> Ports:
    ports = work.ports()
    settings = ports.crm_settings
    graph = settings_from_connection(work.connection(work.tenant.connections.graph))
    ports.crm = lambda: CrmClient(settings(), transport=Dying(work.server.ca, at, sent))
    ports.graph = lambda: GraphClient(graph, transport=Dying(work.server.ca, at, sent))
    return ports


def die_in_load(work: Workplace, at: int, sent: bool) -> int:
    """A run in a process of its own that dies at the remote call `at` of `load`; its exit code."""
    child = os.fork()
    if child == 0:
        _run_and_die(work, at, sent)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _run_and_die(work: Workplace, at: int, sent: bool) -> NoReturn:
    try:
        run = Run(f"dying-{at}", "cli", datetime.now(UTC), cli_holder(f"dying-{at}"))
        ports = dying_ports(work, at, sent)
        with leased(work.tenant, ports, run):
            for name in STAGES:
                Dying.armed = name == "load"
                staged(name, work.tenant, ports, run)
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def test_the_morning_s_edits_are_carried_over(undisturbed: Standing) -> None:
    titles = {record[0] for record in undisturbed.records}
    assert titles == {
        "Their talk, renamed", "Invited", "Deleted and edited, the edit wins", "New with a guest", "New in Outlook",
        "Newer in Outlook",
    }  # fmt: skip
    assert {event[1] for event in undisturbed.events} == titles
    assert undisturbed.mails["invitation", DIRK, "New with a guest"] == 1
    assert undisturbed.mails["invitation", DIRK, "Invited"] == 1
    assert undisturbed.mails["cancellation", CARLA, "Called off in ShareCRM"] == 1


@pytest.mark.parametrize("sent", [False, True], ids=["before it is sent", "after it was done"])
def test_dying_at_any_remote_call_changes_nothing_in_the_end(
    sent: bool, undisturbed: Standing, box: Sandbox, server: Server, tmp_path: Path
) -> None:
    at = 0
    while True:
        at += 1
        work = prepare(box, server, tmp_path / str(at))
        ended = die_in_load(work, at, sent)
        if ended == 0:
            break
        assert ended == DIED, f"call {at}: the run failed otherwise"
        work.keep_open()
        first = work.run()
        assert standing(work) == undisturbed, f"call {at}: {first['sentence']}"
        before = len(work.writes())
        work.run()
        assert len(work.writes()) == before, f"call {at}: the next run wrote again"
        assert unsettled(work) == [], f"call {at}: something is left in the journal"
        work.close()
    assert at > 10, "the workload has too few remote calls to prove anything"


def unsettled(work: Workplace) -> list[str]:
    """What the journal still calls planned, under way or failed."""
    open_states = (ActionState.PLANNED, ActionState.SENT, ActionState.FAILED)
    ports = work.ports()
    try:
        return [row.action.id for row in ports.store.actions(work.tenant.key, states=open_states)]
    finally:
        ports.close()
