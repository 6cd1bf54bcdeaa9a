"""`docs/configuration.md`, written from the models, so that it cannot be out of date."""

from __future__ import annotations

import json
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from calsync.config.model import TenantFile
from calsync.config.problems import block

REFERENCE_FILE = Path("docs/configuration.md")
"""Where the committed page is, below the repository."""

_HEAD = """# Configuration

Written by `python -m calsync docs` from the models in `plugins/calsync/config/`; change those, not this page.

One YAML file in `include/tenants/` is one tenant: one ShareCRM enterprise, one Microsoft tenant, and the rules between
them. The file's name without its ending is the tenant's **key** (1-63 small letters, digits, `-` or `_`); everything
stored is keyed by it, so it never changes. Files whose name begins with `_` or `.` are not read. `$CALSYNC_TENANTS`
names another folder.

`python -m calsync validate` checks the folder and tells every problem at once, as `file: field: what and what to do`.
Unknown keys are errors. Between files: names are unique, and an enterprise uses one Microsoft tenant. Editors that know
YAML language servers complete and check the file when it begins with
`# yaml-language-server: $schema=../schema/tenant.schema.json`.

Secrets are never in a tenant file: it names Airflow connections, and those hold them. Letters and digits in brackets,
such as (D5), are the numbers of the engine's rules.

The smallest file:

```yaml
{smallest}```
"""

_SMALLEST = """name: Sales calendar
installation: acme-production
enterprise: acme
microsoft_tenant: 00000000-0000-0000-0000-000000000000
time_zone: Europe/Berlin
connections:
  crm: acme_crm
  graph: acme_graph
"""

_TYPES = {str: "text", int: "whole number", float: "number", bool: "true or false", type(None): "null"}


def reference_text() -> str:
    """The page as it is committed."""
    return "\n".join([_HEAD.format(smallest=_SMALLEST), *_sections("", TenantFile)]) + "\n"


def _sections(name: str, model: type[BaseModel]) -> Iterator[str]:
    yield f"## `{name}`\n\n{(model.__doc__ or '').strip()}\n" if name else "## The file\n"
    yield "| setting | value | default | meaning |\n|---|---|---|---|"
    for key, field in model.model_fields.items():
        yield f"| `{key}` | {_value(key, field)} | {_default(field)} | {field.description} |"
    yield ""
    for key, field in model.model_fields.items():
        inner = block(field.annotation)
        if inner is not None:
            yield from _sections(f"{name}.{key}".lstrip("."), inner)


def _value(key: str, field: FieldInfo) -> str:
    return f"[block](#{key})" if block(field.annotation) else _type(field.annotation) + _bounds(field)


def _type(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(inner[0])
    if origin is Literal:
        return ", ".join(f"`{choice}`" for choice in inner)
    if origin in (Union, types.UnionType):
        return " or ".join(_type(part) for part in inner)
    if origin is tuple:
        return f"list of: {_type(inner[0])}"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"{_type(inner[0])} -> {_type(inner[1])}"
    return _TYPES[annotation]


def _bounds(field: FieldInfo) -> str:
    said = {name: getattr(part, name) for part in field.metadata for name in ("ge", "le") if hasattr(part, name)}
    if len(said) == 2:
        return f", {said['ge']} to {said['le']}"
    return f", at least {said['ge']}" if said else ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    if field.default is PydanticUndefined or field.default in (None, (), ""):
        return ""
    return (
        f"`{json.dumps(field.default)}`".replace('"', "")
        if not isinstance(field.default, str)
        else f"`{field.default}`"
    )
