"""`doctor`: is everything there that a run needs; each line is ok, or the sentence that mends it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from calsync.cli.show import complain, say, show_table

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.stages.check import Check


def doctor(
    tenant: Annotated[str, typer.Argument(help="The tenant's key: its file's name without the ending.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the checks as one JSON list.")] = False,
) -> None:
    """Check connections, permissions, fields, clocks, pools, the state database and accounts; exit 1 if any is bad.

    It writes nothing, neither here nor in the two systems.
    """
    checks = _checks(tenant)
    bad = sum(check.level == "bad" for check in checks)
    if as_json:
        typer.echo(json.dumps([{"name": c.name, "level": c.level, "sentence": c.sentence} for c in checks]))
    else:
        show_table(f"Tenant {tenant}", ("", "What", "Finding"), [(c.level, c.name, c.sentence) for c in checks])
        warned = sum(check.level == "warn" for check in checks)
        (complain if bad else say)(f"{bad} bad, {warned} to look at, {len(checks) - bad - warned} ok.")
    if bad:
        raise typer.Exit(1)


def _checks(key: str) -> list[Check]:
    from calsync.config.load import load_one, tenants_folder
    from calsync.errors import ConfigError
    from calsync.stages.check import Check, Level

    try:
        tenant = load_one(tenants_folder(), key)
    except ConfigError as error:
        return [Check("tenant file", Level.BAD, str(error))]
    return _examined(tenant)


def _examined(tenant: Tenant) -> list[Check]:
    from calsync.pools import airflow_pools
    from calsync.stages.doctor import doctor as examine
    from calsync.stages.doctor import ports_as_they_are

    ports = ports_as_they_are(tenant)
    try:
        return examine(tenant, ports, airflow_pools)
    finally:
        ports.close()
