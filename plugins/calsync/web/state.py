"""What pages read: the state database, the staging folder and the tenants; opened for a request, closed after it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from fastapi import Depends, HTTPException

from calsync.config.load import load_folder, load_one, tenant_files, tenants_folder
from calsync.config.model import Tenant
from calsync.config.values import KEY
from calsync.errors import ConfigError
from calsync.stages.context import Ports
from calsync.stages.ports import open_ports, state_dsn
from calsync.store import open_store
from calsync.store.store import Store

NO_TENANT = "There is no configuration of this key. It may have been deleted; the overview lists those there are."

_Signature = tuple[tuple[str, int, int], ...]


def opened_store() -> Iterator[Store]:
    """The state database for one request; where it cannot be used, the answer is a page that says why."""
    with open_store(state_dsn()) as store:
        yield store


StoreDep = Annotated[Store, Depends(opened_store)]


def all_tenants() -> tuple[list[Tenant], dict[str, ConfigError]]:
    """Every tenant, and by key what is wrong with those whose file cannot be used, as `config.load.load_folder`.

    Read anew when a file came, went or changed.
    """
    folder = tenants_folder()
    if not folder.is_dir():
        return load_folder(folder)
    return _read(folder, tuple((path.name, (stat := path.stat()).st_mtime_ns, stat.st_size) for path in _files(folder)))


def _files(folder: Path) -> list[Path]:
    return [path for path in tenant_files(folder) if path.is_file()]


@lru_cache(maxsize=2)
def _read(folder: Path, signature: _Signature) -> tuple[list[Tenant], dict[str, ConfigError]]:
    return load_folder(folder)


def named_tenant(tenant: str) -> Tenant:
    """The tenant in the path. The route asks first whether the viewer may see it (`access.may_view`).

    :raises ConfigError: its file has problems; a page lists them
    """
    folder = tenants_folder()
    if not KEY.fullmatch(tenant) or not any(path.stem == tenant for path in _files(folder)):
        raise HTTPException(404, NO_TENANT)
    return load_one(folder, tenant)


TenantDep = Annotated[Tenant, Depends(named_tenant)]


def opened_ports(tenant: TenantDep, store: StoreDep) -> Ports:
    """The ports of the tenant in the path, on the request's own store; clients connect when first used."""
    return open_ports(tenant, store=store)


PortsDep = Annotated[Ports, Depends(opened_ports)]


def now() -> datetime:
    """The moment of the request; tests put another in its place."""
    return datetime.now(UTC)


NowDep = Annotated[datetime, Depends(now)]
