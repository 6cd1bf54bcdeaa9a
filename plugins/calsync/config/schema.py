"""The JSON Schema of a tenant file, for editors: `include/schema/tenant.schema.json`."""

from __future__ import annotations

import json
from pathlib import Path

from calsync.config.model import TenantFile

SCHEMA_FILE = Path("include/schema/tenant.schema.json")
"""Where the committed schema is, below the repository."""


def schema_text() -> str:
    """The schema (JSON Schema 2020-12) as it is committed."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **TenantFile.model_json_schema(mode="validation"),
        "title": "calsync tenant",
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
