"""A disk that is full: the run ends with a sentence, and no file is there by half."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from calsync.errors import StagingUnusable, Transient
from calsync.staging import Staging


def test_a_file_that_finds_no_room_is_not_there_by_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    staging = Staging(tmp_path)
    staging.write_json("sales", "run", "facts", {"old": 1})

    def full(path: Path, content: bytes) -> Any:
        with path.open("wb") as file:
            file.write(content[:3])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StagingUnusable, match=r"No space left on device.*CALSYNC_STAGING") as caught:
        staging.write_json("sales", "run", "facts", {"new": 2})
    assert isinstance(caught.value, Transient)
    assert staging.read_json("sales", "run", "facts") == {"old": 1}
    assert [path.name for path in staging.folder("sales", "run").iterdir()] == ["facts.json"]
