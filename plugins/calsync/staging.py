"""The files between the stages: one folder a run, Parquet that a person can read with pandas, a report in JSON.

They are written and read as Arrow tables: with a few rows pandas takes ten times as long, and a second to start.

The root is a local path, or the URL of an object store (`abfs://...`), which Airflow's ObjectStoragePath opens. Local
folders are readable by the service's user alone (RULES F6); a run's id is quoted into its folder's name. A file is
there whole or not at all. Reads and writes raise StagingUnusable where the disk, or the store, fails.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from calsync.config.values import KEY
from calsync.core.codec import from_json, to_json
from calsync.errors import ConfigError, StagingUnusable

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

T = TypeVar("T")

VALUE = "value"
"""The column that holds the whole row as JSON; the others are for people and for joins."""

MANY = 10_000
"""Rows from which reading a file with threads is worth starting them."""


def default_root() -> str:
    """Where staged files go: CALSYNC_STAGING, else beside Airflow's home, else beside the repository."""
    if given := os.environ.get("CALSYNC_STAGING"):
        return given
    home = os.environ.get("AIRFLOW_HOME")
    beside = Path(home).expanduser() / "calsync-staging" if home else None
    return str(beside or Path(__file__).resolve().parents[2] / ".calsync" / "staging")


class Staging:
    """Reads and writes the run folders below `root`."""

    def __init__(self, root: str | Path) -> None:
        self.root = _open(str(root))

    def folder(self, tenant: str, run: str) -> Any:
        """The folder of one run: a pathlib.Path, or what looks like one."""
        return self.root / tenant / quote(run, safe="-_.+")

    def write_rows(self, tenant: str, run: str, name: str, rows: Sequence[Any]) -> int:
        """Write frozen values as `<name>.parquet`; how many there were. An empty list still writes the file."""
        content = _parquet(_table([_readable(row) for row in rows])) if rows else _no_rows()
        self._write(tenant, run, f"{name}.parquet", content)
        return len(rows)

    def frame(self, tenant: str, run: str, name: str, only: Sequence[str] | None = None) -> pa.Table:
        """The table of `<name>.parquet` and of its parts `<name>-<n>.parquet`, an empty one when there is none.

        :param only: the columns to read, all by default; an empty table has the column VALUE alone
        """
        import pyarrow as pa

        columns = list(only) if only is not None else None
        files = self._files(tenant, run, name)
        full = [file.read(columns, use_threads=file.metadata.num_rows >= MANY) for file in files]
        return pa.concat_tables(full, promote_options="default") if full else _no_table()

    def count(self, tenant: str, run: str, name: str) -> int:
        """How many rows `frame` has."""
        return sum(file.metadata.num_rows for file in self._files(tenant, run, name))

    def read_rows(self, kind: type[T], tenant: str, run: str, name: str) -> list[T]:
        """The values that `write_rows` wrote, of all parts."""
        return values(kind, self.frame(tenant, run, name, only=[VALUE]))

    def _files(self, tenant: str, run: str, name: str) -> list[ParquetFile]:
        """Those that have rows: most files of a quiet run have none."""
        import pyarrow as pa
        from pyarrow.parquet import ParquetFile

        with _usable():
            parts = self._parts(tenant, run, name, ".parquet")
            files = [ParquetFile(pa.BufferReader(path.read_bytes())) for path in parts]
        return [file for file in files if file.metadata.num_rows]

    def write_json(self, tenant: str, run: str, name: str, value: Any) -> None:
        """Write `<name>.json`."""
        self._write(tenant, run, f"{name}.json", json.dumps(value, ensure_ascii=False, default=str).encode())

    def read_json(self, tenant: str, run: str, name: str) -> Any:
        """What `write_json` wrote, None when it did not."""
        path = self.folder(tenant, run) / f"{name}.json"
        with _usable():
            return json.loads(path.read_bytes()) if path.exists() else None

    def read_parts(self, tenant: str, run: str, name: str) -> list[Any]:
        """The contents of `<name>.json` and `<name>-<n>.json`, those there are."""
        with _usable():
            return [json.loads(path.read_bytes()) for path in self._parts(tenant, run, name, ".json")]

    def tenants(self, known: Collection[str]) -> list[str]:
        """The tenants of which runs are staged, besides those that are `known` already.

        Whoever set the root up may keep other things there: a folder counts when a run has left its note in it.
        """
        with _usable():
            others = [top for top in _listed(self.root) if top.name not in known and KEY.fullmatch(top.name)]
            return sorted(top.name for top in others if top.is_dir() and any(map(_is_run, _listed(top))))

    def runs(self, tenant: str) -> int:
        """How many run folders there are."""
        with _usable():
            return len(_listed(self.root / tenant))

    def prune(self, tenant: str, before: datetime) -> int:
        """Remove run folders last written before `before` (aware); how many."""
        removed = 0
        with _usable():
            for folder in _listed(self.root / tenant):
                if folder.stat().st_mtime < before.timestamp():
                    shutil.rmtree(folder) if isinstance(folder, Path) else folder.rmdir(recursive=True)
                    removed += 1
        return removed

    def _parts(self, tenant: str, run: str, name: str, ending: str) -> list[Any]:
        folder = self.folder(tenant, run)
        return sorted(p for p in folder.iterdir() if _is_part(p.name, name, ending)) if folder.exists() else []

    def _write(self, tenant: str, run: str, file: str, content: bytes) -> None:
        """Whole or not at all: an object store does so by itself, a disk by a name that nobody reads."""
        path = self._place(tenant, run) / file
        with _usable():
            if not isinstance(path, Path):
                path.write_bytes(content)
                return
            unfinished = path.with_name(f".{file}")
            try:
                unfinished.write_bytes(content)
                _only_ours(unfinished, 0o600)
                unfinished.replace(path)
            except OSError:
                unfinished.unlink(missing_ok=True)
                raise

    def _place(self, tenant: str, run: str) -> Any:
        folder = self.folder(tenant, run)
        if not folder.exists():
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError:
                what = f"CALSYNC_STAGING: {folder} cannot be made: name a folder this user may write in"
                raise ConfigError([what]) from None
            for part in (self.root, self.root / tenant, folder):
                _only_ours(part, 0o700)
        return folder


@contextmanager
def _usable() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StagingUnusable(
            f"A staged file cannot be written or read ({error.strerror or type(error).__name__}): see that the "
            "place CALSYNC_STAGING names has room and answers. Nothing is lost: the next run reads the same anew."
        ) from None


def values(kind: type[T], table: pa.Table) -> list[T]:
    """The values in a table's VALUE column."""
    return [from_json(kind, text) for text in table[VALUE].to_pylist()]


def _parquet(table: pa.Table) -> bytes:
    import pyarrow as pa
    from pyarrow.parquet import write_table

    buffer = pa.BufferOutputStream()
    write_table(table, buffer)
    return bytes(buffer.getvalue().to_pybytes())


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    """Every column that any row has; null where a row has none."""
    import pyarrow as pa

    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table({name: [row.get(name) for row in rows] for name in names})


def _no_table() -> pa.Table:
    import pyarrow as pa

    return pa.table({VALUE: pa.array([], pa.string())})


@cache
def _no_rows() -> bytes:
    """The file of no rows, which a run writes many times."""
    return _parquet(_no_table())


def _open(root: str) -> Any:
    if "://" not in root or root.startswith("file://"):
        return Path(root.removeprefix("file://")).expanduser().resolve()
    from airflow.sdk import ObjectStoragePath

    return ObjectStoragePath(root)


def _listed(folder: Any) -> list[Any]:
    return list(folder.iterdir()) if folder.exists() else []


def _is_run(folder: Any) -> bool:
    """Whether a folder is a run's: every stage leaves a note of how it went."""
    return folder.is_dir() and any(
        file.name.startswith("stage-") and file.suffix == ".json" for file in _listed(folder)
    )


def _only_ours(path: Any, mode: int) -> None:
    if isinstance(path, Path):
        path.chmod(mode)


def _is_part(file: str, name: str, ending: str) -> bool:
    stem = file.removesuffix(ending)
    return file.endswith(ending) and (stem == name or (stem.startswith(f"{name}-") and stem[len(name) + 1 :].isdigit()))


def _readable(row: Any) -> dict[str, Any]:
    """A row's plain fields as columns, its event's title and times among them, and the whole of it as JSON."""
    columns = {f.name: _cell(getattr(row, f.name)) for f in fields(row)}
    plain = {name: cell for name, cell in columns.items() if cell is not None}
    if event := getattr(row, "event", None):
        plain |= {"title": event.title, "start": str(event.time.start), "end": str(event.time.end)}
    return {**plain, VALUE: to_json(row)}


def _cell(value: Any) -> str | int | bool | None:
    if isinstance(value, str | bool | int):
        return value
    return str(value) if isinstance(value, datetime) else None
