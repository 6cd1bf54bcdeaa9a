"""`forget`: erases what is stored of a person, once their authorisation is withdrawn. Nothing is written elsewhere."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from calsync.cli.run import this_run
from calsync.cli.show import complain, say, show_table

if TYPE_CHECKING:
    from calsync.config.model import Tenant
    from calsync.stages.forget import Forgotten


def forget(
    person: Annotated[str, typer.Option("--person", help="An e-mail address of the person; one of them is enough.")],
    tenant: Annotated[str, typer.Argument(help="The tenant's key; none: in every tenant.")] = "",
    name: Annotated[list[str] | None, typer.Option("--name", help="The person's name as it may be written.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for a confirmation.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was erased as one JSON object.")] = False,
) -> None:
    """Erase a person's addresses, names, values in history and own meetings, and all staged files of the tenant.

    What people still have in ShareCRM or Outlook is not touched, and read again when it changes: remove it there first.
    """
    from calsync.config.load import load_folder, load_one, tenants_folder

    tenants = [load_one(tenants_folder(), tenant)] if tenant else load_folder(tenants_folder())[0]
    if not yes and not typer.confirm(f"Erase this person in {', '.join(one.key for one in tenants)}, for good?"):
        say("Nothing was erased.")
        return
    erased = {one.key: _forget(one, person, name or []) for one in tenants}
    if as_json:
        typer.echo(json.dumps({key: asdict(told) for key, told in erased.items()}))
    else:
        _show(erased)


def _forget(tenant: Tenant, person: str, names: list[str]) -> Forgotten:
    from calsync.stages import forget as stage
    from calsync.stages.ports import open_ports

    ports = open_ports(tenant)
    try:
        return stage.forget(tenant, ports, this_run("forget"), person, names)
    finally:
        ports.close()


def _show(erased: dict[str, Forgotten]) -> None:
    columns = (
        "Tenant",
        "Accounts",
        "Contacts",
        "Own meetings",
        "Others' meetings",
        "History",
        "Journal",
        "Run folders",
    )
    rows = [
        (key, e.accounts, e.contacts, e.own_meetings, e.other_meetings, e.history, e.actions, e.folders)
        for key, e in erased.items()
    ]
    show_table("Erased", columns, rows)
    titles = sum(told.titles for told in erased.values())
    if titles:
        complain(
            f"The titles of {titles} meetings of other people name this person. They are those meetings' content: "
            "change them in ShareCRM or Outlook, and repeat this command after the next run."
        )
    say("What ShareCRM and Outlook still show of this person is read again when it changes; see docs/privacy.md.")
