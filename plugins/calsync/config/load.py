"""Tenant files read and checked: all errors of a file at once, and the rules between files.

A task process reads its own file only (`load_one`); the DAG processor and `validate` read the folder (`load_folder`).
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from calsync.config.model import Tenant
from calsync.config.problems import problem, problems
from calsync.config.yaml_text import YamlProblem, read_mapping
from calsync.errors import ConfigError

TENANTS_VARIABLE = "CALSYNC_TENANTS"
ENDINGS = (".yaml", ".yml")
_KEY_IN_FILE = "is not written in the file: the file's name is the tenant's key; remove this line"
REPOSITORY = Path(__file__).resolve().parents[3]


def tenants_folder() -> Path:
    """Where the tenant files are: `$CALSYNC_TENANTS`, else `include/tenants` beside the plugins folder."""
    chosen = os.environ.get(TENANTS_VARIABLE)
    return Path(chosen) if chosen else REPOSITORY / "include" / "tenants"


def tenant_files(folder: Path) -> list[Path]:
    """The tenant files of `folder`, by name. Files that begin with "." or "_" are no tenants."""
    return sorted(path for path in folder.iterdir() if path.suffix in ENDINGS and not path.name.startswith((".", "_")))


def load_tenant(path: Path) -> Tenant:
    """The tenant that the file `path` describes.

    :raises ConfigError: with every problem of the file, as `file: field: what and what to do`.
    """
    try:
        said = read_mapping(path)
    except YamlProblem as error:
        raise ConfigError([problem(path.name, "", str(error))]) from None
    unwanted = [problem(path.name, "key", _KEY_IN_FILE)] if "key" in said else []
    try:
        tenant = Tenant.model_validate({**said, "key": path.stem})
    except ValidationError as error:
        raise ConfigError(unwanted + problems(path.name, error)) from None
    if unwanted:
        raise ConfigError(unwanted)
    return tenant


def load_one(folder: Path, key: str) -> Tenant:
    """The tenant `key`, from its own file alone: what a task process does. Rules between files are not looked at.

    :raises ConfigError: when there is no such file, there are two, or it has problems.
    """
    found = [path for ending in ENDINGS if (path := folder / f"{key}{ending}").is_file()]
    if not found:
        raise ConfigError(
            [f"{key}: there is no tenant of this key: add {key}.yaml to {folder.name}/, or correct the key"]
        )
    if len(found) > 1:
        raise ConfigError(_twice(found))
    return load_tenant(found[0])


def load_folder(folder: Path) -> tuple[list[Tenant], dict[str, ConfigError]]:
    """Every tenant of `folder`, sorted by key, and by key what is wrong with the others.

    A tenant that breaks a rule between files is among the errors, as is every other file concerned: which of them is
    right is for a person to say.

    :raises ConfigError: when there is no such folder.
    """
    if not folder.is_dir():
        raise ConfigError([f"{folder.name}: there is no such folder: make it, or set {TENANTS_VARIABLE}"])
    tenants: dict[str, Tenant] = {}
    broken: dict[str, list[str]] = defaultdict(list)
    files = _by_key(tenant_files(folder))
    for key, paths in files.items():
        if len(paths) > 1:
            broken[key] += _twice(paths)
            continue
        try:
            tenants[key] = load_tenant(paths[0])
        except ConfigError as error:
            broken[key] += error.problems
    names = {key: paths[0].name for key, paths in files.items()}
    for key, field, sentence in _between_files(tenants.values(), names):
        broken[key].append(problem(names[key], field, sentence))
    return [tenants[key] for key in tenants if key not in broken], {
        key: ConfigError(broken[key]) for key in sorted(broken)
    }


def clashes(folder: Path, tenant: Tenant) -> dict[str, str]:
    """What is wrong between this tenant, in a file or not yet, and the files of other keys: a sentence for a field."""
    files = {path.stem: path for path in tenant_files(folder) if path.stem != tenant.key} if folder.is_dir() else {}
    others = []
    for path in files.values():
        with suppress(ConfigError):  # a file that cannot be used stands in nobody's way
            others.append(load_tenant(path))
    names = {key: path.name for key, path in files.items()}
    found = _between_files([*others, tenant], {**names, tenant.key: ""})
    return {field: sentence for key, field, sentence in found if key == tenant.key}


def _by_key(paths: Iterable[Path]) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        found[path.stem].append(path)
    return dict(sorted(found.items()))


def _twice(paths: list[Path]) -> list[str]:
    names = " and ".join(path.name for path in paths)
    return [problem(path.name, "", f"{names} have the same key '{path.stem}': rename or remove one") for path in paths]


def _between_files(tenants: Iterable[Tenant], names: dict[str, str]) -> Iterable[tuple[str, str, str]]:
    """(key, field, sentence) for every tenant that breaks a rule together with another."""
    tenants = list(tenants)
    for tenant, others in _clashes(tenants, lambda one: one.name.casefold(), lambda _: None):
        sentence = f"'{tenant.name}' is also the name in {_list(others, names)}: names are unique, change one"
        yield tenant.key, "name", sentence
    for tenant, others in _clashes(tenants, lambda one: one.enterprise, lambda one: one.microsoft_tenant):
        sentence = (
            f"enterprise '{tenant.enterprise}' has another Microsoft tenant in {_list(others, names)}: "
            "an enterprise uses one, correct the wrong file"
        )
        yield tenant.key, "microsoft_tenant", sentence


def _clashes(
    tenants: list[Tenant], same: Callable[[Tenant], Hashable], but: Callable[[Tenant], Hashable]
) -> Iterable[tuple[Tenant, list[Tenant]]]:
    """Every tenant that has others of equal `same`, with those; where `but` is told, only those that differ in it."""
    groups: dict[Hashable, list[Tenant]] = defaultdict(list)
    for tenant in tenants:
        groups[same(tenant)].append(tenant)
    for tenant in tenants:
        group = groups[same(tenant)]
        others = [
            other for other in group if other is not tenant and (but(tenant) is None or but(other) != but(tenant))
        ]
        if others:
            yield tenant, others


def _list(others: list[Tenant], names: dict[str, str]) -> str:
    shown = ", ".join(names[other.key] for other in others[:3])
    return shown if len(others) <= 3 else f"{shown} and {len(others) - 3} more"
