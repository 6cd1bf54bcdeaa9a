"""`db upgrade`, `db version`: the state database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from calsync.cli.show import complain, say

if TYPE_CHECKING:
    from calsync.store.store import Store

app = typer.Typer(no_args_is_help=True, help="The state database: its tables and their version.")


@app.command()
def upgrade() -> None:
    """Create the tables of the state database, or bring them up to date."""
    from calsync import store

    say(f"The state database is at version {store.upgrade(_dsn())}.")


@app.command()
def version() -> None:
    """Say which version the state database has; exit 1 when it has no tables yet."""
    from calsync import store

    found = store.version(_dsn())
    if found is None:
        complain("The state database has no tables yet: run `python -m calsync db upgrade`.")
        raise typer.Exit(1)
    say(f"The state database is at version {found}.")


def opened_store() -> Store:
    """The state database, open; a context manager that closes it."""
    from calsync import store

    return store.open_store(_dsn())


def _dsn() -> str:
    from calsync.connections import find_connection
    from calsync.store.dsn import CONNECTION, dsn_from_connection

    found = find_connection(CONNECTION)
    return dsn_from_connection(found.extra if found else None)
