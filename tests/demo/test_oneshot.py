"""The README's first command, whole: on SQLite, as on every machine that has nothing but Python."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from demo import __main__ as demo


@pytest.mark.airflow
def test_both_sides_agree_after_edits_and_a_quiet_run_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "FOLDER", tmp_path / "demo")
    done = CliRunner().invoke(demo.app, ["--oneshot"], catch_exceptions=False)
    assert done.exit_code == 0
    assert "Both sides agree under the field mapping, and a run with nothing to do wrote nothing." in done.stdout
    assert not (tmp_path / "demo" / "state.json").exists(), "the demo is over"
