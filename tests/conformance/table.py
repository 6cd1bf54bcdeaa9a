"""`make conformance`: runs the suite, prints it as a table, and writes docs/conformance.md from it."""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path

import pytest
from conformance.behaviour import RULES, Row, suite
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "docs" / "conformance.md"


class Results:
    """A pytest plugin that gathers what became of each scenario, over all workers."""

    def __init__(self) -> None:
        self.failed: dict[str, bool] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        scenario = "::".join(Path(report.nodeid.partition("[")[0].replace("::", "/")).parts[-2:]).replace(".py", "")
        self.failed[scenario] = self.failed.get(scenario, False) or report.failed

    def mark(self, row: Row) -> str:
        if row.scenario not in self.failed:
            return "not run"
        return "[red]FAILED[/red]" if self.failed[row.scenario] else "[green]ok[/green]"


def as_table(rows: list[Row], results: Results) -> Table:
    table = Table("Rules", "Behaviour", "", title=f"{len(rows)} behaviours")
    for chapter, behaviours in groupby(rows, lambda row: row.chapter):
        table.add_section()
        table.add_row("", f"[bold]{chapter}[/bold]", "")
        for row in behaviours:
            table.add_row(" ".join(row.rules), row.says, results.mark(row))
    return table


def as_markdown(rows: list[Row]) -> str:
    """The published table: by chapter, and which behaviours show each rule."""
    lines = [
        "# Conformance",
        "",
        "What calsync promises, behaviour by behaviour. Each line is one scenario of `tests/conformance/`, run through",
        "the whole pipeline against the sandbox. It asserts the state of both sides, the mails sent (equal to the",
        "plan's prediction), the writes made, and that three more runs write nothing. `make conformance` runs the",
        "suite and writes this page.",
        "",
        f"{len(rows)} behaviours; every rule from {RULES[0]} to {RULES[-1]} is among them.",
    ]
    for chapter, behaviours in groupby(rows, lambda row: row.chapter):
        lines += ["", f"## {chapter}", "", "| Rules | Behaviour |", "|---|---|"]
        lines += [f"| {' '.join(row.rules)} | {row.says} |" for row in behaviours]
    return "\n".join(lines) + "\n"


def main() -> int:
    results = Results()
    DOCUMENT.write_text(as_markdown(suite()), encoding="utf-8")
    code = pytest.main([str(HERE), "-n", "2", "--dist", "load", *sys.argv[1:]], plugins=[results])
    Console().print(as_table(suite(), results))
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
