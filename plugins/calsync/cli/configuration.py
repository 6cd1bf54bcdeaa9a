"""`validate`, `schema`, `docs`: tenant files checked, and what is written from their models."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Annotated

import typer

from calsync.cli.show import complain, say
from calsync.errors import ConfigError

_Check = Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 when the committed file is out of date.")]


def validate(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Tenant files; the whole folder of tenants when none is given.")
    ] = None,
) -> None:
    """Check tenant files and tell every problem, as `file: field: what and what to do`."""
    from calsync.config.load import load_folder, tenants_folder

    if files:
        fine, broken = _chosen(files)
    else:
        tenants, errors = load_folder(tenants_folder())
        fine, broken = len(tenants), list(errors.values())
    for error in broken:
        for line in error.problems:
            complain(line)
    if broken:
        say(f"{_files(fine)} fine, {_files(len(broken))} with problems.")
        raise typer.Exit(1)
    say(f"{_files(fine)} checked, no problem found.")


def _chosen(files: list[Path]) -> tuple[int, list[ConfigError]]:
    """How many of these files are fine, and the errors of the others; rules between files look at whole folders."""
    from calsync.config.load import load_folder, load_tenant, tenant_files

    folders: dict[Path, list[Path]] = defaultdict(list)
    for file in files:
        folders[file.parent].append(file)
    fine, broken = 0, list[ConfigError]()
    for folder, chosen in folders.items():
        errors = load_folder(folder)[1]
        known = {path.name for path in tenant_files(folder)}
        for file in chosen:
            try:
                if file.name not in known:
                    load_tenant(file)
                elif file.stem in errors:
                    raise errors[file.stem]
                fine += 1
            except ConfigError as error:
                broken.append(error)
    return fine, broken


def _files(count: int) -> str:
    return f"{count} tenant file" + ("" if count == 1 else "s")


def schema(check: _Check = False) -> None:
    """Write the JSON Schema of tenant files, which editors complete and check with."""
    from calsync.config.schema import SCHEMA_FILE, schema_text

    _write(SCHEMA_FILE, schema_text(), check)


def docs(check: _Check = False) -> None:
    """Write the configuration reference from the models."""
    from calsync.config.reference import REFERENCE_FILE, reference_text

    _write(REFERENCE_FILE, reference_text(), check)


def _write(file: Path, text: str, check: bool) -> None:
    from calsync.config.load import REPOSITORY

    path = REPOSITORY / file
    current = path.is_file() and path.read_text(encoding="utf-8") == text
    if check and not current:
        complain(f"{file} is out of date: write it anew without --check and commit it")
        raise typer.Exit(1)
    if not current:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    say(f"{file} is {'up to date' if current else 'written'}.")
