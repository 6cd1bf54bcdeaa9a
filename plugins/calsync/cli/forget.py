"""`forget`: erases what is stored of a person, once their authorisation is withdrawn. Nothing is written elsewhere."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from calsync.cli.run import this_run
from calsync.cli.show import complain, say, show_table

if TYPE_CHECKING:
    from calsync.errors import CalsyncError
    from calsync.stages.context import Ports
    from calsync.stages.forget import Forgotten


def forget(
    person: Annotated[str, typer.Option("--person", help="An e-mail address of the person; one of them is enough.")],
    tenant: Annotated[str, typer.Argument(help="The tenant's key; none: in every tenant.")] = "",
    name: Annotated[list[str] | None, typer.Option("--name", help="The person's name as it may be written.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for a confirmation.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object; asks nothing, and without --yes it only shows.")
    ] = False,
) -> None:
    """Erase a person's addresses, names, values in history and own meetings, and all staged files of the tenant.

    It goes by what is stored, so also through tenants whose file cannot be used or is gone. What people still have in
    ShareCRM or Outlook is not touched, and read again when it changes: remove it there first.
    """
    from calsync.stages.forget import stored_in, would_erase
    from calsync.stages.ports import open_kept

    names = name or []
    ports = open_kept()
    try:
        keys, without_file = _tenants(ports, tenant)
        found = stored_in(keys, ports, person, names, without_file)
        told = {key: would_erase(key, ports, stored) for key, stored in found.items()}
        if not yes and (as_json or not _wanted(told, without_file)):
            _end(told, {}, {}, as_json=as_json)
            return
        erased, failed = _erase(ports, keys, person, names, without_file)
    finally:
        ports.close()
    _end(told, erased, failed, as_json=as_json)
    if failed:
        raise typer.Exit(1)


def _tenants(ports: Ports, key: str) -> tuple[list[str], set[str]]:
    """The keys to go through, and which of them have no file: whether a file can be used makes no difference here.

    :param key: of the one tenant that is meant, "" for all
    """
    from calsync.config.load import load_folder, tenants_folder
    from calsync.errors import ConfigError
    from calsync.stages.retention import kept_keys

    tenants, broken = load_folder(tenants_folder())
    with_file = {tenant.key for tenant in tenants} | broken.keys()
    known = with_file | set(kept_keys(ports))
    if key and key not in known:
        raise ConfigError([f"{key}: there is no tenant of this key, and nothing is stored under it: correct the key"])
    return [key] if key else sorted(known), known - with_file


def _wanted(told: Mapping[str, Forgotten], without_file: Collection[str]) -> bool:
    """Whether a person says so, who has seen what would go."""
    _table("Would be erased", told)
    where = (f"{key} (which has no file any more)" if key in without_file else key for key in told)
    return typer.confirm(f"Erase this person in {', '.join(where)}, for good?")


def _erase(
    ports: Ports, keys: Collection[str], person: str, names: Collection[str], without_file: Collection[str]
) -> tuple[dict[str, Forgotten], dict[str, CalsyncError]]:
    """Erase in one tenant after the other; a trouble with one of them stops nobody and is told at the end."""
    from calsync.errors import CalsyncError
    from calsync.stages import forget as stage

    run = this_run("forget")
    erased: dict[str, Forgotten] = {}
    failed: dict[str, CalsyncError] = {}
    for key in keys:
        try:
            erased[key] = stage.forget(key, ports, run, person, names, has_file=key not in without_file)
        except CalsyncError as error:
            failed[key] = error
    return erased, failed


def _end(
    told: Mapping[str, Forgotten],
    erased: Mapping[str, Forgotten],
    failed: Mapping[str, CalsyncError],
    *,
    as_json: bool,
) -> None:
    """What was erased in each tenant, or would be, and where it could not be carried out."""
    if as_json:
        each = {key: {**asdict(erased.get(key, told[key])), "done": key in erased} for key in told}
        typer.echo(json.dumps(each))
    elif erased:
        _show(erased)
    else:
        say("Nothing was erased.")
    for key, error in failed.items():
        complain(f"{key}: the person is not forgotten there yet; repeat this command. {error}")


def _show(erased: Mapping[str, Forgotten]) -> None:
    _table("Erased", erased)
    titles = sum(told.titles for told in erased.values())
    if titles:
        complain(
            f"The titles of {titles} meetings of other people name this person. They are those meetings' content: "
            "change them in ShareCRM or Outlook, and repeat this command after the next run."
        )
    say("What ShareCRM and Outlook still show of this person is read again when it changes; see docs/privacy.md.")


def _table(title: str, told: Mapping[str, Forgotten]) -> None:
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
        for key, e in told.items()
    ]
    show_table(title, columns, rows)
