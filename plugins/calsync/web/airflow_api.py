"""Airflow's public REST API, asked within the API server as the user of a request.

So Airflow itself checks the user's rights, encrypts what is secret and writes its audit log, and pages need neither a
login of their own nor JavaScript. Nothing goes over the network.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import quote

import anyio.from_thread
import httpx
from fastapi import Depends, Request

from calsync.naming import ASK, DagKind, dag_id

if TYPE_CHECKING:
    from starlette.types import ASGIApp

_HANDED_ON: Final = ("cookie", "authorization")
_FILES_SEARCHED: Final = 5
"""Tenants that are looked at for the files that a new tenant's DAGs come from."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What Airflow answered. body: its JSON, None where it sent none."""

    status: int
    body: Any = None

    @property
    def done(self) -> bool:
        return self.status < httpx.codes.BAD_REQUEST

    @property
    def why(self) -> str:
        """What a person is told where it was refused; Airflow's own words may repeat what was sent."""
        if self.status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            return "Airflow does not give you the right to do this."
        if self.status == httpx.codes.NOT_FOUND:
            return "Airflow does not know it."
        return f"Airflow refused it (HTTP {self.status})."


@dataclass(frozen=True, slots=True)
class DagState:
    """How a tenant's DAG stands. known: Airflow has read it from its file."""

    known: bool = False
    paused: bool = True


class Airflow:
    """A user's own access to Airflow; for routes that are plain functions, which run beside the event loop."""

    def __init__(self, request: Request) -> None:
        self._headers = {name: request.headers[name] for name in _HANDED_ON if name in request.headers}
        self._base = f"{request.base_url.scheme}://{request.base_url.netloc}"

    def ask(self, method: str, path: str, body: Any = None, **params: Any) -> Answer:
        """One request below `/api/v2`; parts of the path are quoted by the caller."""
        return anyio.from_thread.run(self._ask, method, path, body, params)

    async def _ask(self, method: str, path: str, body: Any, params: dict[str, Any]) -> Answer:
        transport = httpx.ASGITransport(app=application())
        async with httpx.AsyncClient(transport=transport, base_url=self._base, headers=self._headers) as client:
            answer = await client.request(method, f"/api/v2{path}", json=body, params=params)
        try:
            return Answer(answer.status_code, answer.json())
        except ValueError:
            return Answer(answer.status_code)

    def dag(self, key: str, kind: DagKind = DagKind.SYNC) -> DagState:
        """How the tenant's DAG of this kind stands."""
        answer = self.ask("GET", f"/dags/{_part(dag_id(key, kind))}")
        if not answer.done or answer.body.get("is_stale"):
            return DagState()
        return DagState(known=True, paused=bool(answer.body["is_paused"]))

    def pause(self, key: str, paused: bool, kinds: Iterable[DagKind] = tuple(DagKind)) -> Answer:
        """Pause the tenant's DAGs, or let them run; those that Airflow does not know are passed over.

        :return: the first refusal, else the last answer
        """
        last = Answer(httpx.codes.OK)
        for kind in kinds:
            answer = self.ask("PATCH", f"/dags/{_part(dag_id(key, kind))}", {"is_paused": paused})
            if answer.status != httpx.codes.NOT_FOUND:
                last = answer
            if not last.done:
                break
        return last

    def run(self, key: str) -> Answer:
        """Start a run of the tenant's sync DAG now; the body names its `dag_run_id`."""
        return self.ask("POST", f"/dags/{_part(dag_id(key))}/dagRuns", {"logical_date": None})

    def answer(self, key: str, run_id: str, word: str) -> Answer:
        """Answer the question that a run of the tenant's approval DAG asks, as under Required Actions."""
        task = f"/dags/{_part(dag_id(key, DagKind.APPROVAL))}/dagRuns/{_part(run_id)}/taskInstances/{ASK}/-1"
        return self.ask("PATCH", f"{task}/hitlDetails", {"chosen_options": [word], "params_input": {}})

    def read_files_again(self, key: str, others: Sequence[str] = ()) -> bool:
        """Have Airflow read anew the files that this tenant's DAGs come from; whether it will.

        Airflow knows a file by the DAGs it has found in it: a new tenant's are found through those of the `others`,
        and the first tenant's appear when Airflow looks at its files the next time.
        """
        asked = [self._read_again(kind, [key, *others[:_FILES_SEARCHED]]) for kind in DagKind]
        return asked[0]

    def _read_again(self, kind: DagKind, keys: Iterable[str]) -> bool:
        for key in keys:
            found = self.ask("GET", f"/dags/{_part(dag_id(key, kind))}")
            if found.done and not found.body.get("is_stale"):
                return self.ask("PUT", f"/parseDagFile/{_part(found.body['file_token'])}").done
        return False

    def has_connection(self, conn_id: str) -> Answer:
        """Whether Airflow's own database has this connection: 404 where not. Secrets are masked in the body."""
        return self.ask("GET", f"/connections/{_part(conn_id)}")

    def put_connection(self, body: dict[str, Any], there: bool) -> Answer:
        """Make a connection, or change one that is there; what `body` does not name stays as it is."""
        if there:
            return self.ask("PATCH", f"/connections/{_part(body['connection_id'])}", body)
        return self.ask("POST", "/connections", body)


AirflowDep = Annotated[Airflow, Depends(Airflow)]


def application() -> ASGIApp:
    """Airflow's application as its API server serves it: the one that our pages are mounted in."""
    from airflow.api_fastapi.main import app

    return app


def _part(text: str) -> str:
    return quote(text, safe="")
