"""What the demo prints."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from demo.difference import Difference
from demo.record import Record
from demo.rest import Airflow

_SIDES = {"crm": "ShareCRM", "outlook": "Outlook"}
_MARKS = {
    "success": "[green]✓[/]",
    "failed": "[red]✗[/]",
    "upstream_failed": "[red]✗[/]",
    "up_for_retry": "[yellow]↻[/]",
    "skipped": "[dim]–[/]",
}
_VERBS = ("created", "updated", "deleted")


def follow(console: Console, airflow: Airflow, dag_id: str, run_id: str, before: Collection[str]) -> dict[str, str]:
    """Print the tasks of each run that is not in `before` as they end, until `run_id` and all others are over.

    Returns the runs and their states, in the order in which they ran.
    """
    told: set[tuple[str, ...]] = set()
    order: dict[str, str] = {}
    with console.status("Waiting for the scheduler ...") as status:
        for runs in airflow.follow(dag_id, run_id):
            new = {run: state for run, state in runs.items() if run not in before}
            order |= {run: state for run, state in new.items() if state != "queued"}
            for run in order:
                _tell_tasks(console, airflow, dag_id, run, told)
            status.update(f"Running: {', '.join(run for run, state in new.items() if state == 'running')} ...")
    return order


def _tell_tasks(console: Console, airflow: Airflow, dag_id: str, run: str, told: set[tuple[str, ...]]) -> None:
    if (run,) not in told:
        told.add((run,))
        console.print(f"\n[dim]{run}[/]")
    for task in airflow.tasks(dag_id, run):
        if task.state in _MARKS and (run, task.task, task.state) not in told:
            told.add((run, task.task, task.state))
            console.print(f"  {_MARKS[task.state]} {task.task:<14} {task.state}")


def report(console: Console, found: dict[str, Any], names: Mapping[str, str]) -> None:
    """A run's report: the sentence, what was written on each side and why, and what was left alone and why.

    `names` are titles by id, for what the report names by id only.
    """
    console.print(f"\n[bold]{escape(found['sentence'])}[/]")
    for side, name in _SIDES.items():
        counts = ", ".join(f"{found['counters'].get(f'{side}_{verb}', 0)} {verb}" for verb in _VERBS)
        rows: dict[tuple[str, ...], list[str]] = {}
        for one in found["changes"]:
            if one["side"] == side:
                fields = "" if one["verb"] == "create" else ", ".join(one["fields"])
                row = one["verb"], _cut(one["title"]), _minute(one["start"]), fields, _why(one), one["state"]
                rows.setdefault(row, []).append(one["employee"])
        told = [(*row[:3], ", ".join(dict.fromkeys(people)), *row[3:]) for row, people in rows.items()]
        columns = ("What", "Title", "When (UTC)", "Employees", "Fields", "Why", "State")
        _print_table(console, f"{name}: {counts}", columns, told)
    remarks = [
        (_SIDES.get(one["side"], ""), _cut(names.get(one["id"], one["id"])), _why(one)) for one in found["remarks"]
    ]
    _print_table(console, "Left alone", ("Side", "Title", "Why"), list(dict.fromkeys(remarks)))


def differences(console: Console, title: str, found: Sequence[Difference]) -> None:
    """What appeared, changed and went, place by place."""
    rows = [(one.place, one.verb, _cut(one.title), "\n".join(one.changes)) for one in found]
    _print_table(console, title, ("Where", "What", "Title", "Before → after"), rows)
    if not found:
        console.print(f"{title}: nothing.")


def where(console: Console, record: Record, dag_id: str, run_id: str) -> None:
    """Where to look, and how to log in."""
    lines = Table.grid(padding=(0, 2))
    lines.add_row("Airflow", f"{record.airflow_url}/dags/{dag_id}/runs/{run_id}")
    lines.add_row("", f"user [bold]{record.user}[/], password [bold]{escape(record.password)}[/]")
    lines.add_row("Both calendars", f"{record.sandbox_url}/  (its own certificate: {escape(record.sandbox_ca)})")
    lines.add_row("Edit and run again", "make demo-edit  (in another terminal)")
    lines.add_row("Stop", "Ctrl-C")
    console.print()
    console.print(lines, soft_wrap=True)


def _why(entry: dict[str, Any]) -> str:
    return f"{entry['reason']} ({entry['rule']})" if entry.get("rule") else str(entry["reason"])


def _print_table(console: Console, title: str, columns: Iterable[str], rows: Sequence[Sequence[str]]) -> None:
    if not rows:
        return
    table = Table(title=title, title_justify="left", title_style="bold", header_style="dim", expand=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    console.print()
    console.print(table)


def _minute(moment: str) -> str:
    """An ISO time to the minute; a date as it is."""
    return moment[:16].replace("T", " ")


def _cut(text: str, limit: int = 64) -> str:
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
