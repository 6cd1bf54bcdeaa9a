"""Tenant files written: text from a `Tenant`, put in place whole, never over a change that nobody has seen."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import tempfile
import unicodedata
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import yaml

from calsync.config.load import ENDINGS
from calsync.config.model import Tenant
from calsync.config.problems import problem
from calsync.errors import ConfigError

_CHANGED: Final = "has changed since it was read here: reload it, and make your change anew"
_THERE: Final = "is there already: choose another key, or edit that configuration"
_GONE: Final = "is not there any more: somebody has removed or renamed it"
_ODD_BREAKS: Final = re.compile("[\x85\u2028\u2029]")
_LONGEST: Final = 50
"""Characters of a key that is made from a name; the rest is for a number behind it."""


def tenant_text(tenant: Tenant) -> str:
    """The tenant's file: its settings in the order of the reference, without those that say what is so anyway."""
    said = _without_empty(tenant.model_dump(mode="json", exclude={"key"}, exclude_defaults=True))
    text: str = yaml.safe_dump(said, sort_keys=False, allow_unicode=True, width=120)
    if _ODD_BREAKS.search(text):  # PyYAML folds the lines that these end, and reads a space in their place
        text = yaml.safe_dump(said, sort_keys=False, width=120)
    return text


def tenant_file(folder: Path, key: str) -> Path:
    """Where the tenant's file is, or would be."""
    named = [folder / f"{key}{ending}" for ending in ENDINGS]
    return next((path for path in named if path.is_file()), named[0])


def version_of(path: Path) -> str:
    """What tells one content of a file from another; "" when there is no file."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""


def has_comments(path: Path) -> bool:
    """Whether a person wrote comments into the file, which writing it anew loses."""
    with suppress(OSError, UnicodeDecodeError):
        return bool(re.search(r"(?m)(^|\s)#", path.read_text(encoding="utf-8")))
    return False


def save_tenant(folder: Path, tenant: Tenant, version: str) -> Path:
    """Write the tenant's file and return where it is. Whoever reads meanwhile sees the old one or the new one.

    :param version: what `version_of` said when the file was read, "" for a file that must not be there yet
    :raises ConfigError: the file is of another version now; nothing was written
    :raises OSError: the folder or the file cannot be written; nothing was written
    """
    path = tenant_file(folder, tenant.key)
    with _alone(folder):
        _unchanged(path, version)
        _replace(path, tenant_text(tenant))
    return path


def retire_tenant(folder: Path, key: str, version: str, now: datetime) -> Path:
    """Put the tenant's file aside, so that there is no such tenant any more, and return where it is kept.

    :param version, now: as `save_tenant` takes it; when that is, for the name it is kept under
    :raises ConfigError, OSError: as `save_tenant`
    """
    path = tenant_file(folder, key)
    kept = path.with_name(f"{path.name}.deleted-{now:%Y%m%dT%H%M%SZ}")
    with _alone(folder):
        _unchanged(path, version)
        path.rename(kept)
    return kept


def key_for(name: str, enterprise: str, folder: Path, reserved: Collection[str] = ()) -> str:
    """A key for a new tenant of this name. It is none that a file of the folder has, or had before it was put aside:
    what is stored is keyed by it, and a new tenant begins with nothing.

    :param reserved: keys that are never given
    """
    taken = {path.name.partition(".")[0] for path in folder.iterdir()} if folder.is_dir() else set()
    stem = _plain(name) or _plain(enterprise) or "calendar"
    keys = (stem if number == 1 else f"{stem}-{number}" for number in range(1, len(taken) + len(reserved) + 2))
    return next(key for key in keys if key not in taken and key not in reserved)


def _plain(text: str) -> str:
    """Small letters, digits and single hyphens; "" where nothing of it is left."""
    ascii_ = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_.lower()).strip("-")[:_LONGEST].strip("-")


def _without_empty(said: dict[str, Any]) -> dict[str, Any]:
    """pydantic keeps a block whose settings are all left out, as an empty one."""
    return {name: value for name, value in said.items() if value != {}}


def _unchanged(path: Path, version: str) -> None:
    now = version_of(path)
    if now != version:
        raise ConfigError([problem(path.name, "", _GONE if not now else _CHANGED if version else _THERE)])


def _replace(path: Path, text: str) -> None:
    """The temporary file begins with ".", so that no reader of the folder takes it for a tenant."""
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One writer at a time, whichever process it is in."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
