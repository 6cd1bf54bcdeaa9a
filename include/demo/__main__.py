"""`python -m demo`: start the demo; `python -m demo edit` and `python -m demo stop` speak to the one that runs."""

from __future__ import annotations

import json
import signal
import sys
import time
from typing import Annotated, Any

import typer
from rich.console import Console

from demo import check, show
from demo.connections import sandbox_connections
from demo.difference import difference
from demo.edit import make_edits
from demo.errors import DemoError
from demo.paths import FOLDER, ROOT
from demo.ports import choose
from demo.record import Record, read
from demo.rest import Airflow, airflow
from demo.runs import DAG_ID, TENANT, synchronise
from demo.session import Session, running, stop_other
from sandbox.client import Sandbox

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)

_TENANT_FILE = ROOT / "include" / "tenants" / f"{TENANT}.yaml"


def _port(name: str, what: str) -> Any:
    return typer.Option(envvar=f"CALSYNC_DEMO_{name}_PORT", help=f"Port of {what}; 0 takes a free one.")


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    oneshot: Annotated[bool, typer.Option(help="Edit, run again, check that both sides agree, stop.")] = False,
    api_port: Annotated[int, _port("API", "Airflow's UI and REST API")] = 0,
    sandbox_port: Annotated[int, _port("SANDBOX", "the sandbox")] = 0,
    worker_log_port: Annotated[int, _port("WORKER_LOG", "the log server of the tasks")] = 0,
    trigger_log_port: Annotated[int, _port("TRIGGER_LOG", "the log server of the triggerer")] = 0,
    base_url: Annotated[
        str, typer.Option(envvar="CALSYNC_DEMO_BASE_URL", help="Airflow's URL as the browser sees it, if another.")
    ] = "",
) -> None:
    """Watch a real Airflow run synchronise a sales team's ShareCRM and Outlook calendars, both local."""
    if context.invoked_subcommand:
        return
    wanted = {
        "api": api_port,
        "sandbox": sandbox_port,
        "worker_log": worker_log_port,
        "trigger_log": trigger_log_port,
    }
    began = time.monotonic()
    with running(FOLDER, ROOT, choose(wanted), base_url, console) as session:
        problems = _show(session, oneshot=oneshot)
    if oneshot:
        _conclude(problems, time.monotonic() - began)


@app.command()
def edit() -> None:
    """Edit as users on both sides would, run the DAG again, print the difference."""
    record = _running_demo()
    with airflow(record.local_url, record.user, record.password) as client, _sandbox(record) as sandbox:
        client.wait_until_idle(DAG_ID)
        _edit_and_run(record, client, sandbox)


@app.command()
def connections(
    ready: Annotated[
        typer.FileText, typer.Argument(help="The line the sandbox printed when it was ready; - is stdin.")
    ],
) -> None:
    """Print the connections to a sandbox, for `airflow connections import`."""
    sys.stdout.write(json.dumps(sandbox_connections(json.loads(ready.read())), indent=2) + "\n")


@app.command()
def stop() -> None:
    """End a demo that runs in another terminal, or what a killed one left behind."""
    console.print(stop_other(FOLDER))


def _show(session: Session, *, oneshot: bool) -> list[str]:
    """The demo itself; returns what was wrong (with `oneshot`, else it ends with Ctrl-C)."""
    record = session.record
    with (
        airflow(record.local_url, record.user, record.password, session.problem) as client,
        _sandbox(record) as sandbox,
    ):
        with console.status("Starting Airflow ..."):
            client.wait_until_healthy()
            client.wait_for_dag(DAG_ID)
        console.print(f"Airflow is up. {DAG_ID} is unpaused and triggered:")
        reports = synchronise(console, client, record, unpause=True)
        titles = check.titles(sandbox)
        for report in reports:
            show.report(console, report, titles)
        if oneshot:
            return _check_all(record, client, sandbox)
        session.ready()
        show.where(console, record, DAG_ID, reports[0]["run"])
        _wait_for_interrupt(session)
    return []


def _check_all(record: Record, client: Airflow, sandbox: Sandbox) -> list[str]:
    first = check.calsync_writes(sandbox, 0)
    console.print(f"\nThe first run wrote {first['sharecrm']} times to ShareCRM and {first['graph']} times to Outlook.")
    problems = [f"The first run wrote nothing to {system}." for system in ("sharecrm", "graph") if not first[system]]
    problems += check.disagreements(sandbox, _TENANT_FILE)
    _edit_and_run(record, client, sandbox)
    problems += check.disagreements(sandbox, _TENANT_FILE)
    console.print("\nOnce more, with nothing changed:")
    settled = check.last_write(sandbox)
    synchronise(console, client, record)
    again = check.calsync_writes(sandbox, settled)
    console.print(f"The last run wrote {again.total()} times.")
    return problems + [f"The last run wrote {count} times to {system}." for system, count in again.items()]


def _edit_and_run(record: Record, client: Airflow, sandbox: Sandbox) -> None:
    console.print("\n[bold]People edit on both sides[/]")
    for sentence in make_edits(sandbox, check.calendar(_TENANT_FILE)):
        console.print(f"  {sentence}", markup=False)
    edited = sandbox.state()
    mails = len(sandbox.mails())
    console.print()
    synchronise(console, client, record)
    show.differences(console, "What calsync carried over", difference(edited, sandbox.state()))
    console.print(f"Mails that Exchange sent because of it: {len(sandbox.mails()) - mails}.")


def _conclude(problems: list[str], seconds: float) -> None:
    if problems:
        for problem in problems:
            console.print(f"[red]✗[/] {problem}")
        raise DemoError(f"The two sides do not agree in {len(problems)} points.")
    console.print(
        f"[green]✓[/] Both sides agree under the field mapping, and a run with nothing to do wrote nothing. "
        f"All in {seconds:.0f} seconds."
    )


def _wait_for_interrupt(session: Session) -> None:
    while not (problem := session.problem()):
        time.sleep(1)
    raise DemoError(problem)


def _running_demo() -> Record:
    record = read(FOLDER)
    if record is None or not record.alive:
        raise DemoError("No demo is running. Start one with `make demo`, in another terminal.")
    if not record.ready:
        raise DemoError("The demo is still starting. Try again when it says where Airflow is.")
    return record


def _sandbox(record: Record) -> Sandbox:
    return Sandbox(record.sandbox_url, record.sandbox_ca)


def main() -> None:
    """Run the command; a DemoError becomes one sentence and exit code 1, Ctrl-C code 130."""
    try:
        app(standalone_mode=False)
    except DemoError as error:
        console.print(str(error), style="red", markup=False)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(128 + signal.SIGINT) from None


if __name__ == "__main__":
    main()
