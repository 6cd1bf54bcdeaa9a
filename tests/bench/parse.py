"""What parsing costs: each DAG file with a folder of many tenants, one task's share of it, and a bare DAG file.

    python tests/bench/parse.py [--tenants 1000]

Every measurement is a Python process of its own. Airflow's own import is paid by all of them and shown apart, since a
worker has done it before it comes to the file. Airflow parses each file in a process of its own, two at a time by
default.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import yaml
from rich.console import Console
from rich.table import Table

REPOSITORY = Path(__file__).resolve().parents[2]
DAGS = REPOSITORY / "dags"
SYNC = DAGS / "calendar_sync.py"

BARE = """
from airflow.sdk import DAG, BaseOperator

with DAG("bare") as dag:
    tasks = [BaseOperator(task_id=f"task_{number}") for number in range(6)]
    for before, after in zip(tasks, tasks[1:]):
        before >> after
"""

MEASURE = """
import json, runpy, sys, time
start = time.process_time()
import airflow.sdk
airflow.sdk.DAG, airflow.sdk.BaseOperator
imported = time.process_time()
found = runpy.run_path(sys.argv[1])
parsed = time.process_time()
dags = [value for value in found.values() if isinstance(value, airflow.sdk.DAG)]
print(json.dumps({
    "import_s": imported - start,
    "parse_s": parsed - imported,
    "dags": len(dags),
    "tasks": sum(len(dag.tasks) for dag in dags),
}))
"""


@dataclass(frozen=True)
class Parse:
    """One parse: CPU seconds for importing Airflow, CPU seconds for the file, what came out."""

    import_s: float
    parse_s: float
    dags: int
    tasks: int


def write_tenants(folder: Path, count: int) -> None:
    """`count` valid tenant files."""
    for number in range(count):
        tenant = {
            "name": f"Tenant {number}",
            "installation": "bench",
            "enterprise": f"ea{number}",
            "microsoft_tenant": f"00000000-0000-4000-8000-{number:012d}",
            "time_zone": "Europe/Berlin",
            "connections": {"crm": f"crm_{number}", "graph": f"graph_{number}"},
        }
        (folder / f"tenant-{number:04d}.yaml").write_text(yaml.safe_dump(tenant), encoding="utf-8")


def parse(file: Path, env: dict[str, str]) -> Parse:
    """Parse `file` in a process of its own, twice; the second counts, when everything is in the file cache."""
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, str(file)], env=os.environ | env, capture_output=True, text=True, check=True
        )
    return Parse(**json.loads(done.stdout.strip().splitlines()[-1]))


def measure(count: int) -> dict[str, Parse]:
    """The parses by the name they are shown with."""
    with tempfile.TemporaryDirectory(prefix="calsync-bench-") as folder:
        root = Path(folder)
        bare, tenants = root / "bare.py", root / "tenants"
        bare.write_text(BARE, encoding="utf-8")
        tenants.mkdir()
        write_tenants(tenants, count)
        env = {"AIRFLOW_HOME": str(root / "airflow"), "CALSYNC_TENANTS": str(tenants)}
        one = {
            "_AIRFLOW_PARSING_CONTEXT_DAG_ID": f"calendar_sync__tenant-{count // 2:04d}",
            "_AIRFLOW_PARSING_CONTEXT_TASK_ID": "diff",
        }
        return {
            "a bare DAG file": parse(bare, env),
            "one task of one tenant": parse(SYNC, env | one),
            **{f"{file.stem}, {count:,} tenants": parse(file, env) for file in sorted(DAGS.glob("*.py"))},
        }


def show(parses: dict[str, Parse]) -> Table:
    """The table: seconds, and how many times a bare file each parse costs."""
    table = Table(
        title="Parsing DAG files", caption="CPU time. import: airflow.sdk alone; parse: the DAG file after it"
    )
    table.add_column("parsed")
    for column in ("DAGs", "tasks", "import", "parse", "each DAG", "× bare file"):
        table.add_column(column, justify="right")
    bare = next(iter(parses.values()))
    files = {name: one for name, one in parses.items() if name.startswith(SYNC.stem)}
    sync = next(iter(files.values()))
    for name, one in parses.items():
        table.add_row(
            name,
            f"{one.dags:,}",
            f"{one.tasks:,}",
            f"{one.import_s:.2f} s",
            f"{one.parse_s:.3f} s",
            f"{one.parse_s / max(one.dags, 1) * 1000:.1f} ms",
            f"{one.parse_s / bare.parse_s:.1f}",
        )
    total = sum(one.parse_s for one in files.values())
    table.add_section()
    table.add_row("all files", "", "", "", f"{total:.3f} s", f"× {total / sync.parse_s:.1f} the first", "")
    return table


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description="Measure what parsing the DAG files costs.")
    arguments.add_argument("--tenants", type=int, default=1000, help="tenant files in the folder (default: 1000)")
    Console(width=100).print(show(measure(arguments.parse_args().tenants)))


if __name__ == "__main__":
    main()
