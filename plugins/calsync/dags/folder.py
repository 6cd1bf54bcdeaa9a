"""From a folder of tenant files to the DAGs of one kind, whatever is wrong with some of the files.

A process that runs a task reads that task's own tenant only. What comes out depends on the files alone, in their order,
since a DAG that differs from parse to parse becomes a new version each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from airflow.sdk import DAG, get_parsing_context

from calsync.config.load import load_folder, load_one, tenants_folder
from calsync.dags.placeholder import CONFIG_ERROR, placeholder_id
from calsync.errors import ConfigError
from calsync.naming import DagKind, kind_of, tenant_of

if TYPE_CHECKING:
    from calsync.config.model import Tenant

    Found = Tenant | ConfigError
    """A tenant, or why its file cannot be used."""

    Build = Callable[[str, Found], DAG]
    """Makes the DAG of a tenant key."""


def dags_of(kind: DagKind, build: Build, folder: Path | None = None) -> dict[str, DAG]:
    """The DAGs of this kind by their ids, one for each tenant file; of one tenant only where Airflow asks for one.

    folder: default `calsync.config.load.tenants_folder()`.

    :raises ConfigError: there is no such folder
    """
    return {dag.dag_id: dag for dag in _dags(kind, build, folder or tenants_folder())}


def _dags(kind: DagKind, build: Build, folder: Path) -> Iterator[DAG]:
    wanted = get_parsing_context()
    if wanted.dag_id is not None and kind_of(wanted.dag_id) is not kind:
        return
    if wanted.dag_id is None or wanted.task_id == CONFIG_ERROR:
        # Only the whole folder shows what is wrong between files, which a placeholder's task has to say.
        tenants, errors = load_folder(folder)
        found: dict[str, Found] = {tenant.key: tenant for tenant in tenants}
        found.update(errors)
        for key in sorted(found):
            if wanted.dag_id in (None, placeholder_id(key, kind)):
                yield build(key, found[key])
    else:
        key = tenant_of(wanted.dag_id) or ""
        yield build(key, _one(folder, key))


def _one(folder: Path, key: str) -> Found:
    try:
        return load_one(folder, key)
    except ConfigError as error:
        return error
