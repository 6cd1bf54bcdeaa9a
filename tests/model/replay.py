"""A story again from its script, and a failing script made as short as it can be.

`python tests/model/replay.py FILE [--reduce]` plays the lines `state.…(…)` of a file, or of standard input with "-".
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

from model.machine import Calendars
from model.story import Stage, kind_of

from sandbox.client import Sandbox
from sandbox.server import Server


def script_of(text: str) -> list[str]:
    """The steps among the lines of a failure's report, of the last script in it; its end is left out."""
    lines = [line.strip() for line in text.splitlines()]
    steps: list[str] = []
    for line in lines:
        if line == "state = Calendars()":
            steps = []
        elif line.startswith("state.") and line != "state.teardown()":
            steps.append(line)
    return steps


def replay(steps: list[str]) -> Exception | None:
    """Play the steps and let the dust settle; how it failed. The stage must be set (`Calendars.stage`)."""
    state = Calendars()
    try:
        for step in steps:
            exec(step, {"state": state})  # a script is code that somebody pasted here
        state.story.settle()
    except Exception as error:
        return error
    finally:
        state.story.close()
    return None


def reduced(steps: list[str], kind: str) -> list[str]:
    """The steps without those that the failure of this kind does not need."""
    at = len(steps) - 1
    while at > 0:
        fewer = steps[:at] + steps[at + 1 :]
        error = replay(fewer)
        if error is not None and kind_of(error) == kind:
            steps = fewer
        at -= 1
    return steps


def main() -> int:
    said = argparse.ArgumentParser(description=__doc__)
    said.add_argument("file")
    said.add_argument("--reduce", action="store_true", help="leave out what the failure does not need")
    asked = said.parse_args()
    text = sys.stdin.read() if asked.file == "-" else Path(asked.file).read_text(encoding="utf-8")
    steps = script_of(text)
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server, Sandbox(server.url, server.ca) as box:
        Calendars.stage = Stage(box, server)
        error = replay(steps)
        if error is not None and asked.reduce:
            print("\n".join(reduced(steps, kind_of(error))))
        if error is not None:
            raise error
    print("Nothing failed.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
