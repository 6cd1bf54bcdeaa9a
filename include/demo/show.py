"""What the demo prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from demo.difference import Difference
from demo.record import Record
from demo.rest import Airflow

_SIDES = {"crm": "ShareCRM", "outlook": "Outlook"}
_MARKS = {"success": "[green]✓[/]", "failed": "[red]✗[/]", "upstream_failed": "[red]✗[/]", "skipped": "[dim]–[/]"}
_VERBS = ("created", "updated", "deleted")


def follow(console: Console, airflow: Airflow, dag_id: str, run_id: str) -> None:
    """Print each task of the run as it ends, until the run is over."""
    told: set[str] = set()
    with console.status("Waiting for the run to start ...") as status:
        for states in airflow.follow(dag_id, run_id):
            for task in states:
                if task.state in _MARKS and task.task not in told:
                    told.add(task.task)
                    console.print(f"  {_MARKS[task.state]} {task.task:<14} {task.state}")
            running = [task.task for task in states if task.state in {"running", "queued", "scheduled"}]
            status.update(f"Running: {', '.join(running) or 'the scheduler'} ...")


def report(console: Console, found: dict[str, Any]) -> None:
    """A run's report: the sentence, what was written on each side and why, and what was left alone and why."""
    console.print(f"\n[bold]{escape(found['sentence'])}[/]")
    for side, name in _SIDES.items():
        changes = [change for change in found["changes"] if change["side"] == side]
        counts = ", ".join(f"{found['counters'].get(f'{side}_{verb}', 0)} {verb}" for verb in _VERBS)
        rows = [
            (
                change["verb"],
                change["title"],
                change["start"],
                ", ".join(change["fields"]),
                _why(change),
                change["state"],
            )
            for change in changes
        ]
        _print_table(console, f"{name}: {counts}", ("What", "Title", "When", "Fields", "Why", "State"), rows)
    remarks = [(_SIDES.get(one["side"], one["side"]), one["title"], _why(one)) for one in found["remarks"]]
    _print_table(console, "Left alone", ("Side", "Title", "Why"), remarks)


def differences(console: Console, title: str, found: Sequence[Difference]) -> None:
    """What appeared, changed and went, place by place."""
    rows = [(one.place, one.verb, one.title, "\n".join(one.changes)) for one in found]
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
        table.add_row(*(escape(_cut(cell)) for cell in row))
    console.print()
    console.print(table)


def _cut(text: str, limit: int = 400) -> str:
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
