"""What runs leave behind is kept as long as the tenant's file says, and what may still be acted on for ever (F6)."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta

import pytest
from pipeline.team import Team
from pipeline.workplace import Workplace

from calsync.core.plan import ActionState
from calsync.stages.context import Counters, Run
from calsync.stages.parked import drop
from calsync.stages.retention import kept_keys, prune


@pytest.fixture
def team(work: Workplace) -> Team:
    work.configure(retention={"staging_days": 2, "history_days": 10})
    return Team.start(work)


def after(team: Team, days: float) -> Counters:
    """What maintenance removes so many days from now."""
    with team.work.at_work() as ports:
        return prune("sandbox", team.work.tenant.retention, ports, ports.now() + timedelta(days=days))


def test_staged_files_and_history_go_when_their_time_is_over(team: Team) -> None:
    team.record("Visit")
    team.settle()
    folders = len(list((team.work.folder / "staging" / "sandbox").iterdir()))

    assert after(team, 1.9) == {"folders": 0, "history": 0, "actions": 0, "runs": 0}
    assert after(team, 2.1)["folders"] == folders
    assert after(team, 9.9)["history"] == 0
    gone = after(team, 10.1)
    assert (gone["history"], gone["actions"]) == (1, 1)
    assert after(team, 10.1) == {"folders": 0, "history": 0, "actions": 0, "runs": 0}


def test_meetings_and_what_is_parked_stay_and_nothing_is_written_again(team: Team) -> None:
    team.record("Visit")
    team.settle()
    team.meeting("Refused", hours=3)
    team.work.box.fault("sharecrm", {"code": 10002}, path="data/create")
    team.work.run()
    writes, mails = len(team.work.writes()), len(team.work.box.mails())

    after(team, 400)

    with team.work.at_work() as ports:
        assert len(ports.store.actions("sandbox", states=[ActionState.PARKED])) == 1
        assert ports.store.first_sync("sandbox") is not None
    team.work.run()
    assert (len(team.work.writes()), len(team.work.box.mails())) == (writes, mails)


def test_what_a_person_dropped_is_not_tried_again_when_retention_ends(team: Team) -> None:
    event = team.meeting("Refused")
    team.work.box.fault("sharecrm", {"code": 10002}, path="data/create")
    team.work.run()
    with team.work.at_work() as ports:
        (row,) = ports.store.actions("sandbox", states=[ActionState.PARKED])
        drop(team.work.tenant, ports, Run("test-drop", "drop", ports.now(), "test:drop"), [row.action.id], "ops")
    team.work.box.clear_faults()
    team.work.run()

    after(team, 400)
    team.work.configure(conflicts="crm")  # every meeting is looked at again
    team.work.run()

    assert team.work.records() == []
    team.outlook().rename(event, "Changed")
    team.settle()
    assert [record["content"] for record in team.work.records()] == ["Changed"]


def test_a_tenant_whose_file_is_gone_is_found_by_what_is_kept_of_it(team: Team) -> None:
    """The staged files of another one, of which nothing is stored, are found too; what is no run's is left alone."""
    staged = team.work.folder / "staging"
    shutil.copytree(staged / "sandbox", staged / "dry-runs-only")
    for other in ("reports/2026/sales.json", "Lost+Found/run/stage-load.json", "notes.txt"):
        (staged / other).parent.mkdir(parents=True, exist_ok=True)
        (staged / other).write_text("{}")
    (team.work.folder / "sandbox.yaml").rename(team.work.folder / "sandbox.yaml.deleted-20261123T080000Z")

    with team.work.at_work() as ports:
        assert kept_keys(ports) == ["dry-runs-only", "sandbox"]


def test_every_run_removes_the_folders_of_old_ones(team: Team) -> None:
    (old,) = list((team.work.folder / "staging" / "sandbox").iterdir())[:1]
    long_ago = old.stat().st_mtime - timedelta(days=3).total_seconds()
    os.utime(old, (long_ago, long_ago))

    team.record("Visit")
    team.work.run()

    assert not old.exists()
