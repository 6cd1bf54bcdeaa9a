"""The command line's frame. Exit codes: 0 fine, 1 a problem was found, 2 the command was not understood."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from calsync.cli import (
    accounts,
    choose,
    cleanup,
    configuration,
    database,
    doctor,
    explain,
    forget,
    held,
    parked,
    run,
    undo,
)
from calsync.cli.show import complain
from calsync.errors import CalsyncError


class _Commands(TyperGroup):
    """Tells our own errors in their sentence."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except CalsyncError as error:
            if ctx.params.get("debug"):
                raise
            complain(str(error))
            raise typer.Exit(1) from None


app = typer.Typer(
    name="calsync",
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(database.app, name="db")
app.add_typer(accounts.app, name="accounts")
app.add_typer(parked.app, name="parked")
app.command()(run.run)
app.command()(run.status)
app.command()(explain.explain)
app.command()(choose.choose)
app.command()(held.held)
app.command()(cleanup.cleanup)
app.command()(undo.undo)
app.command()(doctor.doctor)
app.command()(forget.forget)
app.command()(configuration.validate)
app.command()(configuration.schema)
app.command()(configuration.docs)


@app.callback()
def calsync(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Keep ShareCRM and Outlook calendars the same."""


def main() -> None:
    """What `python -m calsync` does. An error that is not ours is a bug; its text may quote a title or an address."""
    try:
        app(prog_name="python -m calsync")
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        complain(f"An unexpected {type(error).__name__} stopped the command; run it with --debug to see where.")
        sys.exit(1)
