"""Stories by chance over the live sandbox and the whole pipeline, against a simple model (README.md)."""

from __future__ import annotations

from hypothesis.stateful import run_state_machine_as_test
from model.machine import Calendars, generating
from model.story import Stage

from sandbox.client import Sandbox
from sandbox.server import Server

STORIES, STEPS = 50, 4


def test_whatever_people_do_both_calendars_come_to_agree(box: Sandbox, server: Server, record_property: object) -> None:
    stage = Calendars.stage = Stage(box, server)
    settings = generating(STORIES, STEPS, derandomize=True, print_blob=True)
    run_state_machine_as_test(Calendars, settings=settings)
    tally = stage.tally
    print(f"{tally.stories} stories, {tally.acts} acts, {tally.runs} runs")
    assert tally.stories >= STORIES
    assert tally.acts >= STEPS * tally.stories
