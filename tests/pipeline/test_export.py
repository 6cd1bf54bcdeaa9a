"""What people take with them of a run: its report as CSV and JSON, and its staged files, read with pandas."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from store.values import some_action

from calsync.stages.export import COLUMNS, Narrow, as_csv, as_json
from calsync.staging import Staging


def change(**said: Any) -> dict[str, Any]:
    whole = {"side": "outlook", "verb": "update", "title": "Visit", "start": "2026-11-24T09:00:00+00:00", "link": "L1",
             "employee": "1001", "values": [], "rule": "C5", "reason": "changed", "mails": 0, "state": "done",
             "sentence": ""}  # fmt: skip
    return whole | said


def table(*changes: dict[str, Any]) -> list[dict[str, str]]:
    read = pd.read_csv(io.BytesIO(as_csv({"changes": list(changes)})), dtype=str, keep_default_na=False)
    found: list[dict[str, str]] = read.to_dict(orient="records")
    return found


def test_a_change_is_a_line_with_its_values_old_and_new() -> None:
    values = [
        {"field": "title", "old": "Visit", "new": "Visit, moved"},
        {"field": "people", "added": ["1002"], "removed": ["c:9"]},
    ]
    (line,) = table(change(values=values))
    assert list(line) == list(COLUMNS)
    assert line["changes"] == "title: Visit -> Visit, moved; people +1002 -c:9"
    assert (line["title"], line["mails"]) == ("Visit", "0")


@pytest.mark.parametrize("title", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", '=HYPERLINK("http://x","y")'])
def test_no_cell_is_a_formula(title: str) -> None:
    assert table(change(title=title))[0]["title"] == f"'{title}"


def test_a_report_without_changes_has_its_heading() -> None:
    assert as_csv({}).decode("utf-8-sig").split() == [",".join(COLUMNS)]


def test_json_is_the_report() -> None:
    told = {"tenant": "berlin", "changes": [change(title="Müller")]}
    assert json.loads(as_json(told)) == told


CHANGES = [
    change(link="a", side="crm", employee="1002"),
    change(link="b", verb="create", state="held", rule="E2"),
    change(link="c", verb="create", employee=None),
]


@pytest.mark.parametrize(
    ("narrow", "links"),
    [
        (Narrow(), "abc"),
        (Narrow(side="crm"), "a"),
        (Narrow(verb="create", state="held"), "b"),
        (Narrow(rule="C5"), "ac"),
        (Narrow(employee=2), "a"),
        (Narrow(employee=9), "abc"),
        (Narrow(rows=2, page=2), "c"),
        (Narrow(rows=2, page=9), "c"),
        (Narrow(state="parked"), ""),
    ],
)
def test_changes_are_narrowed_and_cut_into_pages(narrow: Narrow, links: str) -> None:
    told = narrow({"tenant": "berlin", "changes": CHANGES})
    assert "".join(one["link"] for one in told["changes"]) == links
    assert told["total"] == 3
    assert told["choices"] == {
        "side": ["crm", "outlook"],
        "verb": ["create", "update"],
        "state": ["done", "held"],
        "rule": ["C5", "E2"],
        "employee": ["1001", "1002"],
    }


def test_a_person_reads_staged_files_with_pandas(tmp_path: Path) -> None:
    staging = Staging(tmp_path)
    staging.write_rows("berlin", "r1", "actions", [some_action("A1"), some_action("A2", "L2")])
    frame = pd.read_parquet(staging.folder("berlin", "r1") / "actions.parquet")
    assert frame[["id", "link", "verb", "title"]].to_dict(orient="list") == {
        "id": ["A1", "A2"],
        "link": ["L1", "L2"],
        "verb": ["update", "update"],
        "title": ["Angebot für Müller 🎉 'drop table'"] * 2,
    }
