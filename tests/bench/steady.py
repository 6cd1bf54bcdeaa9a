"""What a first sync and a quiet run of a crowd cost: seconds, requests, writes.

    python tests/bench/steady.py [--mailboxes 100] [--events 200]

The sandbox runs in a process of its own, as a service would. ShareCRM's limit of calls in 20 seconds is lifted, on both
ends: with it a first sync of 20,000 meetings waits for over an hour, whatever the software does.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY / folder) for folder in ("tests", "plugins", "include")]

from pipeline.workplace import Workplace  # noqa: E402 - found through the line above

from calsync.sharecrm.client import CrmClient  # noqa: E402
from calsync.stages.context import Ports  # noqa: E402
from sandbox.client import Sandbox  # noqa: E402


@dataclass(frozen=True)
class Service:
    """A sandbox in another process: what `Workplace` needs to know of it."""

    info: dict[str, Any]


class Unhurried(Workplace):
    """A workplace whose ShareCRM sets no pace."""

    def ports(self) -> Ports:
        ports = super().ports()
        settings = ports.crm_settings
        ports.crm = lambda: CrmClient(replace(settings(), calls_per_20s=10**6), here=self.now)
        return ports


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--mailboxes", type=int, default=100)
    parser.add_argument("--events", type=int, default=200)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "sandbox", "--dir", f"{folder}/sandbox"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY / "include") as process:
            try:
                assert process.stdout is not None
                info = json.loads(process.stdout.readline())
                with Sandbox(info["url"], info["ca"]) as box:
                    measure(box, Service(info), Path(folder), wanted.mailboxes, wanted.events)
            finally:
                process.terminate()


def measure(box: Sandbox, service: Any, folder: Path, mailboxes: int, events: int) -> None:
    box.reset({"size": {"mailboxes": mailboxes, "events_each": events}})
    box.set_limits(requests_per_window=None)
    work = Unhurried.open(box, service, folder)
    work.authorise()
    table = Table(title=f"{mailboxes} mailboxes, {events} events each")
    for heading in ("Run", "Seconds", "Graph calls", "ShareCRM calls", "Writes", "Stages"):
        table.add_column(heading, justify="left" if heading in ("Run", "Stages") else "right")
    for name in ("first", "second", "third, ten minutes later"):
        since, written, began = newest(box), len(work.writes()), time.perf_counter()
        work.run()
        seconds = time.perf_counter() - began
        calls = Counter(request["system"] for request in box.requests(since))
        stages = ", ".join(f"{stage} {told.get('seconds', 0):.1f}" for stage, told in work.report()["stages"].items())
        figures = (calls["graph"], calls["sharecrm"], len(work.writes()) - written)
        table.add_row(name, f"{seconds:.1f}", *map(str, figures), stages)
        if name == "second":
            box.set_clock(advance_s=600)
            work.late += type(work.late)(minutes=10)
    Console().print(table)


def newest(box: Sandbox) -> int:
    return max((entry["n"] for entry in box.requests()), default=0)


if __name__ == "__main__":
    main()
